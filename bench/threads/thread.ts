/**
 * What a thread of the crew does: it makes a piece of work ready, sleeps until the gate opens, works, and reports.
 * It cannot be told to end in the middle: the work asks the bell itself.
 */
import { PerformanceObserver } from "node:perf_hooks";
import { parentPort } from "node:worker_threads";

const GATE = 0;
const STOP = 16; // a cache line of its own

/** Opens and closes a shift for all threads at once. */
export class Bell {
  private readonly words: Int32Array;

  constructor(readonly buffer = new SharedArrayBuffer(128)) {
    this.words = new Int32Array(buffer);
  }

  open(): void {
    Atomics.store(this.words, GATE, 1);
    Atomics.notify(this.words, GATE);
  }

  /** Blocks the calling thread until the gate opens. */
  waitForOpening(): void {
    while (Atomics.load(this.words, GATE) === 0) Atomics.wait(this.words, GATE, 0);
  }

  stop(): void {
    Atomics.store(this.words, STOP, 1);
  }

  /** Ask after each block of operations: it is one load of a word that does not change while the shift lasts. */
  get hasRung(): boolean {
    return Atomics.load(this.words, STOP) === 1;
  }
}

/** A module of work exports `prepare`; what it returns runs between the opening and the bell. */
export interface WorkModule<Input, Result> {
  prepare(input: Input): (bell: Bell) => Result;
}

export interface Assignment {
  /** A file path. */
  module: string;
  input: unknown;
  bell: SharedArrayBuffer;
}

export type ThreadMessage = { kind: "ready" } | { kind: "done"; result: unknown; startedAtMs: number; endedAtMs: number; collectMs: number };

/** @param load how this thread loads TypeScript. */
export function serve(load: (module: string) => WorkModule<unknown, unknown>): void {
  const port = parentPort as NonNullable<typeof parentPort>;
  const nowMs = () => performance.timeOrigin + performance.now();
  let collectMs = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) collectMs += duration;
  }).observe({ entryTypes: ["gc"] });
  const say = (message: ThreadMessage) => port.postMessage(message);
  port.on("message", ({ module, input, bell: buffer }: Assignment) => {
    const bell = new Bell(buffer);
    const work = load(module).prepare(input);
    // Collections before the shift are not the shift's: let them be reported first.
    setImmediate(() => {
      collectMs = 0;
      say({ kind: "ready" });
      bell.waitForOpening();
      const startedAtMs = nowMs();
      const result = work(bell);
      const endedAtMs = nowMs();
      setImmediate(() => setImmediate(() => say({ kind: "done", result, startedAtMs, endedAtMs, collectMs })));
    });
  });
}
