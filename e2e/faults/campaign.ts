/**
 * A campaign: traffic, one fault after the other, healing, and the checks. The same seed strikes in the same order; what the
 * traffic meets is the machine's.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom, pick } from "../../server/engine/kernel/random.ts";
import { checkAll, type CheckReport } from "./checks.ts";
import { allFaults, type Fault, type Met } from "./faults.ts";
import type { ClientHistory } from "./history.ts";
import { Stage } from "./stage.ts";
import { Traffic, type TrafficDish } from "./traffic.ts";

/** Few dishes, scarce and refilled, so that they sell out and come back all the time. */
const DISHES = 4;
const PORTIONS = 60;
const CUSTOMERS = 24;

/** After a fault traffic must flow again within this; the circuits probe twice a second, a killed server starts in seconds. */
const FLOWS_WITHIN_MS = 30_000;
const ORDERS_BETWEEN_FAULTS = 15;

export interface CampaignOptions {
  dir: string;
  cacheDir: string;
  seed: number;
  /** Strikes, or minutes: whichever is given. */
  count: number | null;
  minutes: number | null;
  /** Strikes between two checks of everything. */
  checkEvery: number;
  say(what: string): void;
}

export interface CampaignReport {
  seed: number;
  strikes: number;
  byFault: Record<string, number>;
  skipped: Record<string, string>;
  met: Met;
  checks: CheckReport[];
  history: ClientHistory;
  wrong: string[];
  seconds: number;
}

export async function runCampaign(options: CampaignOptions): Promise<CampaignReport> {
  const { seed, say } = options;
  const random = seededRandom(seed);
  const stage = await Stage.open(options);
  const startedAtMs = performance.now();
  try {
    const dishes = await supply(stage);
    const traffic = new Traffic({ stage, random: seededRandom(seed + 1), dishes, customers: CUSTOMERS });
    const report: CampaignReport = { seed, strikes: 0, byFault: {}, skipped: {}, met: {}, checks: [], history: traffic.history, wrong: [], seconds: 0 };
    const faults = allFaults().filter((fault) => {
      const reason = fault.unavailable?.(stage) ?? null;
      if (reason !== null) report.skipped[fault.name] = reason;
      return reason === null;
    });
    traffic.start();
    let restocks = 0;
    while (!isOver(options, report.strikes, startedAtMs) && report.wrong.length === 0) {
      await flows(traffic, report);
      if (report.wrong.length > 0) break;
      await restock(stage, dishes, ++restocks);
      const fault = nextFault(faults, report.strikes, random);
      say(`${report.strikes + 1}: ${fault.name}`);
      const met = await fault.strike({ stage, random, underWay: () => traffic.underWay });
      report.strikes++;
      report.byFault[fault.name] = (report.byFault[fault.name] ?? 0) + 1;
      for (const [window, times] of Object.entries(met)) report.met[window] = (report.met[window] ?? 0) + times;
      if (report.strikes % options.checkEvery === 0) await check(stage, traffic, dishes, report, say);
    }
    await check(stage, traffic, dishes, report, say);
    await traffic.stop();
    report.seconds = (performance.now() - startedAtMs) / 1_000;
    return report;
  } finally {
    await stage.close();
  }
}

/** Each kind once in its order, then by chance. */
function nextFault(faults: readonly Fault[], strikes: number, random: ReturnType<typeof seededRandom>): Fault {
  return faults[strikes] ?? pick(random, faults);
}

function isOver({ count, minutes }: CampaignOptions, strikes: number, startedAtMs: number): boolean {
  if (count !== null) return strikes >= count;
  return performance.now() - startedAtMs >= (minutes ?? 0) * 60_000;
}

/** Waits until orders are taken again. */
async function flows(traffic: Traffic, report: CampaignReport): Promise<void> {
  const from = traffic.accepted;
  const untilMs = performance.now() + FLOWS_WITHIN_MS;
  while (traffic.accepted < from + ORDERS_BETWEEN_FAULTS) {
    if (performance.now() > untilMs) {
      report.wrong.push(`${FLOWS_WITHIN_MS / 1_000} s after the last fault only ${traffic.accepted - from} orders have been taken`);
      return;
    }
    await sleep(50);
  }
}

async function check(stage: Stage, traffic: Traffic, dishes: readonly TrafficDish[], report: CampaignReport, say: (what: string) => void): Promise<void> {
  say("healed; waiting until everything has ended, then checking");
  await traffic.pauseAndDrain();
  const result = await checkAll(stage, traffic.history, dishes);
  report.checks.push(result);
  report.wrong.push(...result.wrong);
  traffic.goOn();
}

async function supply(stage: Stage): Promise<TrafficDish[]> {
  const dishes: TrafficDish[] = [];
  for (let i = 0; i < DISHES; i++) {
    const dish = { dishId: `fault-dish-${i}`, storeId: "fault-store" };
    await post(stage, "/api/v1/dishes", { ...dish, names: { en: dish.dishId, "zh-CN": dish.dishId }, priceCents: 100, supplied: PORTIONS }, `make-${i}`);
    dishes.push(dish);
  }
  return dishes;
}

/** New portions through the API, so that there is something to sell out again. Trouble with it is the fault's, not the restock's. */
async function restock(stage: Stage, dishes: readonly TrafficDish[], round: number): Promise<void> {
  for (const { dishId } of dishes) {
    await post(stage, `/api/v1/dishes/${dishId}/restock`, { quantity: 10, reason: "campaign" }, `restock-${dishId}-${round}`).catch(() => {});
  }
}

async function post(stage: Stage, path: string, body: unknown, key: string): Promise<void> {
  const answer = await fetch(`${stage.servers[0]?.url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${stage.key}`, "content-type": "application/json", "idempotency-key": key },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`);
}
