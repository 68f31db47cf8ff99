/**
 * EngineParts puts the engine together: every tier, path, guard and loop, each told of those it needs. It decides nothing and has
 * no verbs: `engine.ts` has them.
 */
import { CircuitBreaker } from "./guards/circuit-breaker.ts";
import { LoadShed } from "./guards/load-shed.ts";
import type { FeedEntry, LiveFeed } from "./feed/live-feed.ts";
import { Heart } from "./feed/heart.ts";
import type { Clock } from "./kernel/clock.ts";
import { Deadline } from "./kernel/deadline.ts";
import { DeadlineWatch } from "./kernel/deadline-watch.ts";
import { EngineError } from "./kernel/errors.ts";
import type { FailpointListener } from "./kernel/failpoints.ts";
import type { Random } from "./kernel/random.ts";
import { TraceRecorder } from "./kernel/trace-recorder.ts";
import type { CallContext, EngineStats, MoveAnswer, TransactionRecord } from "./kernel/types.ts";
import { BatchFlight } from "./paths/batch-flight.ts";
import { CARE_TIMEOUT_MS, CellCare } from "./paths/cell-care.ts";
import { BASKETS_MAX, EngineCore, unavailable } from "./paths/engine-core.ts";
import { HandPath } from "./paths/hand-path.ts";
import { MovePath } from "./paths/move-path.ts";
import type { Operation } from "./paths/operation.ts";
import { StockPath } from "./paths/stock-path.ts";
import { RemotePath } from "./paths/remote-path.ts";
import { TryPath } from "./paths/try-path.ts";
import { BranchRecovery } from "./recovery/branch-recovery.ts";
import { DueWatch } from "./recovery/due-watch.ts";
import { ExpirySweep } from "./recovery/expiry-sweep.ts";
import type { SharedCellCare, SharedCells } from "./tiers/cas/shared-cells.ts";
import { CELLS_MAX, StockGate } from "./tiers/cas/stock-gate.ts";
import { ContentionProfile } from "./tiers/lock/contention-profile.ts";
import { DishLocks } from "./tiers/lock/dish-locks.ts";
import { BatchRunner } from "./tiers/tcc/batch-runner.ts";
import { NO_PARTICIPANTS, type Participants } from "./tiers/tcc/participants.ts";
import { isLedgerFailure, type Due, type Ledger } from "./tiers/tcc/ledger.ts";

/** Time an expiry may take inside the engine; the sweep comes again anyway. */
const EXPIRY_TIMEOUT_MS = 2_000;

/** Time for cancelling an interrupted Try; shorter than the lease on its branches. */
const ABANDON_TIMEOUT_MS = 2_000;

/** The trace of what nobody asked for. */
const NO_TRACE = "0".repeat(32);

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

/** What the parts need of the engine itself. */
export interface EngineHooks {
  /** Tells the live feed and this instance's listeners. */
  publish(entry: FeedEntry): void;
  /** A review ticket was opened by this instance. */
  opened(txId: string, ticketId: string): void;
  /** @throws EngineError UNAVAILABLE when it takes nothing new in. */
  checkOpen(): void;
  stats(): EngineStats;
  /** What was found due in the ledger, for those outside the engine who work on it. */
  due(due: Due): void;
}

export class EngineParts {
  readonly gate: StockGate;
  readonly locks: DishLocks<Operation>;
  readonly flight: BatchFlight;
  readonly runner: BatchRunner;
  readonly core: EngineCore;
  readonly trys: TryPath;
  readonly moves: MovePath;
  readonly stock: StockPath;
  readonly participants: Participants;
  readonly remote: RemotePath;
  readonly sweep: ExpirySweep;
  readonly recovery: BranchRecovery;
  readonly dueWatch: DueWatch;
  readonly profile: ContentionProfile;
  readonly cells: CellCare;
  readonly hand: HandPath;
  readonly recorder: TraceRecorder;
  readonly shed: LoadShed;
  readonly cellsBreaker: CircuitBreaker;
  readonly ledgerBreaker: CircuitBreaker;
  readonly heart: Heart;

  constructor(ports: EnginePorts, hooks: EngineHooks) {
    const { clock, random, ledger, cells, instance } = ports;
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
      publish: hooks.publish,
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
      ended: (change) => hooks.publish({ instance, atMs: clock.nowMs(), dishes: [], transactions: [change] }),
      due: (inMs) => this.recovery.expect(inMs),
      opened: hooks.opened,
    });
    this.moves = new MovePath(this.core, this.remote);
    this.hand = new HandPath({ core: this.core, ledger, moves: this.moves, remote: this.remote, checkOpen: hooks.checkOpen, hastened: () => this.recovery.expect(0) });
    this.trys = new TryPath(this.core, this.remote, (txId, deadline) => this.moves.run("cancel", txId, deadline, NO_TRACE, "FAILED"));
    this.stock = new StockPath(this.core);
    this.heart = new Heart({
      clock,
      feed: ports.feed,
      instance,
      profile: this.profile,
      locks: this.locks,
      stats: hooks.stats,
      participants: () => this.participants.states(),
      batchSizes: () => this.flight.histograms.batchOperations.snapshot(),
    });
    const readDish = (dishId: string) => this.guarded(async () => (await ledger.readDishes([dishId]))[0] ?? null, { timeoutMs: CARE_TIMEOUT_MS, traceId: instance });
    this.cells = new CellCare({ clock, instance, gate: this.gate, shared: ports.cellCare, sharedBreaker: this.cellsBreaker, readDish, publish: hooks.publish });
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
    this.dueWatch = new DueWatch({
      clock,
      random,
      ask: (withinMs) => this.core.ask(() => ledger.findDue(withinMs)),
      tell: (due) => {
        if (due.reservations !== null) this.sweep.expect(due.reservations);
        if (due.branches !== null) this.recovery.expect(due.branches);
        hooks.due(due);
      },
      announce: () => ports.feed.publish({ instance, atMs: clock.nowMs(), dishes: [], transactions: [], nothingDue: true }),
    });
  }

  /** Asks the ledger something that no path does, within the caller's time. @throws EngineError. */
  guarded<T>(action: () => Promise<T>, call: CallContext): Promise<T> {
    if (!this.ledgerBreaker.allows()) return Promise.reject(unavailable(null));
    const answer = this.ledgerBreaker.call(action).catch((error) => {
      throw isLedgerFailure(error) && error.kind === "unknown" ? lostOnTheWay(error) : unavailable(error);
    });
    return this.core.inTime(answer, this.core.deadlineOf(call), "the ledger answered");
  }

  private async expire(record: TransactionRecord, deadline: Deadline): Promise<MoveAnswer> {
    this.core.rememberBasket(record);
    return this.moves.run("expire", record.txId, deadline, NO_TRACE, "EXPIRED");
  }
}

function lostOnTheWay(cause: unknown): EngineError {
  return new EngineError("DEADLINE_EXCEEDED", "The ledger did not answer in time; ask again with the same key.", { cause });
}
