/**
 * The things that can pass or fail, run one after the other on our own terminal, and counted.
 * It cannot look into a runner that dies: that counts as one failure.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openly, quietly, ROOT } from "./commands.mjs";

const REPORTS = join(ROOT, "test-results");

/**
 * @typedef {{ passed: number, failed: number }} Count
 */

/**
 * Its output is shown when it fails, in one piece: checks may run side by side.
 * @param {string} what @param {string} program a file under node_modules @param {readonly string[]} args @returns {Promise<Count>}
 */
async function oneCheck(what, program, args) {
  try {
    await quietly(process.execPath, [join("node_modules", program), ...args]);
    console.log(`  ${what}: fine`);
    return { passed: 1, failed: 0 };
  } catch (error) {
    console.log(`\n— ${what}\n${/** @type {Error} */ (error).message}`);
    return { passed: 0, failed: 1 };
  }
}

export const types = () => oneCheck("types", "typescript/bin/tsc", ["--noEmit", "-p", "."]);

export const lint = () => oneCheck("lint", "@biomejs/biome/bin/biome", ["lint", "--error-on-warnings", "--max-diagnostics=50"]);

/** @param {readonly string[]} projects of vitest.config.ts @returns {Promise<Count>} */
export async function vitest(projects) {
  console.log(`\n— ${projects.join(" and ")} tests`);
  const report = freshReport("vitest.json");
  const code = await openly(process.execPath, [
    "node_modules/vitest/vitest.mjs",
    "run",
    ...projects.flatMap((project) => ["--project", project]),
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
  ]);
  return count(code, report, (result) => ({ passed: result.numPassedTests, failed: result.numFailedTests }));
}

/** @returns {Promise<Count>} */
export async function playwright() {
  console.log("\n— browser tests");
  const report = freshReport("playwright.json");
  const code = await openly(process.execPath, ["node_modules/@playwright/test/cli.js", "test"], { env: { PLAYWRIGHT_JSON_OUTPUT_FILE: report } });
  return count(code, report, ({ stats }) => ({ passed: stats.expected + stats.flaky, failed: stats.unexpected }));
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
  const passed = counts.reduce((sum, count) => sum + count.passed, 0);
  const failed = counts.reduce((sum, count) => sum + count.failed, 0);
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exit(failed === 0 && passed > 0 ? 0 : 1);
}
