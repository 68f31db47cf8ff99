/**
 * LoadShed turns new work away while the queue is older than it may be, so that what was accepted meets its deadline.
 * After CoDel (Nichols and Jacobson, ACM Queue 2012): not the length of a queue tells overload but the least time that
 * anything has spent in it over an interval; one slow dish does not make an overload.
 * It does not see rates: the limit per API key does.
 */
import type { Clock } from "../kernel/clock.ts";

/** The access guard's share of the 800 ms: who has waited longer leaves too little for the work. */
export const QUEUE_MS_MAX = 300;

/** Long enough for several batches to leave; short enough that an overload is seen, and seen to be over, within two. */
export const INTERVAL_MS = 100;

export class LoadShed {
  private intervalEndsAtMs: number;
  private leastMs = Number.POSITIVE_INFINITY;
  private shedding = false;

  constructor(private readonly clock: Clock) {
    this.intervalEndsAtMs = clock.monotonicMs() + INTERVAL_MS;
  }

  /** An operation left the queue after `waitedMs`. */
  left(waitedMs: number): void {
    this.turn();
    this.leastMs = Math.min(this.leastMs, waitedMs);
  }

  /** Whether a new Try is turned away. An interval in which nothing left says nothing new, unless nothing waits. */
  overloaded(waiting: number): boolean {
    this.turn();
    if (waiting === 0) this.shedding = false;
    return this.shedding;
  }

  private turn(): void {
    const nowMs = this.clock.monotonicMs();
    if (nowMs < this.intervalEndsAtMs) return;
    if (this.leastMs !== Number.POSITIVE_INFINITY) this.shedding = this.leastMs > QUEUE_MS_MAX;
    this.leastMs = Number.POSITIVE_INFINITY;
    this.intervalEndsAtMs = nowMs + INTERVAL_MS;
  }
}
