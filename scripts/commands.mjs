/**
 * Runs other programs for the set-up and the tests: quietly, on our own terminal, or aside. It cannot answer their questions.
 */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Those by which a person ends a program. */
export const SIGNALS = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);

const TAIL_LINES = 60;

/**
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ env?: Record<string, string> }} [options]
 * @returns {Promise<void>}
 */
export async function quietly(program, args, options = {}) {
  const child = spawn(program, args, { cwd: ROOT, env: { ...process.env, ...options.env }, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const keep = (/** @type {Buffer} */ chunk) => {
    output = (output + chunk).slice(-200_000);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  let stoppedBy = 0;
  const stop = (/** @type {NodeJS.Signals} */ signal, /** @type {number} */ number) => {
    stoppedBy = number;
    child.kill(signal);
  };
  const ending = await withSignals(stop, () => ended(child));
  if (stoppedBy) process.exit(128 + stoppedBy);
  if (ending === 0) return;
  const tail = output.trim().split("\n").slice(-TAIL_LINES).join("\n");
  throw new Error(`${program} ${args.join(" ")} failed (${ending}):\n${tail}`);
}

/**
 * Runs a program on our own terminal, passes signals on, and gives its exit code (128 and more when a signal ended it).
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ env?: Record<string, string> }} [options]
 * @returns {Promise<number>}
 */
export async function openly(program, args, options = {}) {
  const child = spawn(program, args, { cwd: ROOT, env: { ...process.env, ...options.env }, stdio: "inherit" });
  const ending = await withSignals(
    (signal) => child.kill(signal),
    () => ended(child),
  );
  return typeof ending === "number" ? ending : 1;
}

/**
 * Runs a program aside, at the lowest priority: it takes what processor time others leave. Signals are passed on.
 * @param {string} program
 * @param {readonly string[]} args
 * @returns {Promise<{ code: number, output: string }>} both streams, the last of them if they are long
 */
export async function aside(program, args) {
  // `nice` becomes the program, so every thread of it has the priority.
  const [first, ...rest] = process.platform === "win32" ? [program, ...args] : ["nice", "-n", "19", program, ...args];
  const child = spawn(/** @type {string} */ (first), rest, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"], detached: true });
  try {
    // Linux may share the processors among sessions before it looks at who is nice within one (sched(7), autogroup).
    writeFileSync(`/proc/${child.pid}/autogroup`, "19");
  } catch {
    // Elsewhere the priority alone has to do.
  }
  const stop = (/** @type {NodeJS.Signals | number} */ signal) => {
    try {
      process.kill(-Number(child.pid), typeof signal === "string" ? signal : "SIGTERM"); // with all that it started
    } catch {
      // it is gone
    }
  };
  process.once("exit", stop); // a session of its own would outlive us
  let output = "";
  const keep = (/** @type {Buffer} */ chunk) => {
    output = (output + chunk).slice(-200_000);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const ending = await withSignals(stop, () => ended(child));
  process.off("exit", stop);
  if (typeof ending === "number") return { code: ending, output };
  return { code: 1, output: `${output}\n${program} ${args.join(" ")} ended: ${ending}` };
}

/**
 * While `work` goes on, signals go to `listener` instead of ending this process and leaving the child alone.
 * @template T
 * @param {(signal: NodeJS.Signals, number: number) => void} listener
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
async function withSignals(listener, work) {
  for (const signal of SIGNALS) process.on(signal, listener);
  try {
    return await work();
  } finally {
    for (const signal of SIGNALS) process.off(signal, listener);
  }
}

/** @param {import("node:child_process").ChildProcess} child @returns {Promise<number | string>} */
function ended(child) {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(code ?? signal ?? "?"));
  });
}

/** npm as it was called, else the one on PATH. @returns {{ program: string, args: string[] }} */
export function npm() {
  const path = process.env.npm_execpath;
  return path?.endsWith("npm-cli.js") ? { program: process.execPath, args: [path] } : { program: "npm", args: [] };
}
