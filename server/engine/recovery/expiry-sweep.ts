/**
 * ExpirySweep ends reservations whose time is up, so that their portions can be sold again.
 * It cannot take a reservation from a payment that arrives first: both are moves of one row, and one wins.
 * Instances may sweep the same transactions: the second finds them moved.
 */
import type { Clock } from "../kernel/clock.ts";
import type { Deadline } from "../kernel/deadline.ts";
import { isEngineError } from "../kernel/errors.ts";
import { Rounds } from "../kernel/rounds.ts";
import type { TransactionRecord } from "../kernel/types.ts";
import type { ExpiryTimes } from "./expiry-times.ts";

/** Promised: EXPIRED within 5 s. How often it asks itself whether one of its own has ended, or the due watch found one of others. */
export const SWEEP_BEAT_MS = 250;

/** A pass that failed or left something over comes again. */
const AGAIN_MS = 1_000;

/** Transactions of one read: as many as half a batch may move. */
export const SWEEP_READ_MAX = 128;

/** Reads of one pass: 64 × 128 expire 8 192 transactions; what is left waits for the next pass. */
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
  private readonly rounds: Rounds;

  constructor(private readonly ports: SweepPorts) {
    const { clock, times } = ports;
    this.rounds = new Rounds({ clock, everyMs: SWEEP_BEAT_MS, wanted: () => times.takeDue(), pass: () => this.sweepOnce() });
  }

  start(): void {
    this.rounds.start();
  }

  /** Resolves when no pass is under way any more. */
  stop(): Promise<void> {
    return this.rounds.stop();
  }

  /** A reservation will end then, whoever made it. */
  expect(inMs: number): void {
    this.rounds.expect(inMs);
  }

  /**
   * One bounded pass. What it cannot end now it tries again a second later.
   * @returns how many transactions it found due and moved, or found moved by another.
   */
  async sweepOnce(): Promise<number> {
    let ended = 0;
    let isWhole = false;
    try {
      for (let read = 0; read < SWEEP_READS_MAX; read++) {
        const due = await this.ports.findExpired(SWEEP_READ_MAX);
        const deadline = this.ports.deadline();
        const outcomes = await Promise.allSettled(due.map((record) => this.ports.expire(record, deadline)));
        const moved = outcomes.filter((outcome) => outcome.status === "fulfilled" || lostTheRace(outcome.reason)).length;
        ended += moved;
        isWhole = due.length < SWEEP_READ_MAX && moved === due.length;
        if (due.length < SWEEP_READ_MAX || moved === 0) break;
      }
      return ended;
    } finally {
      if (!isWhole) this.expect(AGAIN_MS);
    }
  }
}

/** A confirm or cancel came first: the transaction has ended, only not by us. */
function lostTheRace(reason: unknown): boolean {
  return isEngineError(reason) && reason.code === "ILLEGAL_STATE";
}
