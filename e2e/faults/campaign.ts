/**
 * A campaign: traffic, one fault after the other, healing, and the checks. The same seed strikes in the same order; what the
 * traffic meets is the machine's.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pick, type Random, seededRandom } from "../../server/engine/kernel/random.ts";
import type { Supply } from "../../server/engine/simulation/history.ts";
import { type CheckReport, checkAll } from "./checks.ts";
import { Clients, type Phase } from "./clients.ts";
import { allFaults, type Fault } from "./faults.ts";
import { Stage } from "./stage.ts";
import { Traffic } from "./traffic.ts";

/** Few dishes, scarce and refilled, so that they sell out and come back all the time. */
const DISHES = 4;
const PORTIONS = 60;
const COUPONS = 6;
const STORE = "fault-store";
const CUSTOMERS = 24;

/** After a fault traffic must flow again within this; the circuits probe twice a second, a killed server starts in seconds. */
const FLOWS_WITHIN_MS = 30_000;
const ORDERS_BETWEEN_FAULTS = 15;

/** How often each fault met each phase: fault → phase → strikes. */
export type Coverage = Record<string, Partial<Record<Phase, number>>>;

export interface CampaignOptions {
  dir: string;
  cacheDir: string;
  seed: number;
  /** Strikes, or minutes: whichever is reached first of what is given. */
  count: number | null;
  minutes: number | null;
  /** Strikes between two checks of everything. */
  checkEvery: number;
  servers: number;
  ownDisk: boolean;
  /** All of them unless given. */
  faults?: readonly Fault[];
  /** Ends the campaign after the strike that is under way, with its checks. */
  signal?: AbortSignal;
  say(what: string): void;
}

export interface CampaignReport {
  seed: number;
  strikes: number;
  byFault: Record<string, number>;
  skipped: Record<string, string>;
  coverage: Coverage;
  /** How often each dangerous window was really met. */
  met: Record<string, number>;
  checks: CheckReport[];
  /** The last check of each campaign. */
  ended: CheckReport[];
  clients: Pick<Clients, "counts" | "answers">;
  /** Errors that the servers logged, and how often. */
  logged: Record<string, number>;
  wrong: string[];
  seconds: number;
}

export async function runCampaign(options: CampaignOptions): Promise<CampaignReport> {
  const stage = await Stage.open(options);
  try {
    return await new Campaign(stage, options).run();
  } finally {
    await stage.close();
  }
}

class Campaign {
  private readonly startedAtMs = performance.now();
  private readonly random: Random;
  private readonly clients: Clients;
  private readonly report: CampaignReport;
  private supply!: Supply;
  private traffic!: Traffic;
  /** Strikes when everything was checked last. */
  private checkedAfter: number | null = null;

  constructor(
    private readonly stage: Stage,
    private readonly options: CampaignOptions,
  ) {
    this.random = seededRandom(options.seed);
    this.clients = new Clients(() => stage.key);
    const { counts, answers } = this.clients;
    this.report = { seed: options.seed, strikes: 0, byFault: {}, skipped: {}, coverage: {}, met: {}, checks: [], ended: [], clients: { counts, answers }, logged: {}, wrong: [], seconds: 0 };
  }

  async run(): Promise<CampaignReport> {
    const { stage, options, report, clients } = this;
    this.supply = await stockUp(stage);
    const { supply } = this;
    const faults = this.possible(options.faults ?? allFaults());
    this.traffic = new Traffic({ clients, servers: stage.servers, participantUrl: stage.participant.url, random: seededRandom(options.seed + 1), supply, storeId: STORE, customers: CUSTOMERS });
    this.traffic.start();
    while (!this.isOver()) {
      await this.flows();
      if (report.wrong.length > 0) break;
      await this.strike(nextFault(faults, report.strikes, this.random));
      if (report.strikes % options.checkEvery === 0 && !this.isOver()) await this.check();
    }
    if (this.checkedAfter !== report.strikes) await this.check();
    report.ended = report.checks.slice(-1);
    await this.traffic.stop();
    report.logged = loggedBy(stage);
    if (report.wrong.length > 0) for (const { name, output } of stage.servers) writeFileSync(join(options.dir, `${name}.log`), output);
    report.seconds = (performance.now() - this.startedAtMs) / 1_000;
    return report;
  }

  private possible(faults: readonly Fault[]): Fault[] {
    return faults.filter((fault) => {
      const reason = fault.unavailable?.(this.stage) ?? null;
      if (reason !== null) this.report.skipped[fault.name] = reason;
      return reason === null;
    });
  }

  private isOver(): boolean {
    const { count, minutes, signal } = this.options;
    if (this.report.wrong.length > 0 || signal?.aborted) return true;
    return this.report.strikes >= (count ?? Number.POSITIVE_INFINITY) || performance.now() - this.startedAtMs >= (minutes ?? Number.POSITIVE_INFINITY) * 60_000;
  }

  private async strike(fault: Fault): Promise<void> {
    const { stage, random, report, clients, options } = this;
    options.say(`${report.strikes + 1}: ${fault.name}`);
    const hit = new Set<Phase>();
    await fault.strike({
      stage,
      random,
      hits: () => {
        for (const [phase, underWay] of clients.underWay) if (underWay > 0) hit.add(phase);
      },
      met: (window, times = 1) => {
        report.met[window] = (report.met[window] ?? 0) + times;
      },
      wrong: (sentence) => report.wrong.push(sentence),
    });
    report.strikes++;
    report.byFault[fault.name] = (report.byFault[fault.name] ?? 0) + 1;
    const phases = (report.coverage[fault.name] ??= {});
    for (const phase of hit) phases[phase] = (phases[phase] ?? 0) + 1;
  }

  /** Waits until orders are taken again. */
  private async flows(): Promise<void> {
    const { counts } = this.clients;
    const from = counts.accepted;
    const untilMs = performance.now() + FLOWS_WITHIN_MS;
    while (counts.accepted < from + ORDERS_BETWEEN_FAULTS) {
      if (performance.now() > untilMs) {
        this.report.wrong.push(`${FLOWS_WITHIN_MS / 1_000} s after the last fault only ${counts.accepted - from} orders have been taken`);
        return;
      }
      await sleep(50);
    }
  }

  private async check(): Promise<void> {
    const { stage, clients, supply, report, options, traffic } = this;
    options.say("healed; waiting until everything has ended, then checking");
    const healedAtMs = Date.now();
    await traffic.pauseAndDrain();
    const result = await checkAll(stage, clients, supply, healedAtMs);
    this.checkedAfter = report.strikes;
    report.checks.push(result);
    report.wrong.push(...result.wrong);
    traffic.goOn();
  }
}

/** Each kind once in its order, then by chance. */
function nextFault(faults: readonly Fault[], strikes: number, random: Random): Fault {
  return faults[strikes] ?? pick(random, faults);
}

async function stockUp(stage: Stage): Promise<Supply> {
  const dishes = Array.from({ length: DISHES }, (_, i) => ({ dishId: `fault-dish-${i}`, storeId: STORE, supplied: PORTIONS }));
  const couponIds = Array.from({ length: COUPONS }, (_, i) => `fault-coupon-${i}`);
  for (const dish of dishes) await make(stage, "/api/v1/dishes", { ...dish, names: { en: dish.dishId, "zh-CN": dish.dishId }, priceCents: 100 });
  for (const couponId of couponIds) await make(stage, "/api/v1/coupons", { couponId, amountCents: 50 });
  return { dishes, couponIds };
}

async function make(stage: Stage, path: string, body: unknown): Promise<void> {
  const answer = await fetch(`${stage.servers[0]?.url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${stage.key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`);
}

/** Pino's number for an error; warnings are what a fault is expected to cause. */
const ERROR_LEVEL = 50;

function loggedBy({ servers }: Stage): Record<string, number> {
  const logged: Record<string, number> = {};
  for (const line of servers.flatMap(({ output }) => output.split("\n"))) {
    if (!line.startsWith("{")) continue;
    try {
      const { level, msg, err } = JSON.parse(line) as { level: number; msg: string; err?: { message?: string } };
      if (level < ERROR_LEVEL) continue;
      const what = `${msg}: ${(err?.message ?? "").split("\n")[0]?.slice(0, 120)}`;
      logged[what] = (logged[what] ?? 0) + 1;
    } catch {} // a line that a kill cut short
  }
  return logged;
}
