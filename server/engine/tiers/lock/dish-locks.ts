/**
 * DishLocks is tier 2: it serialises work on one dish inside one process and turns those who wait into the next batch.
 * A dish, a coupon and an order is in at most one batch in flight, so the hotter a dish gets, the larger its batches.
 * It cannot exclude other processes: Redis cells and Postgres rows do that. It knows keys, not what they stand for.
 */
import type { Clock } from "../../kernel/clock.ts";
import type { ContentionProfile, Waiter } from "./contention-profile.ts";
import { type Handover, HOLD_SUSPECT_MS, LockLog } from "./lock-log.ts";

/**
 * Operations in one batch. Postgres' time per operation stops falling at about 256 (FACT: 21, 27, 27 thousand a second
 * at 64, 256, 1024), while every operation of a batch waits for its slowest.
 */
export const BATCH_OPERATIONS_MAX = 256;

/** Lines in one batch: bounds the rows of one commit when baskets are large. At least the 50 lines of one basket. */
export const BATCH_LINES_MAX = 1024;

/** Batches in flight. Two keep the database busy while the engine thinks; measured best on 2 cores. */
export const BATCHES_IN_FLIGHT_MAX = 2;

/**
 * Places of a batch that phase two (confirm, cancel, expiry) and stock changes may always take, however many Trys wait.
 * Finishing transactions frees portions, so they are never shed behind new ones.
 */
export const MOVES_SHARE = BATCH_OPERATIONS_MAX / 2;

/** Waiting operations looked at to form one batch: bounds the scan; four batches' worth finds enough that are free. */
const SCAN_MAX = 4 * BATCH_OPERATIONS_MAX;

/**
 * Once it has been passed over for this long, an operation blocks its keys for those behind it, so nothing starves.
 * About five batch times: shorter would let one hot dish serialise the whole store.
 */
export const PASSED_OVER_MS_MAX = 25;

/** Operations that may wait. At 20 000 a second a queue of 16 384 is one deadline long: more could only time out. */
export const WAITING_MAX = 16_384;

/** Waiters of a chain that are named: the head of the queue, where the next batch comes from. */
const QUEUE_SHOWN_MAX = 4;

export interface Lockable {
  /** "move" finishes or changes; "try" begins. */
  readonly lane: "move" | "try";
  /** Keys that many operations of one batch may share, but only one batch in flight at a time: dishes, coupons. */
  readonly sharedKeys: readonly string[];
  /** Keys of which a batch holds at most one: the transaction, its order. */
  readonly exclusiveKeys: readonly string[];
  /** Rows the operation touches; counts against BATCH_LINES_MAX. */
  readonly weight: number;
  /** For the contention profile. */
  readonly dishIds: readonly string[];
}

/** A batch in flight, as a person sees it. */
export interface Flight {
  /** Grows with every batch of this instance. */
  number: number;
  /** 1 … BATCHES_IN_FLIGHT_MAX. */
  lane: number;
  startedAtMs: number;
  operations: number;
  dishIds: ReadonlySet<string>;
  /** Who let it go: the batch that had held a dish of it; null when nothing of it had waited for another batch. */
  wokenBy: Handover | null;
}

/** Who holds a dish, and who stands behind it in order of arrival. */
export interface WaitChain {
  dishId: string;
  /** How long the batch in flight has held it; null: nobody holds it. */
  heldMs: number | null;
  lane: number | null;
  /** That batch, and how many operations are in it. */
  batch: number | null;
  operations: number | null;
  /** The head of the queue: each by its first exclusive key. */
  queue: { key: string; lane: "move" | "try"; waitedMs: number }[];
  waiting: number;
  longestWaitMs: number;
}

/** A place in the queue. */
export interface Waiting<Op> {
  readonly op: Op;
  /** Grows with every arrival. */
  readonly number: number;
  readonly sinceMs: number;
  /** It has left with a batch, or was withdrawn. */
  left: boolean;
}

export class DishLocks<Op extends Lockable> {
  private lanes: { move: Waiting<Op>[]; try: Waiting<Op>[] } = { move: [], try: [] };
  /** How many of the lanes have not left. A number, not a Map of them: that would hold on to those that have (kernel/flights.ts). */
  private waitingNow = 0;
  private arrivals = 0;
  /** Keys of the batches in flight. */
  private readonly held = new Set<string>();
  private readonly flights: (Flight | null)[] = new Array(BATCHES_IN_FLIGHT_MAX).fill(null);
  private batchesInFlight = 0;
  /** Batches whose callers are not all answered yet; they may have given their keys back. */
  private running = 0;
  private batches = 0;
  /** What a person should hear of. */
  readonly log: LockLog;
  private pumpScheduled = false;
  private idleWaiters: (() => void)[] = [];

  /**
   * @param run carries a batch through and answers every operation. It gives the keys back by `release` as soon as the batch
   *   is decided, so that the next one leaves before this one's callers are answered; at the latest when its promise settles.
   * @param run is told its number and its lane, 1 … BATCHES_IN_FLIGHT_MAX.
   * @param abandon answers the operations of a batch that crashed, so that nobody waits for it.
   */
  constructor(
    private readonly clock: Clock,
    private readonly run: (batch: Op[], flight: Flight, release: () => void) => Promise<void>,
    private readonly abandon: (batch: Op[], error: unknown) => void,
    private readonly profile: ContentionProfile,
  ) {
    this.log = new LockLog(clock);
  }

  get waiting(): number {
    return this.waitingNow;
  }

  get inFlight(): number {
    return this.batchesInFlight;
  }

  /** @returns its place; null when the queue is full: nothing was kept. Moves always find one: they are as many as the Trys before them. */
  enter(op: Op): Waiting<Op> | null {
    if (op.lane === "try" && this.waitingNow >= WAITING_MAX) return null;
    const waiting = { op, number: ++this.arrivals, sinceMs: this.clock.monotonicMs(), left: false };
    this.waitingNow++;
    this.lanes[op.lane].push(waiting);
    // Somebody whose keys are held changes nothing for the others: the end of that batch will look again.
    if (this.batchesInFlight < BATCHES_IN_FLIGHT_MAX && this.isFree(op)) this.schedulePump();
    return waiting;
  }

  /** Its time is up. @returns true when it was still waiting and now never runs; false when it has left with a batch. */
  withdraw(waiting: Waiting<Op>): boolean {
    if (waiting.left) return false;
    this.leaves(waiting);
    this.log.waited(waiting.op.dishIds, this.clock.monotonicMs() - waiting.sinceMs, true);
    return true;
  }

  private leaves(waiting: Waiting<Op>): void {
    waiting.left = true;
    this.waitingNow--;
  }

  /** Resolves when nothing waits, nothing is in flight and every caller is answered. */
  idle(): Promise<void> {
    if (this.waitingNow === 0 && this.running === 0) return Promise.resolve();
    return new Promise((resolve) => this.idleWaiters.push(resolve));
  }

  private schedulePump(): void {
    if (this.pumpScheduled) return;
    this.pumpScheduled = true;
    this.clock.soon(() => {
      this.pumpScheduled = false;
      this.pump();
    });
  }

  private pump(): void {
    while (this.batchesInFlight < BATCHES_IN_FLIGHT_MAX) {
      const batch = this.select();
      if (batch.length === 0) break;
      void this.fly(batch);
    }
    this.log.pumped();
    if (this.waitingNow === 0 && this.running === 0) {
      for (const resolve of this.idleWaiters.splice(0)) resolve();
    }
  }

  private async fly(leaving: Waiting<Op>[]): Promise<void> {
    const batch = leaving.map(({ op }) => op);
    const dishIds = new Set<string>();
    for (const op of batch) {
      for (const key of op.sharedKeys) this.held.add(key);
      for (const key of op.exclusiveKeys) this.held.add(key);
      for (const dishId of op.dishIds) dishIds.add(dishId);
    }
    const lane = this.flights.indexOf(null);
    const startedAtMs = this.clock.monotonicMs();
    const flight: Flight = { number: ++this.batches, lane: lane + 1, startedAtMs, operations: batch.length, dishIds, wokenBy: null };
    flight.wokenBy = this.log.left(flight, leaving);
    const released = this.log.held(flight);
    this.flights[lane] = flight;
    this.batchesInFlight++;
    this.running++;
    let isHeld = true;
    const release = () => {
      if (!isHeld) return;
      isHeld = false;
      this.profile.released(flight, this.waiters(), this.clock.monotonicMs());
      released();
      this.batchesInFlight--;
      this.flights[lane] = null;
      for (const op of batch) {
        for (const key of op.sharedKeys) this.held.delete(key);
        for (const key of op.exclusiveKeys) this.held.delete(key);
      }
      this.pump();
    };
    try {
      await this.run(batch, flight, release);
    } catch (error) {
      this.abandon(batch, error);
    } finally {
      this.running--;
      release();
      this.schedulePump();
    }
  }

  /** Batches in flight for longer than HOLD_SUSPECT_MS. */
  suspects(): Flight[] {
    const nowMs = this.clock.monotonicMs();
    return this.flights.filter((flight) => flight !== null && nowMs - flight.startedAtMs > HOLD_SUSPECT_MS) as Flight[];
  }

  /** The longest queues, longest first. */
  waitChains(limit: number): WaitChain[] {
    const nowMs = this.clock.monotonicMs();
    const queues = new Map<string, { waiting: number; sinceMs: number; head: Waiting<Op>[] }>();
    for (const place of [...this.queue()].sort((a, b) => a.number - b.number)) {
      for (const dishId of place.op.dishIds) {
        let queue = queues.get(dishId);
        if (!queue) queues.set(dishId, (queue = { waiting: 0, sinceMs: place.sinceMs, head: [] }));
        queue.waiting++;
        queue.sinceMs = Math.min(queue.sinceMs, place.sinceMs);
        if (queue.head.length < QUEUE_SHOWN_MAX) queue.head.push(place);
      }
    }
    const chains = [...queues].map(([dishId, { waiting, sinceMs, head }]) => {
      const holder = this.flights.find((flight) => flight?.dishIds.has(dishId)) ?? null;
      const queue = head.map(({ op, sinceMs: since }) => ({ key: op.exclusiveKeys[0] ?? "", lane: op.lane, waitedMs: nowMs - since }));
      return {
        dishId,
        heldMs: holder && nowMs - holder.startedAtMs,
        lane: holder?.lane ?? null,
        batch: holder?.number ?? null,
        operations: holder?.operations ?? null,
        queue,
        waiting,
        longestWaitMs: nowMs - sinceMs,
      };
    });
    return chains.sort((a, b) => b.waiting - a.waiting || b.longestWaitMs - a.longestWaitMs).slice(0, limit);
  }

  private *waiters(): Generator<Waiter> {
    for (const { op, sinceMs } of this.queue()) yield { dishIds: op.dishIds, sinceMs };
  }

  /** Who waits: each lane in order of arrival. */
  private *queue(): Generator<Waiting<Op>> {
    for (const lane of [this.lanes.move, this.lanes.try]) for (const waiting of lane) if (!waiting.left) yield waiting;
  }

  /**
   * The next batch: waiting operations in order of arrival whose keys are free. One that must stay behind may be
   * passed over, until it has waited long enough; then its keys are closed to those behind it.
   */
  private select(): Waiting<Op>[] {
    const selection = new Selection<Op>(this.held, this.clock.monotonicMs());
    // Each lane is promised its share; then what is left over goes to whoever waits.
    selection.take(this.lanes.move, MOVES_SHARE);
    selection.take(this.lanes.try, BATCH_OPERATIONS_MAX - Math.min(this.lanes.move.length, MOVES_SHARE));
    selection.take(this.lanes.move, BATCH_OPERATIONS_MAX);
    const nowMs = this.clock.monotonicMs();
    for (const waiting of selection.batch) {
      const { op, sinceMs } = waiting;
      this.profile.waited({ dishIds: op.dishIds, sinceMs }, nowMs);
      this.log.waited(op.dishIds, nowMs - sinceMs, false);
      this.leaves(waiting);
    }
    const stays = ({ left }: Waiting<Op>): boolean => !left;
    this.lanes = { move: this.lanes.move.filter(stays), try: this.lanes.try.filter(stays) };
    return selection.batch;
  }

  private isFree(op: Op): boolean {
    return !op.sharedKeys.some((key) => this.held.has(key)) && !op.exclusiveKeys.some((key) => this.held.has(key));
  }
}

/** One scan over the lanes. */
class Selection<Op extends Lockable> {
  readonly batch: Waiting<Op>[] = [];
  private readonly taken = new Set<Op>();
  private weight = 0;
  private readonly exclusive = new Set<string>();
  private readonly closed = new Set<string>();

  constructor(
    private readonly held: ReadonlySet<string>,
    private readonly nowMs: number,
  ) {}

  take(lane: readonly Waiting<Op>[], limit: number): void {
    let scanned = 0;
    const upTo = Math.min(this.batch.length + limit, BATCH_OPERATIONS_MAX);
    for (const waiting of lane) {
      if (this.batch.length >= upTo || ++scanned > SCAN_MAX) return;
      const { op } = waiting;
      if (waiting.left || this.taken.has(op)) continue;
      if (this.batch.length > 0 && this.weight + op.weight > BATCH_LINES_MAX) return;
      if (this.fits(op)) {
        this.batch.push(waiting);
        this.taken.add(op);
        this.weight += op.weight;
        for (const key of op.exclusiveKeys) this.exclusive.add(key);
      } else if (this.nowMs - waiting.sinceMs > PASSED_OVER_MS_MAX) {
        for (const key of op.sharedKeys) this.closed.add(key);
        for (const key of op.exclusiveKeys) this.closed.add(key);
      }
    }
  }

  private fits(op: Op): boolean {
    for (const key of op.sharedKeys) if (this.held.has(key) || this.closed.has(key)) return false;
    for (const key of op.exclusiveKeys) {
      if (this.held.has(key) || this.closed.has(key) || this.exclusive.has(key)) return false;
    }
    return true;
  }
}
