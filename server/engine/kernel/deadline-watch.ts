/**
 * DeadlineWatch ends waits whose time is up. One tick serves all waits of the process: a timer for each would cost
 * more than the work it guards.
 */
import type { Clock } from "./clock.ts";
import type { Deadline } from "./deadline.ts";

/** How late a wait may end. A hundredth of the 800 ms budget: too small to matter, large enough to scan seldom. */
const TICK_MS = 8;

interface Wait {
  deadlineAtMs: number;
  expire(): void;
}

export class DeadlineWatch {
  private readonly waits = new Set<Wait>();
  private ticking = false;

  constructor(private readonly clock: Clock) {}

  /** Settles as `promise` does, or rejects with `lateError()` once the deadline passes. `promise` itself goes on. */
  race<T>(promise: Promise<T>, deadline: Deadline, lateError: () => Error): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const wait: Wait = { deadlineAtMs: deadline.atMs, expire: () => reject(lateError()) };
      this.waits.add(wait);
      this.scheduleTick();
      promise.then(
        (value) => {
          this.waits.delete(wait);
          resolve(value);
        },
        (error) => {
          this.waits.delete(wait);
          reject(error);
        },
      );
    });
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
