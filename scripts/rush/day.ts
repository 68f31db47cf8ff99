/**
 * The time a rush has: open, then closing (nobody starts an order, started ones are finished), then over.
 * The only door to sleeping: closing time wakes everybody up.
 */

/** Started orders are finished within this; a server that stays away longer leaves them open, and they expire. */
const CLOSING_MS = 10_000;

export class Day {
  private startedAtMs = performance.now();
  readonly openMs: number;
  private closed = false;
  private ended = false;
  private readonly sleepers = new Set<() => void>();
  private readonly timers: NodeJS.Timeout[] = [];

  constructor(seconds: number) {
    this.openMs = seconds * 1000;
  }

  start(): void {
    this.startedAtMs = performance.now();
    this.timers.push(setTimeout(() => this.close(), this.openMs));
  }

  /** Ends the open hours early, too: Ctrl-C. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.wake();
    this.timers.push(setTimeout(() => this.end(), CLOSING_MS));
  }

  /** Nothing is asked any more. */
  end(): void {
    this.closed = true;
    this.ended = true;
    for (const timer of this.timers) clearTimeout(timer);
    this.wake();
  }

  get closing(): boolean {
    return this.closed;
  }

  get over(): boolean {
    return this.ended;
  }

  get elapsedMs(): number {
    return performance.now() - this.startedAtMs;
  }

  /** Returns early at closing time. */
  think(ms: number): Promise<void> {
    return this.closed ? Promise.resolve() : this.wait(ms);
  }

  /** Returns early only when the day is over. */
  backOff(ms: number): Promise<void> {
    if (this.ended) return Promise.resolve();
    return this.wait(ms, () => this.ended);
  }

  private wait(ms: number, mayWake: () => boolean = () => true): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        if (!mayWake()) return;
        clearTimeout(timer);
        this.sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(() => {
        this.sleepers.delete(wake);
        resolve();
      }, ms);
      this.sleepers.add(wake);
    });
  }

  private wake(): void {
    for (const wake of [...this.sleepers]) wake();
  }
}
