/**
 * The whole application as a process of its own, started as a person starts it: for tests that kill it and start it again.
 * It cannot look inside; what it knows comes from its output, its files and its port.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_DIR } from "../config.ts";
import type { FirstRun } from "../first-run.ts";

/** The first start of a fresh clone builds the console. */
const READY_MS_MAX = 180_000;
const READY = /Eightysix is ready: (\S+)/;

export interface Application {
  url: string;
  pid: number;
  /** What first-run.json says. */
  firstRun: FirstRun;
  /** What it has printed so far, on both streams. */
  output(): string;
  /** SIGTERM. @returns the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
  /** @returns whether it has ended by itself within that time. */
  died(withinMs: number): Promise<boolean>;
}

export interface ApplicationOptions {
  dataDir: string;
  /** More environment variables; PORT is a free one unless given. */
  env?: Record<string, string>;
  /** As `npm start`; `pid` is then npm's. */
  throughNpm?: boolean;
}

/** @throws with its output when it ends before it is ready. */
export async function startApplication(options: ApplicationOptions): Promise<Application> {
  const { child, output } = launch(options);
  const url = await ready(child, output);
  return {
    url,
    pid: child.pid as number,
    firstRun: JSON.parse(readFileSync(join(options.dataDir, "first-run.json"), "utf8")) as FirstRun,
    output,
    async stop() {
      child.kill("SIGTERM");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      return child.exitCode;
    },
    async kill() {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    },
    async died(withinMs) {
      const gone = () => child.exitCode !== null || child.signalCode !== null;
      if (!gone()) await once(child, "exit", { signal: AbortSignal.timeout(withinMs) }).catch(() => {});
      return gone();
    },
  };
}

/** Starts it where it cannot succeed. @returns how it ended. */
export async function failToStart(options: ApplicationOptions): Promise<{ exitCode: number | null; output: string }> {
  const { child, output } = launch(options);
  const timer = setTimeout(() => child.kill("SIGKILL"), READY_MS_MAX);
  await once(child, "close");
  clearTimeout(timer);
  return { exitCode: child.exitCode, output: output() };
}

function launch({ dataDir, env, throughNpm }: ApplicationOptions): { child: ChildProcess; output: () => string } {
  const [program, ...args] = throughNpm ? ["npm", "start"] : [process.execPath, "scripts/start.mjs"];
  const child = spawn(program as string, args, {
    cwd: PROJECT_DIR,
    env: { ...environment(), PORT: "0", DATA_DIR: dataDir, LOG_LEVEL: "warn", ...env } as unknown as NodeJS.ProcessEnv,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (printed += chunk));
  return { child, output: () => printed };
}

/** Ours, less what the test runner put into it and what would reach the application by accident. */
function environment(): Record<string, string | undefined> {
  const { NODE_ENV: _, NODE_OPTIONS: __, DATABASE_URL: ___, REDIS_URL: ____, VITEST: _____, ...rest } = process.env;
  return Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith("VITEST_") && !name.startsWith("npm_lifecycle")));
}

async function ready(child: ChildProcess, output: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`Not ready after ${READY_MS_MAX / 1000} s:\n${output()}`));
    }, READY_MS_MAX);
    const look = () => {
      const url = READY.exec(output())?.[1];
      if (!url) return;
      clearTimeout(timer);
      resolve(url);
    };
    child.stdout?.on("data", look);
    child.once("close", (code) => {
      clearTimeout(timer);
      reject(new Error(`Ended with ${code} before it was ready:\n${output()}`));
    });
  });
}
