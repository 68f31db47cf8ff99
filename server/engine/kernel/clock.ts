/**
 * The only door to time. Everything else in the engine asks a Clock, so a simulator can be the clock.
 * `Date.now`, `performance.now` and `setTimeout` stand in this file and nowhere else in the engine.
 */

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall clock, milliseconds since the epoch. It may jump: show it, never subtract it. */
  nowMs(): number;
  /** Milliseconds since an arbitrary start; never goes back. Measure and wait with this one. */
  monotonicMs(): number;
  /** Runs `task` once, `delayMs` from now. A pending timer does not keep the process alive. */
  schedule(delayMs: number, task: () => void): Timer;
  /** Runs `task` after the input that has already arrived has been read: the natural moment to form a batch. */
  soon(task: () => void): void;
}

export const realClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
  soon: (task) => void setImmediate(task),
};

/** Resolves after `delayMs` on `clock`. */
export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => void clock.schedule(delayMs, resolve));
}

/** By real time, and the process stays for it: at a start nothing else may keep it alive, and it would end without a word. */
export function sleepAwake(delayMs: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, delayMs));
}
