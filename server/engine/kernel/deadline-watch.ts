/**
 * DeadlineWatch ends waits whose time is up. One tick serves all waits of the process: a timer for each would cost
 * more than the work it guards.
 */
import type { Clock } from "./clock.ts";
import type { Deadline } from "./deadline.ts";

/** How late a wait may end. A hundredth of the 800 ms budget: too small to matter, large enough to scan seldom. */
const TICK_MS = 8;

/** A class, not a handful of closures: there is one for every request, and making these costs a third. */
class Wait<T> {
  readonly settled: Promise<T>;
  private resolve!: (value: T) => void;
  private reject!: (error: unknown) => void;

  constructor(
    readonly deadlineAtMs: number,
    private readonly lateError: () => Error,
  ) {
    this.settled = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  async follow(promise: Promise<T>, waits: Set<Wait<unknown>>): Promise<void> {
    try {
      this.resolve(await promise);
    } catch (error) {
      this.reject(error);
    }
    waits.delete(this as Wait<unknown>);
  }

  expire(): void {
    this.reject(this.lateError());
  }
}

export class DeadlineWatch {
  private readonly waits = new Set<Wait<unknown>>();
  private ticking = false;

  constructor(private readonly clock: Clock) {}

  /** Settles as `promise` does, or rejects with `lateError()` once the deadline passes. `promise` itself goes on. */
  race<T>(promise: Promise<T>, deadline: Deadline, lateError: () => Error): Promise<T> {
    const wait = new Wait<T>(deadline.atMs, lateError);
    this.waits.add(wait as Wait<unknown>);
    this.scheduleTick();
    void wait.follow(promise, this.waits);
    return wait.settled;
  }

  private scheduleTick(): void {
    if (this.ticking) return;
    this.ticking = true;
    this.clock.schedule(TICK_MS, () => {
      this.ticking = false;
      const nowMs = this.clock.monotonicMs();
      for (const wait of this.waits) {
        if (wait.deadlineAtMs > nowMs) continue;
        this.waits.delete(wait);
        wait.expire();
      }
      if (this.waits.size > 0) this.scheduleTick();
    });
  }
}
