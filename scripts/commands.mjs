/**
 * Runs other programs for the set-up. Their output is kept and shown only when they fail; it cannot answer their questions.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

const TAIL_LINES = 25;

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
  const ending = await ended(child);
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
  const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
  const pass = (/** @type {NodeJS.Signals} */ signal) => child.kill(signal);
  for (const signal of signals) process.on(signal, pass);
  const ending = await ended(child);
  for (const signal of signals) process.off(signal, pass);
  return typeof ending === "number" ? ending : 1;
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
