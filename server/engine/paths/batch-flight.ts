/**
 * BatchFlight carries a batch from its locks to its answers: hold in Redis, decide in Postgres, settle everywhere.
 * Redis can shrink a batch but never decides it; when Redis does not answer, the flight goes on without it.
 */
import type { CircuitBreaker } from "../guards/circuit-breaker.ts";
import type { LoadShed } from "../guards/load-shed.ts";
import type { Clock } from "../kernel/clock.ts";
import { Histogram, SIZE_BOUNDS, TIME_BOUNDS_MS } from "../kernel/histogram.ts";
import type { TraceRecorder } from "../kernel/trace-recorder.ts";
import { targetOf } from "../kernel/states.ts";
import type { DishRow } from "../kernel/types.ts";
import type { FeedEntry, TransactionChange } from "../feed/live-feed.ts";
import type { HoldOwner, SettleRequest, SharedCells, TakeGrant, TakeRequest } from "../tiers/cas/shared-cells.ts";
import type { StockGate } from "../tiers/cas/stock-gate.ts";
import type { BatchOutcome, BatchRunner } from "../tiers/tcc/batch-runner.ts";
import { BATCH_OPERATIONS_MAX, BATCHES_IN_FLIGHT_MAX, type Flight } from "../tiers/lock/dish-locks.ts";
import type { Operation } from "./operation.ts";

/**
 * How long a hold lives when nobody settles it. Longer than a batch can take to commit after its take: at start-up it is
 * checked against the ledger's lock and statement timeouts. A process that dies gives its holds back after this.
 */
export const HOLD_MS = 3_000;

/**
 * Callers answered in one turn of the event loop. What a caller does when it hears costs more than the answer itself; a whole
 * batch at once keeps the loop busy for ten milliseconds, and the other batch's answer from the ledger waits outside. In turns,
 * who was answered first leaves with the next batch while the others still hear. A turn is about a millisecond.
 */
const ANSWERS_PER_TURN = 32;

/**
 * Portions that must be left, beyond what a batch wants, for it to leave without a hold. Holds keep instances out of each other's
 * way when stock is short; where none can be short, they are a round trip for nothing. Eight instances with two batches of 256
 * in flight and a portion an operation cannot take more; whoever does (large quantities) is refused by the ledger, as always.
 */
export const PLENTY = 8 * BATCHES_IN_FLIGHT_MAX * BATCH_OPERATIONS_MAX;

export interface FlightCounters {
  batches: number;
  batched: number;
  takes: number;
  short: number;
  expiredHolds: number;
  redisFailures: number;
}

export interface FlightPorts {
  clock: Clock;
  instance: string;
  gate: StockGate;
  cells: SharedCells;
  cellsBreaker: CircuitBreaker;
  runner: BatchRunner;
  recorder: TraceRecorder;
  shed: LoadShed;
  /** Tells the live feed and this instance's listeners. */
  publish(entry: FeedEntry): void;
}

export class BatchFlight {
  readonly counters: FlightCounters = { batches: 0, batched: 0, takes: 0, short: 0, expiredHolds: 0, redisFailures: 0 };
  /** As in `EngineHistograms`. */
  readonly histograms = {
    batchOperations: new Histogram(SIZE_BOUNDS),
    lockWaitMs: { move: new Histogram(TIME_BOUNDS_MS), try: new Histogram(TIME_BOUNDS_MS) },
    stageMs: {
      accessMs: new Histogram(TIME_BOUNDS_MS),
      casMs: new Histogram(TIME_BOUNDS_MS),
      lockMs: new Histogram(TIME_BOUNDS_MS),
      redisMs: new Histogram(TIME_BOUNDS_MS),
      ledgerMs: new Histogram(TIME_BOUNDS_MS),
    },
    tryMs: new Histogram(TIME_BOUNDS_MS),
  };
  private readonly failedTakes = new Set<number>();

  constructor(private readonly ports: FlightPorts) {}

  /** Answers every operation; never rejects. @param release gives the locks back, as soon as the batch is decided. */
  async run(operations: Operation[], flight: Flight, release: () => void): Promise<void> {
    const { clock, gate, runner, instance } = this.ports;
    const owner: HoldOwner = { instance, sequence: flight.number };
    const onTime = this.dropLate(operations);
    const leftLocksAtMs = clock.monotonicMs();
    let leastTryWaitMs = Number.POSITIVE_INFINITY;
    for (const { lane: kind, enteredAtMs } of operations) {
      this.histograms.lockWaitMs[kind].observe(leftLocksAtMs - enteredAtMs);
      if (kind === "try") leastTryWaitMs = Math.min(leastTryWaitMs, leftLocksAtMs - enteredAtMs);
    }
    if (leastTryWaitMs !== Number.POSITIVE_INFINITY) this.ports.shed.left(leastTryWaitMs);
    const held = this.scarce(wantsByStore(onTime));
    const flying = held.size === 0 ? onTime : await this.hold(onTime, owner, held);
    const heldAtMs = clock.monotonicMs();
    if (flying.length === 0) {
      this.settleHolds(owner, held, new Map());
      return;
    }
    this.counters.batches++;
    this.counters.batched += flying.length;
    this.histograms.batchOperations.observe(flying.length);
    for (const operation of flying) noteStages(operation, leftLocksAtMs, heldAtMs);

    const giveUpAtMs = Math.max(...flying.map(({ deadline }) => deadline.atMs));
    const outcome = await runner.run(`${instance}.${owner.sequence}`, flying, giveUpAtMs);

    const decidedAtMs = clock.monotonicMs();
    gate.settle([...outcome.dishes.values()], promisesOf(flying), outcome.askedAtMs);
    const lost = outcome.items.some((item) => item.kind === "failed" && item.failure === "unknown");
    // What may still commit keeps its hold until the hold ends by itself.
    if (lost) this.failedTakes.delete(owner.sequence);
    else this.settleHolds(owner, held, outcome.dishes);
    release();
    await this.turn(1);
    this.observeStages(flying, { redisMs: heldAtMs - leftLocksAtMs, ledgerMs: decidedAtMs - heldAtMs });
    const entry = feedEntryOf(instance, flying, outcome);
    if (entry) this.ports.publish(entry);
    for (const [position, operation] of flying.entries()) {
      if (position > 0 && position % ANSWERS_PER_TURN === 0) await this.turn(2);
      operation.answer(outcome.items[position] ?? { kind: "failed", failure: "unknown", cause: null });
    }
    if (this.ports.recorder.capturing) this.trace(flight, flying, { leftLocksAtMs, heldAtMs, decidedAtMs });
  }

  /**
   * Lets the next batch leave: in one turn of the loop the locks form it, in the next it is on its way. What was formed when the
   * locks were given back needs one.
   */
  private turn(turns: 1 | 2): Promise<void> {
    const { clock } = this.ports;
    return new Promise((resolve) => clock.soon(turns === 1 ? resolve : () => clock.soon(resolve)));
  }

  /** Two of the stages last as long for every Try of a batch. */
  private observeStages(flying: readonly Operation[], { redisMs, ledgerMs }: { redisMs: number; ledgerMs: number }): void {
    const { stageMs, tryMs } = this.histograms;
    let trys = 0;
    for (const { request } of flying) {
      if (request.kind !== "try") continue;
      const { stages } = request.try;
      trys++;
      stageMs.accessMs.observe(stages.accessMs);
      stageMs.casMs.observe(stages.casMs);
      stageMs.lockMs.observe(stages.lockMs);
      tryMs.observe(stages.accessMs + stages.casMs + stages.lockMs + redisMs + ledgerMs);
    }
    stageMs.redisMs.observe(redisMs, trys);
    stageMs.ledgerMs.observe(ledgerMs, trys);
  }

  private trace(flight: Flight, flying: readonly Operation[], at: { leftLocksAtMs: number; heldAtMs: number; decidedAtMs: number }): void {
    const { recorder, clock } = this.ports;
    const { lane, number, wokenBy } = flight;
    recorder.span("batch", "batch", lane, at.leftLocksAtMs, clock.monotonicMs(), {
      batch: number,
      operations: flying.length,
      waitMsMax: at.leftLocksAtMs - Math.min(...flying.map(({ enteredAtMs }) => enteredAtMs)),
      wokenBy: wokenBy?.from ?? null,
      dishes: [...flight.dishIds].slice(0, 50),
    });
    recorder.span("hold in Redis", "redis", lane, at.leftLocksAtMs, at.heldAtMs);
    recorder.span("decide in Postgres", "ledger", lane, at.heldAtMs, at.decidedAtMs);
    for (const { dishIds, enteredAtMs, lane: kind } of flying) {
      recorder.wait(`${kind} waits`, enteredAtMs, at.leftLocksAtMs, { dishes: dishIds, lane });
    }
  }

  private dropLate(operations: Operation[]): Operation[] {
    const nowMs = this.ports.clock.monotonicMs();
    return operations.filter((operation) => {
      if (operation.deadline.atMs > nowMs) return true;
      this.ports.gate.giveBack(operation.promised);
      operation.answer({ kind: "late" });
      return false;
    });
  }

  /** Takes holds in Redis, one call a store, for what is scarce. @returns the operations that go on; the others were answered `short`. */
  private async hold(operations: Operation[], owner: HoldOwner, wants: ReadonlyMap<string, TakeRequest[]>): Promise<Operation[]> {
    const grants = new Map<string, number>();
    await Promise.all(
      [...wants].map(async ([storeId, wanted]) => {
        const answers = await this.take(storeId, owner, wanted);
        answers?.forEach((grant, position) => {
          if (grant) grants.set((wanted[position] as TakeRequest).dishId, grant.granted);
        });
      }),
    );
    return operations.filter((operation) => this.fitsGrants(operation, grants));
  }

  /** What has to be held: the dishes of which memory does not have plenty. */
  private scarce(wants: Map<string, TakeRequest[]>): Map<string, TakeRequest[]> {
    for (const [storeId, wanted] of wants) {
      const scarce = wanted.filter((request) => {
        request.known = this.ports.gate.reading(request.dishId);
        return (request.known?.available ?? 0) - request.wanted < PLENTY;
      });
      if (scarce.length > 0) wants.set(storeId, scarce);
      else wants.delete(storeId);
    }
    return wants;
  }

  private async take(storeId: string, owner: HoldOwner, wanted: TakeRequest[]): Promise<(TakeGrant | null)[] | null> {
    const { cells, cellsBreaker } = this.ports;
    // The probe of an open circuit is a settle, which nobody waits for: a hung Redis must not hold up a batch to find out.
    if (cellsBreaker.state !== "closed") return null;
    this.counters.takes++;
    try {
      const { grants, expiredHolds } = await cellsBreaker.call(() => cells.take(storeId, owner, wanted, HOLD_MS));
      this.counters.expiredHolds += expiredHolds;
      return grants;
    } catch {
      this.counters.redisFailures++; // Redis may only say no: without it Postgres alone decides.
      this.failedTakes.add(owner.sequence);
      return null;
    }
  }

  /** Deducts an operation's lines from what was granted; in the order of the batch, so the first come are served. */
  private fitsGrants(operation: Operation, grants: Map<string, number>): boolean {
    if (operation.ignoresHolds) return true;
    const missing = operation.promised.find(({ dishId, quantity }) => (grants.get(dishId) ?? quantity) < quantity);
    if (missing) {
      this.counters.short++;
      this.ports.gate.giveBack(operation.promised);
      operation.answer({ kind: "short", dishId: missing.dishId, quantity: missing.quantity });
      return false;
    }
    for (const { dishId, quantity } of operation.promised) {
      const granted = grants.get(dishId);
      if (granted !== undefined) grants.set(dishId, granted - quantity);
    }
    return true;
  }

  /**
   * Ends the holds and hands on the readings that others may need to hold. Nobody waits for it: Redis keeps the order of what is
   * sent to it. While its circuit is not closed, every batch settles: that is what finds out that Redis is back.
   */
  private settleHolds(owner: HoldOwner, held: ReadonlyMap<string, TakeRequest[]>, rows: ReadonlyMap<string, DishRow>): void {
    const { cells, cellsBreaker } = this.ports;
    const holds = new Set<string>();
    for (const wanted of held.values()) for (const { dishId } of wanted) holds.add(dishId);
    const isProbe = cellsBreaker.state !== "closed";
    const byStore = new Map<string, SettleRequest[]>();
    const add = (storeId: string, request: SettleRequest): void => {
      const requests = byStore.get(storeId);
      if (requests) requests.push(request);
      else byStore.set(storeId, [request]);
    };
    for (const row of rows.values()) {
      if (row.available >= PLENTY && !holds.has(row.dishId) && !isProbe) continue;
      add(row.storeId, { dishId: row.dishId, reading: { available: row.available, version: row.version } });
    }
    for (const [storeId, wanted] of held) {
      for (const { dishId } of wanted) if (!rows.has(dishId)) add(storeId, { dishId, reading: null });
    }
    // A batch fails once: when its take did, the circuit does not count its settle too. An answer counts as ever.
    const hasFailed = this.failedTakes.delete(owner.sequence) && cellsBreaker.state === "closed";
    for (const [storeId, requests] of byStore) {
      if (!cellsBreaker.allows()) return;
      const settle = (): Promise<void> => cells.settle(storeId, owner, requests);
      const settled = hasFailed ? settle().then(() => cellsBreaker.call(async () => {})) : cellsBreaker.call(settle);
      settled.catch(() => {
        this.counters.redisFailures++;
      });
    }
  }
}

function wantsByStore(operations: readonly Operation[]): Map<string, TakeRequest[]> {
  const stores = new Map<string, Map<string, TakeRequest>>();
  for (const { request, ignoresHolds } of operations) {
    if (request.kind !== "try" || ignoresHolds) continue;
    let dishes = stores.get(request.try.storeId);
    if (!dishes) stores.set(request.try.storeId, (dishes = new Map()));
    for (const { dishId, quantity } of request.try.lines) {
      const wanted = dishes.get(dishId);
      if (wanted) wanted.wanted += quantity;
      else dishes.set(dishId, { dishId, wanted: quantity, known: null });
    }
  }
  return new Map([...stores].map(([storeId, dishes]) => [storeId, [...dishes.values()]]));
}

function promisesOf(operations: readonly Operation[]): Map<string, number> {
  const promises = new Map<string, number>();
  for (const { promised } of operations) {
    for (const { dishId, quantity } of promised) promises.set(dishId, (promises.get(dishId) ?? 0) + quantity);
  }
  return promises;
}

function noteStages(operation: Operation, leftLocksAtMs: number, heldAtMs: number): void {
  if (operation.request.kind !== "try") return;
  operation.request.try.stages.lockMs = leftLocksAtMs - operation.enteredAtMs;
  operation.request.try.stages.redisMs = heldAtMs - leftLocksAtMs;
}

/** What a batch changed; null when it changed nothing. */
function feedEntryOf(instance: string, operations: readonly Operation[], outcome: BatchOutcome): FeedEntry | null {
  const transactions: TransactionChange[] = [];
  const changed = new Set<string>();
  let atMs = 0;
  operations.forEach(({ request, dishIds }, position) => {
    const item = outcome.items[position];
    if (!item || item.kind === "failed") return;
    atMs = Math.max(atMs, item.atMs);
    if (request.kind === "try" && item.kind === "try" && item.verdict === "ACCEPTED") {
      const state = request.try.branches?.length ? "TRYING" : "RESERVED";
      transactions.push({ txId: request.try.txId, storeId: request.try.storeId, state });
    } else if (request.kind === "move" && item.kind === "move" && (item.verdict === "MOVED" || item.verdict === "DECIDED" || item.verdict === "FENCED")) {
      const storeId = outcome.dishes.get(dishIds[0] ?? "")?.storeId ?? "";
      transactions.push({ txId: request.move.txId, storeId, state: targetOf(request.move.to, item.verdict === "DECIDED" ? 1 : 0) });
    } else if (!(item.kind === "change" && item.verdict.verdict === "APPLIED")) {
      return;
    }
    for (const dishId of dishIds) changed.add(dishId);
  });
  if (atMs === 0 || (transactions.length === 0 && changed.size === 0)) return null;
  const dishes = [...changed].flatMap((dishId) => outcome.dishes.get(dishId) ?? []);
  return { instance, atMs, dishes, transactions };
}
