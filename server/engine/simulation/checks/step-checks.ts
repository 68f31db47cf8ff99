/**
 * What must be true at every step, seen at the ports: at every batch that is sent, at every commit, at every message of Redis.
 * It throws nothing and stops nothing: what it finds is kept, with the time.
 */
import type { Clock } from "../../kernel/clock.ts";
import type { Engine } from "../../engine.ts";
import type { HoldOwner, TakeAnswer, TakeRequest } from "../../tiers/cas/shared-cells.ts";
import type { Due, LedgerBatch, LedgerBatchResult, SettledTransaction } from "../../tiers/tcc/ledger.ts";
import type { Commit, Supply } from "../history.ts";
import type { SimulatedRedis } from "../simulated-redis.ts";
import type { Watcher } from "../watcher.ts";
import { Books } from "./books.ts";

/**
 * Longest time from a take to a commit of its batch: 800 ms of a request, in which it may be sent again, and 1 000 ms of the last
 * call. A hold must live at least that long.
 */
const TAKE_TO_COMMIT_MS_MAX = 1_800;

interface Held {
  storeId: string;
  dishIds: string[];
  atMs: number;
}

export class StepChecks implements Watcher {
  readonly wrong: string[] = [];
  readonly commits: Commit[] = [];
  readonly books: Books;
  private readonly engines = new Map<string, Engine>();
  private readonly inFlight = new Map<string, Map<LedgerBatch, string[]>>();
  private readonly memoryVersions = new Map<string, number>();
  private redisVersions = new Map<string, number>();
  private held = new Map<string, Held>();
  private readonly ended = new Set<string>();
  /** The latest batch of an instance that was settled, by side, instance and dish: a take of an earlier one gets no hold. */
  private readonly settledUpTo = new Map<string, number>();
  private readonly lastAskAtMs = new Map<string, number>();
  /** Who was told that a reservation is due, and when; until it sweeps. */
  private readonly sweepOwedSinceMs = new Map<string, number>();

  constructor(
    private readonly clock: Clock,
    private readonly redis: () => SimulatedRedis,
    supply: Supply,
  ) {
    this.books = new Books(supply);
  }

  started(instance: string, engine: Engine): void {
    this.engines.set(instance, engine);
    this.inFlight.set(instance, new Map());
  }

  died(instance: string): void {
    this.engines.delete(instance);
    this.inFlight.delete(instance);
  }

  sent(instance: string, batch: LedgerBatch): void {
    const flights = this.inFlight.get(instance);
    if (!flights) return;
    const keys = keysOf(batch);
    for (const others of flights.values()) {
      const shared = keys.find((key) => others.includes(key));
      if (shared) this.say(`${instance} has two batches in flight with ${shared}`);
    }
    flights.set(batch, keys);
    if (new Set(keys).size !== keys.length) this.say(`${instance} sent a batch that names a key twice`);
    const locked = new Set(batch.dishIds);
    for (const { txId, lines } of batch.trys) if (lines.some(({ dishId }) => !locked.has(dishId))) this.say(`${instance} tries ${txId} without the lock of its dishes`);
    let longestMs = Number.POSITIVE_INFINITY;
    for (const { txId, stages } of batch.trys) {
      // All of them left the queue at one moment, so who stands first has waited longest.
      if (stages.lockMs > longestMs) this.say(`${instance} lets ${txId} pass who came before`);
      longestMs = stages.lockMs;
    }
  }

  heard(instance: string, batch: LedgerBatch): void {
    this.inFlight.get(instance)?.delete(batch);
    this.lookAtMemory(instance, batch.dishIds);
  }

  committed(instance: string, batch: LedgerBatch, result: LedgerBatchResult): void {
    this.enter({ kind: "batch", atMs: this.clock.monotonicMs(), instance, batch, result });
    this.lookAtHold(batch, result);
  }

  reported(instance: string, transactions: readonly SettledTransaction[]): void {
    this.enter({ kind: "report", atMs: this.clock.monotonicMs(), instance, transactions });
  }

  private enter(commit: Commit): void {
    this.commits.push(commit);
    for (const what of this.books.enter(commit)) this.say(what);
  }

  asked(instance: string, due: Due | null): void {
    const nowMs = this.clock.monotonicMs();
    this.lastAskAtMs.set(instance, nowMs);
    if (due !== null && due.reservations !== null && due.reservations <= 0 && !this.sweepOwedSinceMs.has(instance)) this.sweepOwedSinceMs.set(instance, nowMs);
  }

  swept(instance: string): void {
    this.sweepOwedSinceMs.delete(instance);
  }

  /** Each instance asks what is due by itself, and sweeps what it hears is, whatever befell earlier ones. @returns who has not for so long. */
  idleSweepers(instances: readonly string[], askedMsMax: number, sweptMsMax: number): string[] {
    const nowMs = this.clock.monotonicMs();
    const silent = instances.filter((instance) => (this.lastAskAtMs.get(instance) ?? Number.NEGATIVE_INFINITY) < nowMs - askedMsMax);
    const idle = instances.filter((instance) => (this.sweepOwedSinceMs.get(instance) ?? nowMs) < nowMs - sweptMsMax);
    return [...silent.map((instance) => `${instance} has stopped asking what is due`), ...idle.map((instance) => `${instance} has stopped sweeping`)];
  }

  took(instance: string, storeId: string, owner: HoldOwner, requests: readonly TakeRequest[], { grants }: TakeAnswer): void {
    const name = holdName(owner);
    const side = this.redis().sideOf(instance)?.name;
    const isLate = (dishId: string): boolean => owner.sequence <= (this.settledUpTo.get(`${side} ${owner.instance} ${dishId}`) ?? -1);
    const dishIds = requests.filter(({ dishId }, position) => (grants[position]?.granted ?? 0) > 0 && !isLate(dishId)).map(({ dishId }) => dishId);
    if (dishIds.length > 0 && !this.held.has(name)) this.held.set(name, { storeId, dishIds, atMs: this.clock.monotonicMs() });
    this.lookAtRedis(instance, storeId, requests.map(({ dishId }) => dishId));
  }

  settled(instance: string, storeId: string, owner: HoldOwner, requests: readonly { dishId: string }[]): void {
    const dishIds = requests.map(({ dishId }) => dishId);
    const side = this.redis().sideOf(instance)?.name;
    for (const dishId of dishIds) {
      const key = `${side} ${owner.instance} ${dishId}`;
      this.ended.add(`${side} ${holdName(owner)} ${dishId}`);
      this.settledUpTo.set(key, Math.max(owner.sequence, this.settledUpTo.get(key) ?? -1));
    }
    this.held.delete(holdName(owner));
    this.lookAtRedis(instance, storeId, dishIds);
  }

  redisLost(): void {
    this.redisVersions = new Map();
    this.held = new Map();
    this.ended.clear();
    this.settledUpTo.clear();
  }

  say(what: string): void {
    this.wrong.push(`${this.clock.monotonicMs().toFixed(1)} ms: ${what}`);
  }

  /** Memory holds what Postgres said, and the newer reading wins. */
  private lookAtMemory(instance: string, dishIds: readonly string[]): void {
    const engine = this.engines.get(instance);
    if (!engine) return;
    for (const dishId of dishIds) {
      const reading = engine.reading(dishId);
      if (!reading) continue;
      const key = `${instance} ${dishId}`;
      const before = this.memoryVersions.get(key) ?? -1;
      if (reading.version < before) this.say(`the cell of ${dishId} at ${instance} went back from ${before} to ${reading.version}`);
      this.memoryVersions.set(key, reading.version);
    }
  }

  /** In Redis too the newer reading wins, and a settled hold stays settled. */
  private lookAtRedis(instance: string, storeId: string, dishIds: readonly string[]): void {
    const side = this.redis().sideOf(instance);
    if (!side) return;
    for (const dishId of dishIds) {
      const cell = side.cells.inspect(storeId, dishId);
      if (!cell) continue;
      const key = `${side.name} ${dishId}`;
      const before = this.redisVersions.get(key) ?? -1;
      if (cell.version < before) this.say(`the cell of ${dishId} in Redis went back from ${before} to ${cell.version}`);
      this.redisVersions.set(key, cell.version);
      for (const hold of cell.holds) if (this.ended.has(`${side.name} ${hold} ${dishId}`)) this.say(`hold ${hold} on ${dishId} was settled and is there again`);
    }
  }

  /** What a batch was granted in Redis is still its own when it commits. */
  private lookAtHold(batch: LedgerBatch, { trys }: LedgerBatchResult): void {
    const [instance = "", sequence = ""] = batch.batchId.split(".");
    const hold = this.held.get(`${instance}|${sequence}`);
    if (!hold || !trys.includes("ACCEPTED") || this.clock.monotonicMs() - hold.atMs > TAKE_TO_COMMIT_MS_MAX) return;
    const side = this.redis().sideOf(instance);
    const missing = side && hold.dishIds.find((dishId) => !side.cells.inspect(hold.storeId, dishId)?.holds.includes(`${instance}|${sequence}`));
    if (missing) this.say(`batch ${batch.batchId} commits after its hold on ${missing} has ended`);
  }
}

const holdName = ({ instance, sequence }: HoldOwner): string => `${instance}|${sequence}`;

function keysOf(batch: LedgerBatch): string[] {
  return [
    ...batch.dishIds.map((dishId) => `dish ${dishId}`),
    ...new Set(batch.trys.flatMap(({ couponId }) => (couponId === null ? [] : [`coupon ${couponId}`]))),
    ...batch.trys.flatMap(({ txId, orderId }) => [`transaction ${txId}`, `order ${orderId}`]),
    ...batch.moves.map(({ txId }) => `transaction ${txId}`),
    ...batch.changes.map(({ actionKey }) => `action ${actionKey}`),
  ];
}
