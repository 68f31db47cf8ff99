/**
 * ExpiryTimes are the seconds in which reservations made by this instance end, so that the sweep asks the ledger when there is
 * something to end. It knows nothing of other instances' reservations, nor of those before its start: the sweep looks for them
 * now and then. One number a second, so at most a day's worth of them.
 */
import type { Clock } from "../kernel/clock.ts";

export class ExpiryTimes {
  private readonly seconds = new Set<number>();
  private checked: number;

  constructor(private readonly clock: Clock) {
    this.checked = this.second(0);
  }

  /** A reservation was made that lasts for `ttlSeconds` from now at the latest. */
  add(ttlSeconds: number): void {
    this.seconds.add(this.second(ttlSeconds) + 1);
  }

  /** Whether any has ended since the last call. */
  takeDue(): boolean {
    const now = this.second(0);
    let due = false;
    for (let second = this.checked + 1; second <= now; second++) due = this.seconds.delete(second) || due;
    this.checked = now;
    return due;
  }

  private second(aheadSeconds: number): number {
    return Math.floor(this.clock.monotonicMs() / 1_000) + aheadSeconds;
  }
}
