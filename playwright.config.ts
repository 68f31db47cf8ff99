/**
 * Browser tests: one file per user promise in e2e/, in a real browser against a real Eightysix that e2e/application.ts starts.
 * `npm test` unpacks the browser; on its own this config does it too.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "@playwright/test";

const browserFile = join(import.meta.dirname, ".cache/browser/browser.json");
if (!existsSync(browserFile)) {
  execFileSync(process.execPath, ["-e", "import('./scripts/browser.mjs').then((browser) => browser.prepareBrowser())"], { cwd: import.meta.dirname, stdio: "inherit" });
}
const { browser } = JSON.parse(readFileSync(browserFile, "utf8")) as { browser: { executablePath: string; env: Record<string, string> } };

export default defineConfig({
  testDir: "e2e",
  testMatch: "*.spec.ts", // e2e/faults is a program of its own
  // Each worker has an application of its own, and the tests that share it run one after the other. Two nearly fill two cores, a
  // third goes on while one waits half a minute for what takes half a minute: 5.1 minutes instead of 5.8.
  workers: 3,
  timeout: 60_000,
  globalTimeout: 15 * 60_000,
  expect: { timeout: 10_000 },
  reporter: [["list"], ["json", { outputFile: process.env.PLAYWRIGHT_JSON_OUTPUT_FILE ?? "test-results/playwright.json" }]],
  outputDir: "test-results/e2e",
  use: {
    launchOptions: { executablePath: browser.executablePath, env: { ...process.env, ...browser.env } as Record<string, string>, args: ["--no-sandbox"] },
    viewport: { width: 1440, height: 900 },
    screenshot: "only-on-failure",
    // A trace of every step costs a fifth of the time (162 s against 134 s for two files): for a failure that the picture does not explain, `npx playwright test --trace on`.
    trace: "off",
  },
});
