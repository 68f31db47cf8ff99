/**
 * The way out: what was opened is closed in the opposite order, once, within a bounded time, whatever asked for it.
 * It cannot save what kill -9 interrupts; the next start does that.
 */
import { readFileSync } from "node:fs";
import { END_SIGNALS } from "./embedded/processes.ts";
import { StartError } from "./embedded/start-error.ts";
import { calm, type Log } from "./log.ts";

/** Promised: 10 s from the signal to the exit. */
const EXIT_MS_MAX = 9_500;
/** How soon we notice that npm was killed: then no signal will ever reach us. */
const PARENT_CHECK_MS = 500;

interface Step {
  name: string;
  close: () => unknown;
}

export class Shutdown {
  private readonly log: Log;
  private readonly steps: Step[] = [];
  private readonly asked: (() => void)[] = [];
  private running: Promise<never> | null = null;

  constructor(log: Log, followParent: boolean) {
    this.log = log;
    // npm and the terminal may both send the signal: the second one changes nothing.
    for (const signal of END_SIGNALS) process.on(signal, () => void this.run(0));
    // Next listens to it too and would go on as if nothing had happened.
    process.on("uncaughtException", (error) => void this.because(error));
    // A promise that nobody waited for leaves nothing half done that somebody waits for: selling goes on.
    process.on("unhandledRejection", calm((error, leftOut) => log.error({ err: error, leftOut }, "a rejection that nobody handled")));
    if (followParent) this.followParent();
  }

  add(name: string, close: () => unknown): void {
    this.steps.push({ name, close });
  }

  /** Called at once when the stop begins, before anything is closed. */
  whenAsked(listener: () => void): void {
    this.asked.push(listener);
  }

  get isRunning(): boolean {
    return this.running !== null;
  }

  /** An exception nobody caught: the process is in an unknown state, so it ends and is started again. */
  because(error: unknown): Promise<never> {
    if (this.running) return this.running;
    if (error instanceof StartError) process.stderr.write(`${error.message}\n`);
    else this.log.fatal({ err: error }, "an exception that nobody caught ends this process");
    return this.run(1);
  }

  run(exitCode: number): Promise<never> {
    this.running ??= this.closeAll(exitCode);
    return this.running;
  }

  private async closeAll(exitCode: number): Promise<never> {
    const late = setTimeout(() => {
      this.log.error({ left: this.steps.map((step) => step.name) }, "the stop took too long");
      process.exit(1);
    }, EXIT_MS_MAX);
    late.unref();
    for (const listener of this.asked) listener();
    let code = exitCode;
    for (let step = this.steps.at(-1); step; step = this.steps.at(-1)) {
      try {
        await step.close();
      } catch (error) {
        this.log.error({ err: error }, `closing failed: ${step.name}`);
        code = 1;
      }
      this.steps.pop();
    }
    process.exit(code);
  }

  private followParent(): void {
    const born = lineage();
    const timer = setInterval(() => {
      if (lineage() !== born) void this.run(0);
    }, PARENT_CHECK_MS);
    timer.unref();
  }
}

/** Who started us, and who started that: npm runs a script through a shell, which outlives npm and tells us nothing. */
function lineage(): string {
  try {
    const stat = readFileSync(`/proc/${process.ppid}/stat`, "utf8");
    return `${process.ppid} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]}`;
  } catch {
    return String(process.ppid);
  }
}
