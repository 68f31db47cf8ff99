/**
 * The Engine sells every portion once. It composes the three tiers and is the only public class of this folder:
 * plain data in, plain data out, so that it can live in a thread or a process of its own. It knows no framework.
 * README.md beside this file has the map and the invariants.
 */
import { CircuitBreaker } from "./guards/circuit-breaker.ts";
import { LoadShed } from "./guards/load-shed.ts";
import { Refusals } from "./guards/refusals.ts";
import type { FeedEntry, LiveFeed } from "./feed/live-feed.ts";
import { Heart } from "./feed/heart.ts";
import type { InstanceView } from "./feed/instances.ts";
import type { Clock } from "./kernel/clock.ts";
import { Deadline } from "./kernel/deadline.ts";
import { DeadlineWatch } from "./kernel/deadline-watch.ts";
import { EngineError } from "./kernel/errors.ts";
import { snapshots } from "./kernel/histogram.ts";
import type { FailpointListener } from "./kernel/failpoints.ts";
import type { Random } from "./kernel/random.ts";
import { TraceRecorder, type CaptureOptions, type Trace } from "./kernel/trace-recorder.ts";
import type {
  CallContext,
  DishRow,
  EngineHistograms,
  EngineStats,
  MoveAnswer,
  StockChangeRequest,
  TransactionRecord,
  TryAnswer,
  TryRequest,
} from "./kernel/types.ts";
import { BatchFlight } from "./paths/batch-flight.ts";
import { CARE_TIMEOUT_MS, CellCare } from "./paths/cell-care.ts";
import { BASKETS_MAX, EngineCore, unavailable } from "./paths/engine-core.ts";
import { HandPath } from "./paths/hand-path.ts";
import { MovePath } from "./paths/move-path.ts";
import type { Operation } from "./paths/operation.ts";
import { mismatch, StockPath } from "./paths/stock-path.ts";
import { RemotePath } from "./paths/remote-path.ts";
import { TryPath } from "./paths/try-path.ts";
import { BranchRecovery } from "./recovery/branch-recovery.ts";
import { ExpirySweep } from "./recovery/expiry-sweep.ts";
import type { SharedCellCare, SharedCells } from "./tiers/cas/shared-cells.ts";
import { CELLS_MAX, StockGate } from "./tiers/cas/stock-gate.ts";
import { ContentionProfile } from "./tiers/lock/contention-profile.ts";
import { DishLocks, type Flight, type WaitChain } from "./tiers/lock/dish-locks.ts";
import { BatchRunner } from "./tiers/tcc/batch-runner.ts";
import { NO_PARTICIPANTS, type ParticipantState, type Participants } from "./tiers/tcc/participants.ts";
import { isLedgerFailure, type Ledger, type NewCoupon, type NewDish } from "./tiers/tcc/ledger.ts";

/** Time an expiry may take inside the engine; the sweep comes again anyway. */
const EXPIRY_TIMEOUT_MS = 2_000;

/** Time for cancelling an interrupted Try; shorter than the lease on its branches. */
const ABANDON_TIMEOUT_MS = 2_000;

/** The trace of what nobody asked for. */
const NO_TRACE = "0".repeat(32);

/** What a caller that was turned away is told to wait: several turns of the shedder. */
const SHED_RETRY_MS = 1_000;

export interface EnginePorts {
  /** Distinct for every process and every start of it: it names holds, batches and feed entries. */
  instance: string;
  clock: Clock;
  random: Random;
  ledger: Ledger;
  cells: SharedCells;
  /** The same cells for people. Absent: they are not looked at, nor put right by hand. */
  cellCare?: SharedCellCare;
  feed: LiveFeed;
  /** Absent: nobody can take part. */
  participants?: Participants;
  /** For tests that stop the process between two writes. */
  failpoint?: FailpointListener;
  /** How much is kept in memory; the defaults are for production, a simulation of many engines wants less. */
  capacity?: { cells: number; baskets: number };
}

export interface EngineListener {
  entry(entry: FeedEntry): void;
  gap?(): void;
  ticket?(txId: string, ticketId: string): void;
}

export class Engine {
  private readonly clock: Clock;
  private readonly gate: StockGate;
  private readonly locks: DishLocks<Operation>;
  private readonly flight: BatchFlight;
  private readonly runner: BatchRunner;
  private readonly core: EngineCore;
  private readonly trys: TryPath;
  private readonly moves: MovePath;
  private readonly stock: StockPath;
  private readonly participants: Participants;
  private readonly remote: RemotePath;
  private readonly sweep: ExpirySweep;
  private readonly recovery: BranchRecovery;
  /** Who makes whom wait, in this instance. */
  readonly profile: ContentionProfile;
  /** One dish's cells side by side, for people. */
  readonly cells: CellCare;
  /** What people do with one transaction. */
  readonly hand: HandPath;
  private readonly recorder: TraceRecorder;
  private readonly shed: LoadShed;
  private readonly cellsBreaker: CircuitBreaker;
  private readonly ledgerBreaker: CircuitBreaker;
  private readonly listeners = new Set<EngineListener>();
  private readonly heart: Heart;
  private unsubscribe: () => void = () => {};
  private readonly refusals = new Refusals();
  private shedCount = 0;
  private gaps = 0;
  private stopping = false;

  constructor(private readonly ports: EnginePorts) {
    const { clock, random, ledger, cells, instance } = ports;
    this.clock = clock;
    const capacity = ports.capacity ?? { cells: CELLS_MAX, baskets: BASKETS_MAX };
    this.gate = new StockGate(clock, capacity.cells);
    this.profile = new ContentionProfile(clock);
    this.recorder = new TraceRecorder(clock, instance);
    this.shed = new LoadShed(clock);
    this.cellsBreaker = new CircuitBreaker(clock);
    // A conflict or a poisoned request is an answer: the ledger is well. Only its absence counts.
    this.ledgerBreaker = new CircuitBreaker(clock, (error) => !isLedgerFailure(error) || error.kind === "unavailable" || error.kind === "unknown");
    this.runner = new BatchRunner(ledger, clock, random, this.ledgerBreaker);
    this.flight = new BatchFlight({
      clock,
      instance,
      gate: this.gate,
      cells,
      cellsBreaker: this.cellsBreaker,
      runner: this.runner,
      recorder: this.recorder,
      shed: this.shed,
      publish: (entry) => this.publish(entry),
    });
    this.locks = new DishLocks(
      clock,
      (batch, flight, release) => this.flight.run(batch, flight, release),
      (batch, cause) => {
        for (const operation of batch) operation.answer({ kind: "failed", failure: "unknown", cause });
      },
      this.profile,
    );
    this.core = new EngineCore(clock, new DeadlineWatch(clock), this.gate, this.locks, ledger, this.ledgerBreaker, capacity.baskets);
    const failpoint = ports.failpoint ?? (() => {});
    this.participants = ports.participants ?? NO_PARTICIPANTS;
    this.remote = new RemotePath({
      core: this.core,
      ledger,
      participants: this.participants,
      random,
      failpoint,
      ended: (change) => this.publish({ instance, atMs: clock.nowMs(), dishes: [], transactions: [change] }),
      due: (inMs) => this.recovery.expect(inMs),
      opened: (txId, ticketId) => {
        for (const listener of this.listeners) listener.ticket?.(txId, ticketId);
      },
    });
    this.moves = new MovePath(this.core, this.remote);
    this.hand = new HandPath({ core: this.core, ledger, moves: this.moves, remote: this.remote, checkOpen: () => this.checkOpen(), hastened: () => this.recovery.expect(0) });
    this.trys = new TryPath(this.core, this.remote, (txId, deadline) => this.moves.run("cancel", txId, deadline, NO_TRACE, "FAILED"));
    this.stock = new StockPath(this.core);
    this.heart = new Heart({
      clock,
      feed: ports.feed,
      instance,
      profile: this.profile,
      locks: this.locks,
      stats: () => this.stats(),
      participants: () => this.participantStates(),
      batchSizes: () => this.flight.histograms.batchOperations.snapshot(),
    });
    const readDish = (dishId: string) => this.guarded(async () => (await ledger.readDishes([dishId]))[0] ?? null, { timeoutMs: CARE_TIMEOUT_MS, traceId: instance });
    this.cells = new CellCare({ clock, instance, gate: this.gate, shared: ports.cellCare, sharedBreaker: this.cellsBreaker, readDish, publish: (entry) => this.publish(entry) });
    this.sweep = new ExpirySweep({
      clock,
      findExpired: (limit) => ledger.findExpired(limit),
      expire: (record, deadline) => this.expire(record, deadline),
      deadline: () => Deadline.after(clock, EXPIRY_TIMEOUT_MS),
      times: this.core.expiries,
    });
    this.recovery = new BranchRecovery({
      clock,
      claim: (limit) => this.core.ask(() => ledger.claimBranches(limit)),
      call: (branch) => this.remote.call(branch),
      abandon: ({ txId, traceId }) => this.moves.run("cancel", txId, Deadline.after(clock, ABANDON_TIMEOUT_MS), traceId, "FAILED"),
      failpoint,
    });
  }

  /** Follows the live feed and begins to sweep. Call once. */
  start(): void {
    this.unsubscribe = this.ports.feed.subscribe({
      entry: (entry) => {
        for (const row of entry.dishes) this.gate.learn(row, null);
        if (entry.reload) void this.cells.hear(entry.reload);
        for (const listener of this.listeners) listener.entry(entry);
      },
      heartbeat: (heartbeat) => this.heart.hear(heartbeat),
      gap: () => {
        this.gaps++;
        this.gate.distrust();
        for (const listener of this.listeners) listener.gap?.();
      },
    });
    this.sweep.start();
    this.recovery.start();
    this.heart.beat();
  }

  /** Takes in nothing new, finishes what is under way. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.heart.stop();
    await this.sweep.stop();
    await this.recovery.stop();
    await this.remote.idle();
    await this.locks.idle();
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
    this.core.looks.arrived();
    try {
      this.checkOpen();
      if (this.shed.overloaded(this.locks.waiting)) {
        this.shedCount++;
        throw new EngineError("OVERLOADED", "Orders have to wait too long already.", { tier: "lock", txId: request.txId, retryAfterMs: SHED_RETRY_MS });
      }
      return await this.trys.run(request, call);
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
    return this.moves.run("confirm", txId, this.core.deadlineOf(call), call.traceId);
  }

  /** Gives back what was reserved. An unknown txId is fenced: a Try of it that comes later is refused. */
  async cancel(txId: string, call: CallContext): Promise<MoveAnswer> {
    this.checkOpen();
    return this.moves.run("cancel", txId, this.core.deadlineOf(call), call.traceId, "REQUESTED");
  }

  /** Takes a confirmed sale back: portions and coupon are free again. */
  async reverse(txId: string, call: CallContext): Promise<MoveAnswer> {
    this.checkOpen();
    return this.moves.run("reverse", txId, this.core.deadlineOf(call), call.traceId);
  }

  /**
   * Restocks, writes off, pauses or resumes a dish.
   * @returns The dish after the change; after a repetition with the same action key, the dish as it was then.
   * @throws EngineError UNKNOWN_DISH, INSUFFICIENT_STOCK, IDEMPOTENCY_MISMATCH.
   */
  async change(request: StockChangeRequest, call: CallContext): Promise<DishRow> {
    this.checkOpen();
    return this.stock.change(request, this.core.deadlineOf(call));
  }

  /** @throws EngineError DISH_EXISTS, IDEMPOTENCY_MISMATCH. */
  async createDish(dish: NewDish, call: CallContext): Promise<DishRow> {
    this.checkOpen();
    const askedAtMs = this.clock.monotonicMs();
    const outcome = await this.guarded(() => this.ports.ledger.createDish(dish), call);
    if (!("dish" in outcome)) {
      if (outcome.verdict === "MISMATCH") throw mismatch(dish.actionKey);
      throw new EngineError("DISH_EXISTS", `There is a dish ${dish.dishId} already.`);
    }
    this.gate.learn(outcome.dish, askedAtMs);
    if (outcome.verdict === "CREATED") {
      this.publish({ instance: this.ports.instance, atMs: this.clock.nowMs(), dishes: [outcome.dish], transactions: [] });
    }
    return outcome.dish;
  }

  /** @throws EngineError COUPON_EXISTS, IDEMPOTENCY_MISMATCH. */
  async createCoupon(coupon: NewCoupon, call: CallContext): Promise<void> {
    this.checkOpen();
    const { verdict } = await this.guarded(() => this.ports.ledger.createCoupon(coupon), call);
    if (verdict === "EXISTS") throw new EngineError("COUPON_EXISTS", `There is a coupon ${coupon.couponId} already.`);
    if (verdict === "MISMATCH") throw mismatch(coupon.actionKey);
  }

  /** Takes in rows that somebody read anyway, as hearsay: a dish that has a cell needs no read before its first order. */
  hear(rows: readonly DishRow[]): void {
    for (const row of rows) this.gate.learn(row, null);
  }

  /** One bounded pass over the reservations whose time is up. @returns how many ended. */
  sweepOnce(): Promise<number> {
    return this.sweep.sweepOnce();
  }

  /** One bounded pass over the branches that are due; resolves when those it claimed were called. @returns how many. */
  async recoverOnce(): Promise<number> {
    const before = this.recovery.claimed;
    await this.recovery.pass();
    await this.recovery.idle();
    await this.remote.idle();
    return this.recovery.claimed - before;
  }

  /** The undone branches of these transactions become due now; the next pass of any instance calls them. @returns how many. */
  async retryNow(txIds: readonly string[], call: CallContext): Promise<number> {
    this.checkOpen();
    const hastened = await this.guarded(() => this.ports.ledger.hastenBranches(txIds), call);
    if (hastened > 0) this.recovery.expect(0);
    return hastened;
  }

  /** Every participant that this instance has called. */
  participantStates(): ParticipantState[] {
    return this.participants.states();
  }

  /**
   * Tells of every settled change, this instance's and the others'. A listener must not throw.
   * `gap`: changes may have been missed, read anew what you show. `ticket`: this instance opened a review ticket.
   * @returns how to stop listening.
   */
  onEntry(listener: EngineListener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  stats(): EngineStats {
    const { trys, moves, flight, runner } = this;
    return {
      refusals: this.refusals.snapshot(),
      cas: {
        admitted: trys.counters.admitted,
        refused: trys.counters.refused,
        parked: trys.counters.parked,
        casRetries: this.gate.cells.retriesTotal,
        cellReads: this.core.looks.dishReads,
      },
      lock: {
        batches: flight.counters.batches,
        batched: flight.counters.batched,
        timedOut: this.core.timedOut,
        shed: this.shedCount,
        waiting: this.locks.waiting,
        inFlight: this.locks.inFlight,
      },
      redis: {
        takes: flight.counters.takes,
        short: flight.counters.short,
        failures: flight.counters.redisFailures,
        expiredHolds: flight.counters.expiredHolds,
        circuit: this.cellsBreaker.state,
      },
      tcc: {
        reserved: trys.counters.reserved,
        replayed: trys.counters.replayed,
        refused: trys.counters.guardRefused,
        ...moves.counters,
        ...runner.counters,
        calls: structuredClone(this.remote.counters.calls),
        tickets: this.remote.counters.tickets,
        recovered: this.recovery.claimed,
        circuit: this.ledgerBreaker.state,
      },
      feed: { dropped: this.ports.feed.dropped, gaps: this.gaps },
    };
  }

  histograms(): EngineHistograms {
    const { batchOperations, lockWaitMs, stageMs } = this.flight.histograms;
    return { batchOperations: batchOperations.snapshot(), lockWaitMs: snapshots(lockWaitMs), stageMs: snapshots(stageMs) };
  }

  /** Batches, waits and holds of the next `seconds`, for Perfetto. */
  captureTrace(seconds: number, options?: CaptureOptions): Promise<Trace> {
    return this.recorder.capture(seconds, options);
  }

  /** The longest queues now: who holds, who waits. */
  waitChains(limit: number): WaitChain[] {
    return this.locks.waitChains(limit);
  }

  /** Batches that hold their dishes suspiciously long. */
  suspects(): Flight[] {
    return this.locks.suspects();
  }

  /** Every instance on this stock, this one too, with what each says of itself; the silent ones marked. */
  instances(): InstanceView[] {
    return this.heart.instances();
  }

  /**
   * How closely contention is measured, in every instance: one wait in `every`, and each counts as many times.
   * The others hear of it at once, or within a heartbeat.
   */
  setSampling(every: number): void {
    this.heart.setSampling(every);
  }

  /** This one's name, as in `instances`. */
  get instance(): string {
    return this.ports.instance;
  }

  /** For audits: portions promised in memory. With nothing in flight it is 0. */
  admittedTotal(): number {
    return this.gate.admittedTotal();
  }

  private async expire(record: TransactionRecord, deadline: Deadline): Promise<MoveAnswer> {
    this.core.rememberBasket(record);
    return this.moves.run("expire", record.txId, deadline, NO_TRACE, "EXPIRED");
  }

  private publish(entry: FeedEntry): void {
    this.ports.feed.publish(entry);
    for (const listener of this.listeners) listener.entry(entry);
  }

  private async guarded<T>(action: () => Promise<T>, call: CallContext): Promise<T> {
    if (!this.ledgerBreaker.allows()) throw unavailable(null);
    const answer = this.ledgerBreaker.call(action).catch((error) => {
      throw isLedgerFailure(error) && error.kind === "unknown" ? lostOnTheWay(error) : unavailable(error);
    });
    return this.core.inTime(answer, this.core.deadlineOf(call), "the ledger answered");
  }

  private checkOpen(): void {
    if (this.stopping) throw new EngineError("UNAVAILABLE", "This instance is shutting down.", { tier: "access", retryAfterMs: 1_000 });
  }
}

function lostOnTheWay(cause: unknown): EngineError {
  return new EngineError("DEADLINE_EXCEEDED", "The ledger did not answer in time; ask again with the same key.", { cause });
}
