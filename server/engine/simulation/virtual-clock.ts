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
  cancelled: boolean;
}

export interface VirtualClockOptions {
  startMs?: number;
  /** Breaks ties between events of one moment; without it the first come goes first. */
  random?: Random;
  /**
   * Between events only promises settle, not input and output: fifty times faster, for runs that touch nothing outside.
   * Without it a turn of the real event loop lies between two events.
   */
  closed?: boolean;
}

export class VirtualClock implements Clock {
  private readonly startMs: number;
  private readonly random: Random | undefined;
  private readonly closed: boolean;
  /** A binary heap: its first is the next event. */
  private readonly events: Event[] = [];
  private elapsedMs = 0;
  private order = 0;
  /** Events run so far. */
  steps = 0;

  constructor(options: VirtualClockOptions = {}) {
    this.startMs = options.startMs ?? 1_700_000_000_000;
    this.random = options.random;
    this.closed = options.closed ?? false;
  }

  nowMs(): number {
    return this.startMs + this.elapsedMs;
  }

  monotonicMs(): number {
    return this.elapsedMs;
  }

  schedule(delayMs: number, task: () => void): Timer {
    const order = this.random ? this.random.next() : this.order++;
    const event: Event = { atMs: this.elapsedMs + Math.max(0, delayMs), order, task, cancelled: false };
    this.push(event);
    return {
      cancel: () => {
        event.cancelled = true;
      },
    };
  }

  soon(task: () => void): void {
    this.schedule(0, task);
  }

  /** Runs the next event and all promises it settles. @returns false when there is none. */
  async step(): Promise<boolean> {
    await this.settled();
    if (!this.runNext(Number.POSITIVE_INFINITY)) return false;
    await this.settled();
    return true;
  }

  /** Runs events until `promise` settles. @throws when there is nothing left that could settle it. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let done = false;
    const mark = (): void => {
      done = true;
    };
    promise.then(mark, mark);
    await this.settled();
    while (!done) {
      if (!(await this.step()) && !done) throw new Error("nothing is scheduled, and the promise is still pending");
    }
    return promise;
  }

  /** Runs every event of the next `ms` milliseconds. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.elapsedMs + ms;
    if (this.closed) await this.advanceClosed(untilMs);
    else {
      await this.settled();
      while (this.runNext(untilMs)) await this.settled();
    }
    this.elapsedMs = Math.max(this.elapsedMs, untilMs);
  }

  /** The same without a promise per event. */
  private advanceClosed(untilMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        try {
          if (this.runNext(untilMs)) afterPromises(turn);
          else resolve();
        } catch (error) {
          reject(error);
        }
      };
      afterPromises(turn);
    });
  }

  private settled(): Promise<void> {
    return new Promise((resolve) => (this.closed ? afterPromises(resolve) : void setImmediate(resolve)));
  }

  private runNext(untilMs: number): boolean {
    for (;;) {
      const next = this.events[0];
      if (!next || next.atMs > untilMs) return false;
      this.pop();
      if (next.cancelled) continue;
      this.elapsedMs = Math.max(this.elapsedMs, next.atMs);
      this.steps++;
      next.task();
      return true;
    }
  }

  private push(event: Event): void {
    const { events } = this;
    let at = events.length;
    events.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, events[parent] as Event)) break;
      events[at] = events[parent] as Event;
      at = parent;
    }
    events[at] = event;
  }

  private pop(): void {
    const { events } = this;
    const last = events.pop() as Event;
    if (events.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= events.length) break;
      if (child + 1 < events.length && isBefore(events[child + 1] as Event, events[child] as Event)) child++;
      if (!isBefore(events[child] as Event, last)) break;
      events[at] = events[child] as Event;
      at = child;
    }
    events[at] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/**
 * A tick that is asked for while promises settle comes when no more of them can: Node empties that queue first.
 * Not by queueMicrotask, which makes a resource for async_hooks each time.
 */
function afterPromises(task: () => void): void {
  void SETTLED.then(() => process.nextTick(task));
}

const SETTLED = Promise.resolve();
