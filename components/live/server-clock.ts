/**
 * The database's clock, as well as this browser can know it: every age and countdown on screen follows this one, so a
 * browser whose own clock is wrong shows the same ages as every other.
 */

export class ServerClock {
  private aheadMs: number;
  private bestRoundTripMs = Number.POSITIVE_INFINITY;
  private measuredAtMs = Number.NEGATIVE_INFINITY;

  constructor(atMs: number, private readonly ownMs: () => number = Date.now) {
    this.aheadMs = atMs - ownMs();
  }

  nowMs(): number {
    return this.ownMs() + this.aheadMs;
  }

  /** A question and its answer: half the round trip is the best guess of the answer's age. Slow answers are worth less. */
  measured(serverMs: number, roundTripMs: number): void {
    const now = this.ownMs();
    const old = now - this.measuredAtMs > 60_000 || Math.abs(serverMs - this.nowMs()) > 5_000;
    if (roundTripMs > this.bestRoundTripMs && !old) return;
    this.bestRoundTripMs = roundTripMs;
    this.measuredAtMs = now;
    this.aheadMs = serverMs + roundTripMs / 2 - now;
  }

  /** News cannot come from the future: a message later than our reading moves the reading up. */
  heard(serverMs: number): void {
    if (serverMs > this.nowMs()) this.aheadMs = serverMs - this.ownMs();
  }
}
