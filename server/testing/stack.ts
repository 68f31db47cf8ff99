/**
 * Real servers for tests: one Postgres for a whole vitest run, a database of its own for each test file, a Redis on demand.
 * It cannot be used outside a run that has `global-setup.ts`; scripts use server/embedded directly.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { inject } from "vitest";
import { startRedis } from "../embedded/redis.ts";
import { dropDatabase } from "./drop-database.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The run's Postgres, as its owner, in a database that no test uses. */
    testPostgresUrl: string;
    /** The run's folder: logs and data, removed at its end. */
    testFolder: string;
    /** Where downloaded server programs are kept. */
    testCacheFolder: string;
  }
}

export const TEMPLATE_DATABASE = "eightysix_template";

export interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

export interface TestRedis {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

/** Migrated, empty. */
export async function createDatabase(): Promise<TestDatabase> {
  return databaseFrom(TEMPLATE_DATABASE);
}

/** Without any table: for tests of migrations. */
export async function createBareDatabase(): Promise<TestDatabase> {
  return databaseFrom("template0");
}

async function databaseFrom(template: string): Promise<TestDatabase> {
  const adminUrl = inject("testPostgresUrl");
  const name = `test_${randomBytes(6).toString("hex")}`;
  await asOwner(adminUrl, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => withOwner(adminUrl, (client) => dropDatabase(client, name)) };
}

/** Runs one statement in a connection of its own; Postgres makes no databases inside a transaction. */
export function asOwner(adminUrl: string, statement: string): Promise<void> {
  return withOwner(adminUrl, async (client) => void (await client.query(statement)));
}

async function withOwner(adminUrl: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

/** A Redis of the test's own. Kill it, flush it, stop it: nobody else uses it. */
export async function startRedisServer(): Promise<TestRedis> {
  const dir = join(inject("testFolder"), `redis-${randomBytes(6).toString("hex")}`);
  mkdirSync(dir, { recursive: true });
  const redis = await startRedis({ dir, cacheDir: inject("testCacheFolder") });
  const stop = async () => {
    await redis.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  return { url: redis.url, pid: redis.pid, stop };
}

/** A folder of the test's own, removed at the end of the run. */
export function createFolder(): string {
  const dir = join(inject("testFolder"), `folder-${randomBytes(6).toString("hex")}`);
  mkdirSync(dir, { recursive: true, mode: 0o755 });
  return dir;
}
