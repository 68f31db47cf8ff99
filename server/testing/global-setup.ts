/**
 * Before and after a vitest run of integration tests: one Postgres in a folder of the run, migrated once as a template.
 * A run that was killed cannot clean up after itself; the next one does it for all whose process is gone.
 */
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { migrate } from "../embedded/migrate.ts";
import { startPostgres, stopPostgresLeftIn } from "../embedded/postgres.ts";
import { isAlive } from "../embedded/processes.ts";
import { stopRedisLeftIn } from "../embedded/redis.ts";
import { findRedis } from "../embedded/redis-program.ts";
import { asOwner, TEMPLATE_DATABASE } from "./stack.ts";

const PREFIX = "eightysix-test-";

/** What the run's projects share. Each loads this file anew, so it is kept where all of them find it. */
interface Shared {
  users: number;
  servers: Promise<{ postgresUrl: string; folder: string; stop(): Promise<void> }>;
}
const SHARED = Symbol.for("eightysix.test-servers");
const everywhere = globalThis as { [SHARED]?: Shared };

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cacheFolder = join(project.config.root, ".cache");
  const shared = (everywhere[SHARED] ??= { users: 0, servers: start(cacheFolder) });
  shared.users++;
  const { postgresUrl, folder, stop } = await shared.servers;
  project.provide("testPostgresUrl", postgresUrl);
  project.provide("testFolder", folder);
  project.provide("testCacheFolder", cacheFolder);
  return async () => {
    if (--shared.users > 0) return;
    delete everywhere[SHARED];
    await stop();
  };
}

async function start(cacheFolder: string): Promise<Awaited<Shared["servers"]>> {
  await removeLeftovers();
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  chmodSync(folder, 0o711);
  const progress = (sentence: string) => console.error(sentence);
  await findRedis(cacheFolder, progress); // downloads it once, not once a test
  const postgres = await startPostgres({ dir: folder, durable: false, connectionsMax: 200 });
  try {
    await asOwner(postgres.url, `CREATE DATABASE ${TEMPLATE_DATABASE}`);
    const template = new URL(postgres.url);
    template.pathname = `/${TEMPLATE_DATABASE}`;
    await migrate(template.href);
  } catch (error) {
    await postgres.stop();
    throw error;
  }
  const stop = async () => {
    await postgres.stop();
    await removeFolder(folder);
  };
  return { postgresUrl: postgres.url, folder, stop };
}

async function removeLeftovers(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const owner = new RegExp(`^${PREFIX}(\\d+)-`).exec(name);
    if (!owner || isAlive(Number(owner[1]))) continue;
    const folder = join(tmpdir(), name);
    await stopPostgresLeftIn(folder);
    await removeFolder(folder);
  }
}

/** Folders inside may hold servers of tests that were killed. */
async function removeFolder(folder: string): Promise<void> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const inner = join(folder, entry.name);
    await stopPostgresLeftIn(inner);
    await stopRedisLeftIn(inner);
  }
  rmSync(folder, { recursive: true, force: true });
}
