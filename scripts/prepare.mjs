/**
 * The steps between a fresh clone and a program that can run. Each looks first whether it is needed, so the second time costs
 * milliseconds. It cannot run servers: server/main.ts and the tests do that.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { npm, quietly, ROOT } from "./commands.mjs";
import { step } from "./progress.mjs";
import { contentHash, isStamped, stamp } from "./stamps.mjs";

/** What the console is built from. Tests, the embedded stores and the composition root are not compiled into it. */
const CONSOLE_SOURCES = [
  "app",
  "components",
  "messages",
  "i18n",
  "public",
  "server",
  "prisma/schema",
  "next.config.js",
  "postcss.config.mjs",
  "proxy.ts",
  "package-lock.json",
];
const NOT_IN_CONSOLE = /\.test\.tsx?$|^server\/(generated|embedded|testing|main\.ts|config\.ts)/;
const LOCK_WAIT_MS = 600_000;

/** Everything that running TypeScript of ours needs. */
export async function prepareToRun() {
  await alone(async () => {
    await installDependencies();
    await generateClient();
  });
}

/** Everything that serving the console needs, running included. */
export async function prepareToServe() {
  await alone(async () => {
    await installDependencies();
    await generateClient();
    await buildConsole();
  });
}

async function installDependencies() {
  if (isInstalled()) return;
  const { program, args } = npm();
  const flags = ["--include=dev", "--no-audit", "--no-fund"];
  await step("Installing dependencies", (say) =>
    quietly(program, [...args, "ci", ...flags]).catch(() => {
      // `ci` refuses a lock file that lacks builds for other platforms; `install` takes the versions it has.
      say("again, less strictly");
      return quietly(program, [...args, "install", "--no-save", ...flags]);
    }),
  );
}

/** Compares what npm says it installed with the lock file; a broken-off install leaves no such list. */
function isInstalled() {
  const listed = join(ROOT, "node_modules", ".package-lock.json");
  if (!existsSync(listed)) return false;
  const have = JSON.parse(readFileSync(listed, "utf8")).packages;
  const want = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")).packages;
  return Object.entries(want).every(([path, entry]) => {
    if (path === "") return true;
    const installed = have[path];
    if (!installed) return entry.optional === true || entry.devOptional === true;
    return installed.version === entry.version;
  });
}

async function generateClient() {
  const sources = contentHash(["prisma/schema", "prisma.config.ts", "package-lock.json"]);
  if (isStamped("client", sources) && existsSync(join(ROOT, "server/generated/prisma/client.ts"))) return;
  await step("Generating the database client", () =>
    quietly(process.execPath, ["node_modules/prisma/build/index.js", "generate"], {
      // `generate` asks for the schema engine's program and never runs it: any program will do, and nothing is downloaded.
      env: { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: "1", CHECKPOINT_DISABLE: "1" },
    }),
  );
  stamp("client", sources);
}

async function buildConsole() {
  const sources = contentHash(CONSOLE_SOURCES, (path) => !NOT_IN_CONSOLE.test(path));
  if (isStamped("console", sources) && existsSync(join(ROOT, ".next/BUILD_ID"))) return;
  await step("Building the console", () =>
    quietly(process.execPath, ["node_modules/next/dist/bin/next", "build"], { env: { NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: "production" } }),
  );
  stamp("console", sources);
}

/**
 * One set-up at a time in one clone: a second instance started at the same moment waits for the first one's work.
 * @param {() => Promise<void>} work
 */
async function alone(work) {
  const file = join(ROOT, ".cache", "setup.lock");
  mkdirSync(join(ROOT, ".cache"), { recursive: true });
  const giveUpAtMs = performance.now() + LOCK_WAIT_MS;
  while (!tryLock(file)) {
    if (performance.now() > giveUpAtMs) throw new Error(`Another set-up has been at work in this folder for 10 minutes: end it, or delete ${file}.`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  try {
    await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** @param {string} file */
function tryLock(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: "wx" });
    return true;
  } catch {
    if (isHeld(file)) return false;
    rmSync(file, { force: true });
    return false;
  }
}

/** A lock of a process that is gone is no lock. @param {string} file */
function isHeld(file) {
  try {
    const pid = Number(readFileSync(file, "utf8"));
    if (pid) process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === "EPERM";
  }
}
