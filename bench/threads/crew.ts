/**
 * A Crew is a set of real threads (node:worker_threads) that do the same work at the same time. It starts them once, since
 * starting one costs more than most measurements, and opens one gate for all.
 * It cannot make cores: threads beyond them are time-sliced by the operating system.
 */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { type Assignment, Bell, type ThreadMessage } from "./thread.ts";

/** Longer than any shift on a busy machine: past it a thread is stuck, which is a fault in what it runs. */
const SHIFT_MS_MAX = 60_000;

/**
 * tsx by way of `require`: its `import` hooks would start a second thread beside each of ours, four times the start-up.
 * The source is evaluated because a worker's own file cannot be TypeScript before tsx is there.
 */
const BOOT = `
  const { workerData } = require("node:worker_threads");
  require(workerData.tsx).register();
  require(workerData.thread).serve(require);`;

export interface Shift<Result> {
  results: Result[];
  /** From the first thread's start to the last one's end. */
  wallMs: number;
  /** Added up over threads, waiting for a core included: what the callers lived through. */
  threadMs: number;
  /** Of the whole process, on all cores. */
  processorMs: number;
  /** In the threads' garbage collectors, added up. */
  collectMs: number;
}

export class Crew {
  private readonly workers: Worker[] = [];

  async run<Result>(work: { module: URL; inputs: readonly unknown[]; durationMs: number | null }): Promise<Shift<Result>> {
    await this.grow(work.inputs.length);
    const bell = new Bell();
    const module = fileURLToPath(work.module);
    const shifts = work.inputs.map((input, i) => this.assign(this.workers[i] as Worker, { module, input, bell: bell.buffer }));
    await Promise.all(shifts.map(({ ready }) => ready));
    const before = process.cpuUsage();
    bell.open();
    const timer = work.durationMs === null ? null : setTimeout(() => bell.stop(), work.durationMs);
    const done = await Promise.all(shifts.map((shift) => shift.done)).finally(() => clearTimeout(timer ?? undefined));
    const { user, system } = process.cpuUsage(before);
    return {
      results: done.map(({ result }) => result as Result),
      wallMs: Math.max(...done.map(({ endedAtMs }) => endedAtMs)) - Math.min(...done.map(({ startedAtMs }) => startedAtMs)),
      threadMs: done.reduce((sum, { startedAtMs, endedAtMs }) => sum + endedAtMs - startedAtMs, 0),
      processorMs: (user + system) / 1000,
      collectMs: done.reduce((sum, { collectMs }) => sum + collectMs, 0),
    };
  }

  async grow(threads: number): Promise<void> {
    const require = createRequire(import.meta.url);
    const workerData = { tsx: require.resolve("tsx/cjs/api"), thread: fileURLToPath(new URL("./thread.ts", import.meta.url)) };
    const started: Promise<unknown>[] = [];
    while (this.workers.length < threads) {
      const worker = new Worker(BOOT, { eval: true, workerData, execArgv: [] });
      this.workers.push(worker);
      started.push(new Promise((resolve, reject) => worker.once("online", resolve).once("error", reject)));
    }
    await Promise.all(started);
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.splice(0).map((worker) => worker.terminate()));
  }

  private assign(worker: Worker, assignment: Assignment) {
    const ready = promised<void>();
    const done = promised<Extract<ThreadMessage, { kind: "done" }>>();
    const listen = (message: ThreadMessage) => (message.kind === "ready" ? ready.resolve() : done.resolve(message));
    const fail = (error: Error) => (ready.reject(error), done.reject(error));
    const watch = setTimeout(() => fail(new Error(`A thread did not come back within ${SHIFT_MS_MAX / 1000} s.`)), SHIFT_MS_MAX);
    worker.on("message", listen).on("error", fail);
    const release = () => {
      clearTimeout(watch);
      worker.off("message", listen).off("error", fail);
    };
    done.promise.then(release, release);
    worker.postMessage(assignment);
    return { ready: ready.promise, done: done.promise };
  }
}

/** Promise.withResolvers, which Node 20 has not. */
function promised<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((yes, no) => ((resolve = yes), (reject = no)));
  return { promise, resolve, reject };
}
