/**
 * What the embedded servers need to know about processes: is one alive, is it really ours, which port is free.
 * It cannot make a pid file trustworthy: a pid is believed only together with the folder its process works in.
 */
import { execFile, type SpawnOptions, spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, realpathSync, renameSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { promisify } from "node:util";
import { StartError } from "./start-error.ts";

const execFileAsync = promisify(execFile);
const POLL_MS = 25;
const LOG_BYTES_MAX = 10 * 1024 * 1024;

/** What asks a program to end: Ctrl-C, kill, and a terminal that was closed. */
export const END_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** What a server of ours sees of the environment: nothing of our own, so nothing secret. */
export function serverEnv(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const env: Record<string, string> = { PATH: "/usr/local/bin:/usr/bin:/bin", LC_ALL: "C", TZ: "UTC", ...more };
  return env as NodeJS.ProcessEnv;
}

export interface LaunchedServer {
  pid: number | undefined;
  /** True once the process has ended, or could not be started. */
  ended(): boolean;
  /** Why it could not be started, else the last lines it wrote. */
  lastWords(): string;
}

/**
 * Starts a server that outlives us, in a session of its own: Ctrl-C in the terminal must not stop it before the app has
 * finished its batches. What it prints goes to `logFile`.
 */
export function launchServer(program: string, args: readonly string[], options: SpawnOptions, logFile: string): LaunchedServer {
  if ((statSync(logFile, { throwIfNoEntry: false })?.size ?? 0) > LOG_BYTES_MAX) renameSync(logFile, `${logFile}.1`);
  const log = openSync(logFile, "a", 0o600);
  const logStart = statSync(logFile).size;
  const child = spawn(program, args, { ...options, detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  child.unref();
  let ended = false;
  let failure: Error | undefined;
  child.once("exit", () => {
    ended = true;
  });
  child.once("error", (error) => {
    ended = true;
    failure = error;
  });
  return {
    pid: child.pid,
    ended: () => ended,
    lastWords: () => failure?.message ?? readFileSync(logFile).subarray(logStart).toString().trim().split("\n").slice(-3).join(" "),
  };
}

export function isAlive(pid: number): boolean {
  return pidIsTaken(pid) && !isZombie(pid);
}

/** True also for a process that has ended and that nobody has waited for: programs that only ask by signal 0 take it for alive. */
export function pidIsTaken(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** A child that nobody has waited for still has a pid, but runs no more. */
function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) === "Z";
  } catch {
    return false;
  }
}

export async function commandLineOf(pid: number): Promise<string> {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    const { stdout } = await execFileAsync("ps", ["-ww", "-o", "command=", "-p", String(pid)]).catch(() => ({ stdout: "" }));
    return stdout.trim();
  }
}

/** When the process began, in the system's own words; the same for as long as it lives, and different for the next one of that pid. */
export async function startOf(pid: number): Promise<string> {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    const { stdout } = await execFileAsync("ps", ["-o", "lstart=", "-p", String(pid)]).catch(() => ({ stdout: "" }));
    return stdout.trim();
  }
}

/** True when the process works in `dir`, or names it on its command line (where /proc does not exist). */
export async function worksIn(pid: number, dir: string): Promise<boolean> {
  const folder = realpathSync(dir);
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === folder;
  } catch {
    return (await commandLineOf(pid)).includes(folder);
  }
}

/** Every process that works in `dir`; empty where there is no /proc. */
export function processesIn(dir: string): number[] {
  const folder = realpathSync(dir);
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => {
        try {
          return readlinkSync(`/proc/${pid}/cwd`) === folder && !isZombie(pid);
        } catch {
          return false;
        }
      });
  } catch {
    return [];
  }
}

/** Asks again every 25 ms until `check` gives a value; undefined when the time is up. */
export async function waitFor<T>(timeoutMs: number, check: () => T | undefined | Promise<T | undefined>): Promise<T | undefined> {
  const endAtMs = performance.now() + timeoutMs;
  for (;;) {
    const value = await check();
    if (value !== undefined) return value;
    if (performance.now() >= endAtMs) return undefined;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Sends the signals one after the other, each with its time, until the process is gone. */
export async function stopProcess(pid: number, steps: readonly { signal: NodeJS.Signals; waitMs: number }[]): Promise<boolean> {
  for (const { signal, waitMs } of steps) {
    try {
      process.kill(pid, signal);
    } catch {
      return true;
    }
    if (await waitFor(waitMs, () => (isAlive(pid) ? undefined : true))) return true;
  }
  return !isAlive(pid);
}

/** `preferred` when nobody listens there, else a port the system gives. */
export async function freePort(preferred = 0): Promise<number> {
  const port = await tryPort(preferred);
  return port ?? (await tryPort(0)) ?? fail();
}

function fail(): never {
  throw new StartError("No free port on 127.0.0.1.");
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(undefined));
    probe.listen({ port, host: "127.0.0.1" }, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : undefined));
    });
  });
}
