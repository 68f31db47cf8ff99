/**
 * One lunch rush, from the first look at the menu to the audit. It prints through `progress` and returns the figures;
 * the exit code is `main.ts`'s.
 */
import { seededRandom } from "../../server/engine/kernel/random.ts";
import type { RushOptions } from "./arguments.ts";
import { runAudit } from "./audit/audit.ts";
import { LedgerDatabase } from "./audit/sql.ts";
import { closedLoop, openLoop } from "./crowd.ts";
import { Day } from "./day.ts";
import { Kitchen } from "./kitchen.ts";
import { readMenu } from "./menu.ts";
import type { Progress } from "./progress.ts";
import { asRecord, Recorder, textOf } from "./recorder.ts";
import type { Rush } from "./report.ts";
import { NotAllowed, placeStuckOrders, type StuckFigures } from "./stuck/orders.ts";
import { FOLDER_DEFAULT, openParticipant, type StuckParticipant } from "./stuck/participant.ts";
import { Till } from "./till.ts";
import { type Answer, Wire } from "./wire.ts";
import { mixSeed, Workload } from "./workload.ts";

/** Nothing could be begun: the sentence says why. */
export class Unreachable extends Error {}

export interface RunningRush {
  /** Customers stop coming; those inside finish. */
  interrupt(reason: string): void;
  done: Promise<Rush>;
}

/** @param participantFolder where a participant of our own keeps its fence. */
export function startRush(options: RushOptions, progress: Progress, participantFolder = FOLDER_DEFAULT): RunningRush {
  const day = new Day(options.seconds);
  let interrupted: string | null = null;
  return {
    interrupt(reason) {
      interrupted ??= reason;
      day.close();
    },
    done: hold(options, progress, day, () => interrupted, participantFolder),
  };
}

async function hold(options: RushOptions, progress: Progress, day: Day, interrupted: () => string | null, participantFolder: string): Promise<Rush> {
  const seed = options.seed ?? Math.floor(Math.random() * 4_294_967_296);
  // Not from the seed: two rushes with one seed are two rushes.
  const run = `rush:${Date.now().toString(36)}${Math.floor(Math.random() * 1_296).toString(36).padStart(2, "0")}`;
  // A double click takes two connections, the kitchen its own.
  const wire = new Wire({ url: options.url, key: options.key, connections: options.customers * 2 + 32 });
  let participant: StuckParticipant | null = null;
  try {
    const recorder = new Recorder();
    const menu = await readMenu(wire, recorder);
    if (menu.kind === "failed") throw new Unreachable(whyUnreachable(options.url, menu.answer));
    const onSale = menu.dishes.filter((dish) => dish.onSale);
    if (onSale.length === 0) throw new Unreachable(`The menu of ${options.url} is empty: there is nothing to order.`);
    const database = await openDatabase(options.databaseUrl, progress);

    const workload = new Workload(seed, onSale);
    const kitchen = new Kitchen({ wire, recorder, day, random: seededRandom(mixSeed(seed, 3)), run, menu: workload.dishes });
    await kitchen.open(onSale);

    const till = new Till({ wire, recorder, day, random: seededRandom(mixSeed(seed, 4)) });
    const crowd = {
      context: { till, recorder, day, couponAt: (draw: number) => kitchen.couponAt(draw) },
      workload,
      customers: options.customers,
      txIdOf: (customer: number, index: number) => `${run}:${customer}:${index}`,
    };
    let stuck: StuckFigures | null = null;
    if (options.stuck > 0) {
      participant = await openParticipant(options.participantUrl, participantFolder).catch(asUnreachable);
      const random = seededRandom(mixSeed(seed, 5));
      stuck = await placeStuckOrders({ count: options.stuck, till, recorder, random, run, dishes: workload.dishes, participant }).catch(asUnreachable);
    }
    progress.show(`${run} · ${onSale.length} dishes · ${options.customers} customers · seed ${seed}`);
    day.start();
    recorder.pulse.open(performance.now());
    progress.watch(day, recorder);
    const openedAtMs = performance.now();
    const cooking = kitchen.cook();
    await (options.rate === null ? closedLoop(crowd) : openLoop(crowd, options.rate));
    const seconds = (performance.now() - openedAtMs) / 1000;
    await cooking;
    day.end();
    recorder.pulse.close(performance.now());
    progress.stop();

    const audit = await runAudit({ run, seed, recorder, wire, database, say: progress.say });
    progress.clear();
    const { url, customers, rate } = options;
    return { run, url, seed, customers, rate, seconds, interrupted: interrupted(), recorder, kitchen, stuck, audit };
  } finally {
    day.end();
    progress.stop();
    await participant?.close();
    await wire.close();
  }
}

/** No participant, or none that the server takes: nothing that was asked for can be begun. */
function asUnreachable(error: Error & { code?: string }): never {
  throw error instanceof NotAllowed || !error.code ? new Unreachable(error.message) : error;
}

async function openDatabase(url: string | null, progress: Progress): Promise<{ ledger: LedgerDatabase; since: Date } | null> {
  if (url === null) return null;
  const ledger = new LedgerDatabase(url);
  try {
    return { ledger, since: await ledger.now() };
  } catch (error) {
    progress.show(`The database cannot be reached (${(error as Error).message}): the audit will see only what the API shows.\n`);
    return null;
  }
}

function whyUnreachable(url: string, answer: Answer): string {
  if (answer.kind === "lost") return `Nothing answers at ${url} (${answer.detail}): is \`npm start\` running?`;
  const code = textOf(asRecord(answer.body).code);
  if (answer.status === 401) return `${url} does not know this API key.`;
  if (answer.status === 403) return `The API key may not read the menu of ${url}: it needs the scopes orders and stock.`;
  return `${url} does not show a menu: GET /api/v1/dishes was answered ${answer.status}${code ? ` ${code}` : ""}.`;
}
