/**
 * The Engine sells every portion once. It composes the three tiers and is the only public class of this folder:
 * plain data in, plain data out, so that it can live in a thread or a process of its own. It knows no framework.
 * README.md beside this file has the map and the invariants.
 */
import { EngineParts, type EnginePorts } from "./engine-parts.ts";
import { statsOf } from "./engine-stats.ts";
import type { FeedEntry } from "./feed/live-feed.ts";
import type { Heartbeat, InstanceView } from "./feed/instances.ts";
import { Refusals } from "./guards/refusals.ts";
import type { Clock } from "./kernel/clock.ts";
import { EngineError } from "./kernel/errors.ts";
import { snapshots } from "./kernel/histogram.ts";
import type { CaptureOptions, Trace } from "./kernel/trace-recorder.ts";
import type { CallContext, DishRow, EngineHistograms, EngineStats, MoveAnswer, StockChangeRequest, TryAnswer, TryRequest } from "./kernel/types.ts";
import type { CellCare } from "./paths/cell-care.ts";
import type { HandPath } from "./paths/hand-path.ts";
import { mismatch } from "./paths/stock-path.ts";
import type { ContentionProfile } from "./tiers/lock/contention-profile.ts";
import type { Flight, WaitChain } from "./tiers/lock/dish-locks.ts";
import type { Due, NewCoupon, NewDish } from "./tiers/tcc/ledger.ts";
import type { ParticipantState } from "./tiers/tcc/participants.ts";

export type { EnginePorts } from "./engine-parts.ts";

/** What a caller that was turned away is told to wait: several turns of the shedder. */
const SHED_RETRY_MS = 1_000;

export interface EngineListener {
  entry(entry: FeedEntry): void;
  /** Another instance said how it fares. */
  heartbeat?(heartbeat: Heartbeat): void;
  gap?(): void;
  ticket?(txId: string, ticketId: string): void;
  due?(due: Due): void;
}

export class Engine {
  private readonly clock: Clock;
  private readonly parts: EngineParts;
  /** Who makes whom wait, in this instance. */
  readonly profile: ContentionProfile;
  /** One dish's cells side by side, for people. */
  readonly cells: CellCare;
  /** What people do with one transaction. */
  readonly hand: HandPath;
  private readonly listeners = new Set<EngineListener>();
  private unsubscribe: () => void = () => {};
  private readonly refusals = new Refusals();
  private shedCount = 0;
  private gaps = 0;
  private stopping = false;

  constructor(private readonly ports: EnginePorts) {
    this.clock = ports.clock;
    this.parts = new EngineParts(ports, {
      publish: (entry) => this.publish(entry),
      opened: (txId, ticketId) => {
        for (const listener of this.listeners) listener.ticket?.(txId, ticketId);
      },
      checkOpen: () => this.checkOpen(),
      stats: () => this.stats(),
      due: (due) => {
        for (const listener of this.listeners) listener.due?.(due);
      },
    });
    this.profile = this.parts.profile;
    this.cells = this.parts.cells;
    this.hand = this.parts.hand;
  }

  /** Follows the live feed and begins to sweep. Call once. */
  start(): void {
    this.unsubscribe = this.ports.feed.subscribe({
      entry: (entry) => {
        for (const row of entry.dishes) this.parts.gate.learn(row, null);
        if (entry.reload) void this.cells.hear(entry.reload);
        if (entry.nothingDue) return this.parts.dueWatch.heard();
        for (const listener of this.listeners) listener.entry(entry);
      },
      heartbeat: (heartbeat) => {
        this.parts.heart.hear(heartbeat);
        for (const listener of this.listeners) listener.heartbeat?.(heartbeat);
      },
      gap: () => {
        this.gaps++;
        this.parts.gate.distrust();
        for (const listener of this.listeners) listener.gap?.();
      },
    });
    this.parts.sweep.start();
    this.parts.recovery.start();
    this.parts.dueWatch.start();
    this.parts.heart.beat();
  }

  /** Takes in nothing new, finishes what is under way. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.parts.heart.stop();
    await this.parts.dueWatch.stop();
    await this.parts.sweep.stop();
    await this.parts.recovery.stop();
    await this.parts.remote.idle();
    await this.parts.locks.idle();
    this.unsubscribe();
  }

  /**
   * Freezes every line of a basket, or none.
   * @returns The reservation; the first answer again, with the state as it is now, when `txId` repeats.
   * @throws EngineError final: SOLD_OUT, DISH_PAUSED, UNKNOWN_DISH, WRONG_STORE, UNKNOWN_COUPON, COUPON_UNAVAILABLE,
   *   ORDER_CONFLICT, LATE_TRY, IDEMPOTENCY_MISMATCH, PARTICIPANT_REFUSED, PARTICIPANT_UNAVAILABLE (after the last two it is
   *   cancelled: another txId may be tried); retryable with the same txId: OVERLOADED, UNAVAILABLE, IN_PROGRESS, and
   *   DEADLINE_EXCEEDED, whose outcome is unknown.
   */
  async try(request: TryRequest, call: CallContext): Promise<TryAnswer> {
    this.parts.core.looks.arrived();
    try {
      this.checkOpen();
      if (this.parts.shed.overloaded(this.parts.locks.waiting)) {
        this.shedCount++;
        throw new EngineError("OVERLOADED", "Orders have to wait too long already.", { tier: "lock", txId: request.txId, retryAfterMs: SHED_RETRY_MS });
      }
      return await this.parts.trys.run(request, call);
    } catch (error) {
      this.refusals.count(error);
      throw error;
    }
  }

  /**
   * Sells what was reserved. An expired reservation is reserved again if the stock allows.
   * @throws EngineError UNKNOWN_TRANSACTION, ILLEGAL_STATE, REFUND_DUE (with `ticketId`); retryable as for `try`.
   */
  async confirm(txId: string, call: CallContext): Promise<MoveAnswer> {
    this.checkOpen();
    return this.parts.moves.run("confirm", txId, this.parts.core.deadlineOf(call), call.traceId);
  }

  /** Gives back what was reserved. An unknown txId is fenced: a Try of it that comes later is refused. */
  async cancel(txId: string, call: CallContext): Promise<MoveAnswer> {
    this.checkOpen();
    return this.parts.moves.run("cancel", txId, this.parts.core.deadlineOf(call), call.traceId, "REQUESTED");
  }

  /** Takes a confirmed sale back: portions and coupon are free again. */
  async reverse(txId: string, call: CallContext): Promise<MoveAnswer> {
    this.checkOpen();
    return this.parts.moves.run("reverse", txId, this.parts.core.deadlineOf(call), call.traceId);
  }

  /**
   * Restocks, writes off, pauses or resumes a dish.
   * @returns The dish after the change; after a repetition with the same action key, the dish as it was then.
   * @throws EngineError UNKNOWN_DISH, INSUFFICIENT_STOCK, IDEMPOTENCY_MISMATCH.
   */
  async change(request: StockChangeRequest, call: CallContext): Promise<DishRow> {
    this.checkOpen();
    return this.parts.stock.change(request, this.parts.core.deadlineOf(call));
  }

  /** @throws EngineError DISH_EXISTS, IDEMPOTENCY_MISMATCH. */
  async createDish(dish: NewDish, call: CallContext): Promise<DishRow> {
    this.checkOpen();
    const askedAtMs = this.clock.monotonicMs();
    const outcome = await this.parts.guarded(() => this.ports.ledger.createDish(dish), call);
    if (!("dish" in outcome)) {
      if (outcome.verdict === "MISMATCH") throw mismatch(dish.actionKey);
      throw new EngineError("DISH_EXISTS", `There is a dish ${dish.dishId} already.`);
    }
    this.parts.gate.learn(outcome.dish, askedAtMs);
    if (outcome.verdict === "CREATED") {
      this.publish({ instance: this.ports.instance, atMs: this.clock.nowMs(), dishes: [outcome.dish], transactions: [] });
    }
    return outcome.dish;
  }

  /** @throws EngineError COUPON_EXISTS, IDEMPOTENCY_MISMATCH. */
  async createCoupon(coupon: NewCoupon, call: CallContext): Promise<void> {
    this.checkOpen();
    const { verdict } = await this.parts.guarded(() => this.ports.ledger.createCoupon(coupon), call);
    if (verdict === "EXISTS") throw new EngineError("COUPON_EXISTS", `There is a coupon ${coupon.couponId} already.`);
    if (verdict === "MISMATCH") throw mismatch(coupon.actionKey);
  }

  /** Takes in rows that somebody read anyway, as hearsay: a dish that has a cell needs no read before its first order. */
  hear(rows: readonly DishRow[]): void {
    for (const row of rows) this.parts.gate.learn(row, null);
  }

  /** One bounded pass over the reservations whose time is up. @returns how many ended. */
  sweepOnce(): Promise<number> {
    return this.parts.sweep.sweepOnce();
  }

  /** One bounded pass over the branches that are due; resolves when those it claimed were called. @returns how many. */
  async recoverOnce(): Promise<number> {
    const before = this.parts.recovery.claimed;
    await this.parts.recovery.pass();
    await this.parts.recovery.idle();
    await this.parts.remote.idle();
    return this.parts.recovery.claimed - before;
  }

  /** The undone branches of these transactions become due now; the next pass of any instance calls them. @returns how many. */
  async retryNow(txIds: readonly string[], call: CallContext): Promise<number> {
    this.checkOpen();
    const hastened = await this.parts.guarded(() => this.ports.ledger.hastenBranches(txIds), call);
    if (hastened > 0) this.parts.recovery.expect(0);
    return hastened;
  }

  /** Every participant that this instance has called. */
  participantStates(): ParticipantState[] {
    return this.parts.participants.states();
  }

  /**
   * Tells of every settled change, this instance's and the others'. A listener must not throw.
   * `gap`: changes may have been missed, read anew what you show. `ticket`: this instance opened a review ticket.
   * `due`: what it found waiting in the ledger, payments, bulk work and tellings among it.
   * @returns how to stop listening.
   */
  onEntry(listener: EngineListener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Tells of work of one kind that was found waiting in the ledger: when the first is due. @returns how to stop listening. */
  onDue(kind: keyof Due, expect: (inMs: number) => void): () => void {
    return this.onEntry({
      entry: () => {},
      due: ({ [kind]: inMs }) => {
        if (inMs !== null) expect(inMs);
      },
    });
  }

  stats(): EngineStats {
    const { refusals, gaps } = this;
    return statsOf(this.parts, { refusals, shed: this.shedCount, gaps, dropped: this.ports.feed.dropped });
  }

  histograms(): EngineHistograms {
    const { batchOperations, lockWaitMs, stageMs, tryMs } = this.parts.flight.histograms;
    return { batchOperations: batchOperations.snapshot(), lockWaitMs: snapshots(lockWaitMs), stageMs: snapshots(stageMs), tryMs: tryMs.snapshot() };
  }

  /** Batches, waits and holds of the next `seconds`, for Perfetto. */
  captureTrace(seconds: number, options?: CaptureOptions): Promise<Trace> {
    return this.parts.recorder.capture(seconds, options);
  }

  /** The longest queues now: who holds, who waits. */
  waitChains(limit: number): WaitChain[] {
    return this.parts.locks.waitChains(limit);
  }

  /** Batches that hold their dishes suspiciously long. */
  suspects(): Flight[] {
    return this.parts.locks.suspects();
  }

  /** Every instance on this stock, this one too, with what each says of itself; the silent ones marked. */
  instances(): InstanceView[] {
    return this.parts.heart.instances();
  }

  /**
   * How closely contention is measured, in every instance: one wait in `every`, and each counts as many times.
   * The others hear of it at once, or within a heartbeat.
   */
  setSampling(every: number): void {
    this.parts.heart.setSampling(every);
  }

  /** This one's name, as in `instances`. */
  get instance(): string {
    return this.ports.instance;
  }

  /** For audits: what memory holds of a dish; null: nothing. */
  reading(dishId: string): { available: number; version: number } | null {
    return this.parts.gate.reading(dishId);
  }

  /** For audits: portions promised in memory. With nothing in flight it is 0. */
  admittedTotal(): number {
    return this.parts.gate.admittedTotal();
  }

  private publish(entry: FeedEntry): void {
    this.ports.feed.publish(entry);
    for (const listener of this.listeners) listener.entry(entry);
  }

  private checkOpen(): void {
    if (this.stopping) throw new EngineError("UNAVAILABLE", "This instance is shutting down.", { tier: "access", retryAfterMs: 1_000 });
  }
}
