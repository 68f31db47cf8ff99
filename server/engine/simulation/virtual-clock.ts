/**
 * VirtualClock runs time by events: nothing waits, and the same seed gives the same order twice.
 * Promises settle between events, never during one.
 */
import type { Clock, Timer } from "../kernel/clock.ts";
import type { Random } from "../kernel/random.ts";

interface Event {
  atMs: number;
  order: number;
  task(): void;
}

export class VirtualClock implements Clock {
  private events: Event[] = [];
  private elapsedMs = 0;
  private order = 0;

  /** @param random breaks ties between events of one moment; without it the first come goes first. */
  constructor(
    private readonly startMs = 1_700_000_000_000,
    private readonly random?: Random,
  ) {}

  nowMs(): number {
    return this.startMs + this.elapsedMs;
  }

  monotonicMs(): number {
    return this.elapsedMs;
  }

  schedule(delayMs: number, task: () => void): Timer {
    const event = { atMs: this.elapsedMs + Math.max(0, delayMs), order: this.random ? this.random.next() : this.order++, task };
    this.events.push(event);
    return {
      cancel: () => {
        const at = this.events.indexOf(event);
        if (at >= 0) this.events.splice(at, 1);
      },
    };
  }

  soon(task: () => void): void {
    this.schedule(0, task);
  }

  /** Runs the next event and all promises it settles. @returns false when there is none. */
  async step(): Promise<boolean> {
    await settled();
    if (this.events.length === 0) return false;
    let next = this.events[0] as Event;
    for (const event of this.events) {
      if (event.atMs < next.atMs || (event.atMs === next.atMs && event.order < next.order)) next = event;
    }
    this.events.splice(this.events.indexOf(next), 1);
    this.elapsedMs = Math.max(this.elapsedMs, next.atMs);
    next.task();
    await settled();
    return true;
  }

  /** Runs events until `promise` settles. @throws when there is nothing left that could settle it. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let done = false;
    const mark = (): void => {
      done = true;
    };
    promise.then(mark, mark);
    await settled();
    while (!done) {
      if (!(await this.step()) && !done) throw new Error("nothing is scheduled, and the promise is still pending");
    }
    return promise;
  }

  /** Runs every event of the next `ms` milliseconds. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.elapsedMs + ms;
    await settled();
    while (this.events.some(({ atMs }) => atMs <= untilMs)) await this.step();
    this.elapsedMs = untilMs;
  }
}

/** All microtasks that are due have run: a macrotask comes after them. */
function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
