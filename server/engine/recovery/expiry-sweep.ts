/**
 * ExpirySweep ends reservations whose time is up, so that their portions can be sold again.
 * It cannot take a reservation from a payment that arrives first: both are moves of one row, and one wins.
 * Instances may sweep the same transactions: the second finds them moved.
 */
import type { Clock, Timer } from "../kernel/clock.ts";
import type { Deadline } from "../kernel/deadline.ts";
import { isEngineError } from "../kernel/errors.ts";
import type { ExpiryTimes } from "./expiry-times.ts";
import type { TransactionRecord } from "../kernel/types.ts";

/** Promised: EXPIRED within 5 s. A look each second whether something is due leaves four more for a pass that failed. */
export const SWEEP_INTERVAL_MS = 1_000;

/** So often a pass looks for the reservations of instances that died, and of former lives: 3 s, one for the look, one to spare. */
export const SWEEP_OTHERS_MS = 3_000;

/** Transactions of one read: as many as half a batch may move. */
export const SWEEP_READ_MAX = 128;

/** Reads of one pass: 64 × 128 expire 8 192 transactions; what is left waits for the next pass, one second later. */
const SWEEP_READS_MAX = 64;

export interface SweepPorts {
  clock: Clock;
  findExpired(limit: number): Promise<TransactionRecord[]>;
  expire(record: TransactionRecord, deadline: Deadline): Promise<unknown>;
  deadline(): Deadline;
  /** When reservations of this instance end. */
  times: ExpiryTimes;
}

export class ExpirySweep {
  private timer: Timer | null = null;
  private stopped = false;
  private pass: Promise<unknown> = Promise.resolve();
  private lastPassAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly ports: SweepPorts) {}

  /**
   * One bounded pass.
   * @returns how many transactions it found due and moved, or found moved by another.
   */
  async sweepOnce(): Promise<number> {
    let ended = 0;
    const { clock } = this.ports;
    const startedAtMs = clock.monotonicMs();
    for (let read = 0; read < SWEEP_READS_MAX; read++) {
      const due = await this.ports.findExpired(SWEEP_READ_MAX);
      const deadline = this.ports.deadline();
      const outcomes = await Promise.allSettled(due.map((record) => this.ports.expire(record, deadline)));
      const moved = outcomes.filter((outcome) => outcome.status === "fulfilled" || lostTheRace(outcome.reason)).length;
      ended += moved;
      if (due.length < SWEEP_READ_MAX && moved === due.length) this.lastPassAtMs = startedAtMs; // nothing is left over
      if (due.length < SWEEP_READ_MAX || moved === 0) break;
    }
    return ended;
  }

  start(): void {
    const next = (): void => {
      if (this.stopped) return;
      this.timer = this.ports.clock.schedule(SWEEP_INTERVAL_MS, () => {
        if (!this.isDue()) return next();
        // A pass that fails is repeated by the next one: the ledger is away, and its breaker is counting already.
        this.pass = this.sweepOnce().then(next, next);
      });
    };
    next();
  }

  private isDue(): boolean {
    if (this.ports.times.takeDue()) this.lastPassAtMs = Number.NEGATIVE_INFINITY;
    return this.ports.clock.monotonicMs() - this.lastPassAtMs >= SWEEP_OTHERS_MS - SWEEP_INTERVAL_MS / 2;
  }

  /** Resolves when no pass is under way any more. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    await this.pass;
  }
}

/** A confirm or cancel came first: the transaction has ended, only not by us. */
function lostTheRace(reason: unknown): boolean {
  return isEngineError(reason) && reason.code === "ILLEGAL_STATE";
}
