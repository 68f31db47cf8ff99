/**
 * What a remote participant costs: the same clients call it themselves, with nothing around it, and reserve orders in which it
 * takes part. It is `npm run participant`, a process of its own with a durable fence; its speed is the ceiling of both.
 */
import { join } from "node:path";
import { Pool } from "undici";
import { PlayParticipant } from "../../e2e/participant.ts";
import { PROJECT_DIR } from "../../server/config.ts";
import { createEngine } from "../../server/engine/create-engine.ts";
import { ParticipantDirectory } from "../../server/engine/kernel/participant-directory.ts";
import { figuresOf } from "../compare/case.ts";
import { medianOf, times } from "../compare/tables.ts";
import { playShare } from "../compare/team.ts";
import type { Subject } from "../contenders/contender.ts";
import { EngineSubject } from "../contenders/engine.ts";
import type { Load, Order } from "../load/load.ts";
import type { Progress } from "../measure/progress.ts";
import type { Cell, Findings } from "../measure/report.ts";
import { type Contender, type Measured, spreadOf, takeTurns } from "../measure/rounds.ts";
import { audit } from "../stand/audit.ts";
import { openMenu } from "../stand/menu.ts";
import { openStand } from "../stand/stand.ts";

export interface RemoteScale {
  rounds: number;
  rampMs: number;
  windowMs: number;
  clients: number;
}

export const REMOTE_SCALE: RemoteScale = { rounds: 5, rampMs: 500, windowMs: 2_000, clients: 64 };

/** Of a transaction with a participant against a call of the participant alone. */
const SHARE_MIN = 0.7;

const LOAD: Load = { picking: "hot", dishes: 1, lines: 1, coupons: false, confirms: false };
const NAMES = { alone: "calling the participant", remote: "an order with the participant", local: "an order without one" } as const;

export async function runRemote(scale: RemoteScale, progress: Progress): Promise<Findings> {
  const stand = await openStand(join(PROJECT_DIR, ".cache"), (sentence) => progress.say(sentence));
  const participant = await PlayParticipant.choosePort();
  const closing: (() => Promise<unknown>)[] = [() => stand.close(), () => participant.end()];
  try {
    await participant.start();
    const place = { databaseUrl: await stand.createDatabase("bench_remote"), redisUrl: stand.redisUrl, pool: 0 };
    const menu = openMenu("postgres", place);
    closing.push(() => menu.close());
    const running = await createEngine({ ...place, directory: new ParticipantDirectory([], [participant.host]) });
    closing.push(() => running.close());
    const pool = new Pool(`http://${participant.host}`, { connections: scale.clients, pipelining: 1 });
    closing.push(() => pool.close());

    const branch = { participant: participant.host, ...participant.urls, body: null };
    const subjects: [string, Subject, boolean][] = [
      [NAMES.alone, callsOf(pool), false],
      [NAMES.remote, new EngineSubject(running, [branch]), true],
      [NAMES.local, new EngineSubject(running), true],
    ];
    let rounds = 0;
    const contenders = subjects.map(([name, subject, sells]): Contender => {
      const play = async (timing: { rampMs: number; windowMs: number }) => {
        const round = `p${rounds++}`;
        await menu.set(round, LOAD, 0);
        const played = await playShare(subject, { round, load: LOAD, demand: { clients: scale.clients }, timing, seed: 1, couponsMax: 0, batch: 1 }, 0);
        const books = sells ? audit(round, LOAD, played.tally, await menu.read(round, LOAD, 0)) : { violation: null, oversold: 0 };
        return { figures: figuresOf({ ...played, ...books }, null), violation: books.violation };
      };
      return { name, warmUp: () => play({ rampMs: 0, windowMs: scale.windowMs }), round: () => play(scale) };
    });
    return findingsOf(await takeTurns(contenders, scale.rounds, progress), scale, stand.durability);
  } finally {
    for (const close of closing.toReversed()) await close();
  }
}

/** A client that calls the participant's try and does nothing else. */
function callsOf(pool: Pool): Subject {
  return {
    async reserve({ orderId }: Order) {
      const query = new URLSearchParams({ gid: orderId, branch_id: "01", trans_type: "tcc", op: "try" });
      const { statusCode, body } = await pool.request({ path: `/try?${query}`, method: "POST", headers: { "content-type": "application/json" }, body: "null" });
      await body.dump();
      if (statusCode !== 200) throw new Error(`the participant answered ${statusCode}`);
      return "reserved";
    },
    confirm: () => Promise.reject(new Error("nothing is confirmed here")),
    close: async () => {},
  };
}

function findingsOf(measured: readonly Measured[], { clients }: RemoteScale, durability: string): Findings {
  const [remote, alone] = [medianOf(measured, NAMES.remote, "perSecond"), medianOf(measured, NAMES.alone, "perSecond")];
  const ratio = remote && alone ? remote / alone : null;
  return {
    tables: [
      {
        title: `One remote participant, one hot dish, ${clients} clients`,
        columns: [{ title: "what" }, { title: "a second", spread: true }, { title: "p50 ms", digits: 1 }, { title: "p99 ms", digits: 1, spread: true }, { title: "dropped" }, { title: "errors" }],
        rows: measured.map((each): Cell[] => {
          const sum = (figure: string): number => each.rounds.reduce((total, figures) => total + (figures[figure] ?? 0), 0);
          return [each.name, spreadOf(each, "perSecond"), spreadOf(each, "p50Ms"), spreadOf(each, "p99Ms"), sum("dropped"), sum("failed")];
        }),
        remarks: ["The participant writes every call down before it answers; it shares the two cores with its callers.", durability],
      },
      {
        title: "Target",
        columns: [{ title: "what" }, { title: "target" }, { title: "measured" }, { title: "" }],
        rows: ratio === null ? [] : [["an order with one remote participant against calling it", `≥ ${SHARE_MIN} ×`, `${times(ratio)} ×`, ratio >= SHARE_MIN ? "met" : "NOT MET"]],
        remarks: ["Ratio of medians within this run."],
      },
    ],
    violations: measured.flatMap(({ violations }) => violations),
  };
}
