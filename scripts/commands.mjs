/**
 * Runs other programs for the set-up. Their output is kept and shown only when they fail; it cannot answer their questions.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

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
 * While `work` goes on, signals go to `listener` instead of ending this process and leaving the child alone.
 * @template T
 * @param {(signal: NodeJS.Signals, number: number) => void} listener
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
async function withSignals(listener, work) {
  const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
  for (const signal of signals) process.on(signal, listener);
  try {
    return await work();
  } finally {
    for (const signal of signals) process.off(signal, listener);
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
