/**
 * The things that can pass or fail, and their counts: on our own terminal one after the other, or aside, told when they are over.
 * It cannot look into a runner that dies: that counts as one failure.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { aside, openly, ROOT, SIGNALS } from "./commands.mjs";

const REPORTS = join(ROOT, "test-results");
const NOTHING = { passed: 0, failed: 0 };

/**
 * @typedef {{ passed: number, failed: number }} Count
 */

/** What ran aside and has not been shown yet: it waits until nobody else writes to the terminal. @type {string[]} */
const unsaid = [];
let isTerminalTaken = false;
/** @type {NodeJS.Signals | null} */
let stoppedBy = null;

/** From now on a signal ends the runners, each by its own process id, and no other is begun; `conclude` then ends this process. */
export function listenForStop() {
  for (const signal of SIGNALS) process.on(signal, () => (stoppedBy ??= signal));
}

/** @param {string} text */
function say(text) {
  if (stoppedBy) return; // it was ended, it has not failed
  unsaid.push(text);
  if (!isTerminalTaken) sayAll();
}

function sayAll() {
  for (const text of unsaid.splice(0)) console.log(text);
}

/**
 * Its output is shown when it fails, in one piece: checks run beside others.
 * @param {string} what @param {string} program a file under node_modules @param {readonly string[]} args @returns {Promise<Count>}
 */
async function oneCheck(what, program, args) {
  if (stoppedBy) return NOTHING;
  const { code, output } = await aside(process.execPath, [join("node_modules", program), ...args]);
  say(code === 0 ? `  ${what}: fine` : `\n— ${what}\n${output.trim()}`);
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/**
 * The console and the browser, made aside. It counts only when it fails: then there is nothing to test them on.
 * @returns {Promise<Count>}
 */
export async function preparation() {
  const { code, output } = await aside(process.execPath, ["scripts/prepare-tests.mjs"]);
  if (code !== 0) say(`\n— preparing the tests with servers, which are left out\n${output.trim()}`);
  return { passed: 0, failed: code === 0 ? 0 : 1 };
}

export const types = () => oneCheck("types", "typescript/bin/tsc", ["--noEmit", "-p", "."]);

export const lint = () => oneCheck("lint", "@biomejs/biome/bin/biome", ["lint", "--error-on-warnings", "--max-diagnostics=50"]);

/** @param {readonly string[]} projects of vitest.config.ts @returns {Promise<Count>} */
export async function vitest(projects) {
  if (stoppedBy) return NOTHING;
  const report = freshReport(`${projects.join("-")}.json`);
  const code = await onTerminal(`${projects.join(" and ")} tests`, vitestArgs(projects, report));
  return countVitest(code, report);
}

/** Beside others, at the lowest priority: for tests that hold nothing to a deadline. @param {readonly string[]} projects @returns {Promise<Count>} */
export async function vitestAside(projects) {
  if (stoppedBy) return NOTHING;
  const report = freshReport(`${projects.join("-")}.json`);
  const { code, output } = await aside(process.execPath, vitestArgs(projects, report));
  say(`\n— ${projects.join(" and ")} tests, run beside the others\n${output.trim()}`);
  return countVitest(code, report);
}

/** @returns {Promise<Count>} */
export async function playwright() {
  if (stoppedBy) return NOTHING;
  const report = freshReport("playwright.json");
  const code = await onTerminal("browser tests", ["node_modules/@playwright/test/cli.js", "test"], { PLAYWRIGHT_JSON_OUTPUT_FILE: report });
  return count(code, report, ({ stats }) => ({ passed: stats.expected + stats.flaky, failed: stats.unexpected }));
}

/** One at a time: while it has the terminal, what runs aside is silent. @param {string} what @param {readonly string[]} args @param {Record<string, string>} [env] */
async function onTerminal(what, args, env = {}) {
  console.log(`\n— ${what}`);
  isTerminalTaken = true;
  const code = await openly(process.execPath, args, { env });
  isTerminalTaken = false;
  sayAll();
  return code;
}

/** @param {readonly string[]} projects @param {string} report */
function vitestArgs(projects, report) {
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  return ["node_modules/vitest/vitest.mjs", "run", ...projects.flatMap((project) => ["--project", project]), ...reporters];
}

/** @param {number} code @param {string} report */
function countVitest(code, report) {
  return count(code, report, (result) => ({ passed: result.numPassedTests, failed: result.numFailedTests }));
}

/** @param {string} name */
function freshReport(name) {
  mkdirSync(REPORTS, { recursive: true });
  const report = join(REPORTS, name);
  rmSync(report, { force: true });
  return report;
}

/**
 * A runner that failed without a failed test (a file that does not load, a server that does not start) has still failed.
 * @param {number} code @param {string} report @param {(result: any) => Count} read @returns {Count}
 */
function count(code, report, read) {
  const { passed, failed } = existsSync(report) ? read(JSON.parse(readFileSync(report, "utf8"))) : { passed: 0, failed: 0 };
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed };
}

/** Prints the closing line and ends the process. @param {readonly Count[]} counts @returns {never} */
export function conclude(counts) {
  if (stoppedBy) process.exit(128 + constants.signals[stoppedBy]);
  const passed = counts.reduce((sum, count) => sum + count.passed, 0);
  const failed = counts.reduce((sum, count) => sum + count.failed, 0);
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exit(failed === 0 && passed > 0 ? 0 : 1);
}
