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
  previous: Wait<unknown> | null = null;
  next: Wait<unknown> | null = null;
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

  async follow(promise: Promise<T>, waits: Waits): Promise<void> {
    try {
      this.resolve(await promise);
    } catch (error) {
      this.reject(error);
    }
    waits.remove(this as Wait<unknown>);
  }

  expire(): void {
    this.reject(this.lateError());
  }
}

/** In order of arrival. A list, not a Set: that would hold on to those that ended (flights.ts). */
class Waits {
  private first: Wait<unknown> | null = null;
  private last: Wait<unknown> | null = null;

  get isEmpty(): boolean {
    return this.first === null;
  }

  add(wait: Wait<unknown>): void {
    wait.previous = this.last;
    if (this.last) this.last.next = wait;
    else this.first = wait;
    this.last = wait;
  }

  /** No effect on one that is not among them any more. */
  remove(wait: Wait<unknown>): void {
    const { previous, next } = wait;
    if (previous === null && this.first !== wait) return;
    if (previous) previous.next = next;
    else this.first = next;
    if (next) next.previous = previous;
    else this.last = previous;
    wait.previous = wait.next = null;
  }

  removeExpired(nowMs: number): Wait<unknown>[] {
    const expired: Wait<unknown>[] = [];
    for (let wait = this.first; wait; wait = wait.next) if (wait.deadlineAtMs <= nowMs) expired.push(wait);
    for (const wait of expired) this.remove(wait);
    return expired;
  }
}

export class DeadlineWatch {
  private readonly waits = new Waits();
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
      for (const wait of this.waits.removeExpired(this.clock.monotonicMs())) wait.expire();
      if (!this.waits.isEmpty) this.scheduleTick();
    });
  }
}
