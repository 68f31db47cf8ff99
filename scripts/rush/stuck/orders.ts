/**
 * `--stuck N`: before the customers come, N orders are reserved with a remote participant and paid, and the participant fails
 * every confirm. They stay in CONFIRMING while the rush goes on, and after it, for somebody to mend.
 */
import { pick, type Random } from "../../../server/engine/kernel/random.ts";
import type { History } from "../history.ts";
import type { Recorder } from "../recorder.ts";
import type { Till, TryPayload } from "../till.ts";
import type { MenuDish } from "../workload.ts";
import type { StuckParticipant } from "./participant.ts";

/** Below what a participant takes at a time, and enough for a thousand within a few seconds. */
const AT_A_TIME = 16;
/** A dish may be sold out: another one is tried. */
const DISHES_TRIED_MAX = 5;
/** They are paid within seconds; one that is not comes back soon after. */
const TTL_SECONDS = 60;

export interface StuckFigures {
  participant: string;
  /** The participant ended with the rush: the command that starts one in its place. Null: it goes on. */
  successor: string | null;
  asked: number;
  /** Answered 202: decided, and not done. */
  left: number;
  /** Why others were not, by code. */
  otherwise: Record<string, number>;
}

export interface StuckOrdersParts {
  count: number;
  till: Till;
  recorder: Recorder;
  random: Random;
  run: string;
  dishes: readonly MenuDish[];
  participant: StuckParticipant;
}

/** The server takes no participants, or not this one. */
export class NotAllowed extends Error {}

/** @throws NotAllowed when the first order already shows that none will do. */
export async function placeStuckOrders({ count, till, recorder, random, run, dishes, participant }: StuckOrdersParts): Promise<StuckFigures> {
  const figures: StuckFigures = { participant: participant.url, successor: participant.successor, asked: count, left: 0, otherwise: {} };
  const reserved: History[] = [];
  const note = (code: string) => (figures.otherwise[code] = (figures.otherwise[code] ?? 0) + 1);
  const urls = { tryUrl: `${participant.url}/try`, confirmUrl: `${participant.url}/confirm`, cancelUrl: `${participant.url}/cancel` };

  async function reserve(number: number): Promise<void> {
    for (let asked = 1; ; asked++) {
      const { dishId, storeId } = pick(random, dishes);
      const txId = `${run}:stuck:${number}${asked === 1 ? "" : `:${asked}`}`;
      const payload: TryPayload = { txId, storeId, lines: [{ dishId, quantity: 1 }], ttlSeconds: TTL_SECONDS, participants: [{ ...urls, body: { amount: 1 } }] };
      const history = recorder.begin({ txId, storeId, orderId: txId, couponId: null, lines: payload.lines, ttlSeconds: TTL_SECONDS });
      history.stuck = true;
      const { status, code } = await till.try(history, payload);
      if (status === 200 || status === 201) {
        reserved.push(history);
        return;
      }
      if (number === 1 && code === "VALIDATION") throw new NotAllowed(notAllowed(participant.url));
      if ((code !== "SOLD_OUT" && code !== "DISH_PAUSED") || asked === DISHES_TRIED_MAX) {
        note(code ?? String(status));
        return;
      }
    }
  }

  await participant.failConfirms("none");
  await reserve(1);
  await inParallel(Array.from({ length: count - 1 }, (_, at) => () => reserve(at + 2)));
  // Only now: a participant that has failed three confirms is left alone, and would get no more Trys.
  await participant.failConfirms("503");
  await inParallel(
    reserved.map((history) => async () => {
      const { status, code } = await till.move(history, "confirm");
      if (status === 202) figures.left += 1;
      else note(code ?? `confirmed at once (${status})`);
    }),
  );
  return figures;
}

/** What to say when they are asked for in vain. */
function notAllowed(url: string): string {
  return `The server takes no participant at ${new URL(url).host}: start it with PARTICIPANT_HOSTS=${new URL(url).host}.`;
}

export function stuckInWords({ participant, successor, asked, left, otherwise }: StuckFigures, url: string): string[] {
  const reasons = Object.entries(otherwise).map(([code, count]) => `${count} ${code}`);
  const lines = [`Stuck             ${left} of ${asked} wait in CONFIRMING: their participant fails every confirm${reasons.length > 0 ? ` (others: ${reasons.join(", ")})` : ""}`];
  if (left === 0) return lines;
  const mend = successor ?? `curl -X PUT ${participant}/mode -d '{"fail":"none"}'`;
  if (successor) lines.push(`                  ${participant} ended with this rush: another one takes its place, and its fence.`);
  lines.push(`  mend it     ${mend}`);
  lines.push(`  then        they confirm by themselves, or at once by "retry now" at ${url}/transactions?state=CONFIRMING`);
  return lines;
}

async function inParallel(tasks: readonly (() => Promise<void>)[]): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: AT_A_TIME }, async () => {
      while (next < tasks.length) await tasks[next++]!();
    }),
  );
}
