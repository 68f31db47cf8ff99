/**
 * The stand: a Postgres and a Redis of a benchmark's own, durable as in production (fsync, synchronous_commit on), in a
 * temporary folder that goes with it. Every contender gets a database of its own on it, made from one migrated template.
 * It knows no contender and no load.
 */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { migrate } from "../../server/embedded/migrate.ts";
import { startPostgres, stopPostgresLeftIn } from "../../server/embedded/postgres.ts";
import { END_SIGNALS, isAlive } from "../../server/embedded/processes.ts";
import { startRedis, stopRedisLeftIn } from "../../server/embedded/redis.ts";

/** Three instances of a contender with a pool of 64 each, and what watches them. */
const CONNECTIONS_MAX = 260;

const FOLDER = "eightysix-bench-";
const TEMPLATE = "bench_template";

export interface Stand {
  /** A temporary folder of its own, which goes with it. */
  folder: string;
  redisUrl: string;
  /** What makes a commit durable here, as the server says it: printed with the figures. */
  durability: string;
  /** A migrated database without dishes. @returns its URL. */
  createDatabase(name: string): Promise<string>;
  dropDatabase(name: string): Promise<void>;
  close(): Promise<void>;
}

export async function openStand(cacheDir: string, say: (sentence: string) => void): Promise<Stand> {
  await removeLeftovers();
  const folder = mkdtempSync(join(tmpdir(), `${FOLDER}${process.pid}-`));
  chmodSync(folder, 0o711); // Postgres may run as another user than root
  mkdirSync(cacheDir, { recursive: true });
  say("starting Postgres and Redis");
  const [postgres, redis] = await Promise.all([startPostgres({ dir: folder, connectionsMax: CONNECTIONS_MAX }), startRedis({ dir: folder, cacheDir })]);
  const urlOf = (database: string): string => Object.assign(new URL(postgres.url), { pathname: `/${database}` }).href;
  const ask = (statement: string) => query(postgres.url, statement);
  await ask(`CREATE DATABASE ${TEMPLATE}`);
  await migrate(urlOf(TEMPLATE));
  const [settings] = await ask("SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commits, current_setting('server_version') AS version");
  const close = async (): Promise<void> => {
    for (const signal of END_SIGNALS) process.off(signal, interrupted);
    await Promise.all([postgres.stop(), redis.stop()]);
    rmSync(folder, { recursive: true, force: true });
  };
  // Who presses Ctrl-C, or closes the terminal, leaves no servers behind.
  const interrupted = (): void => void close().finally(() => process.exit(130));
  for (const signal of END_SIGNALS) process.once(signal, interrupted);
  return {
    folder,
    redisUrl: redis.url,
    durability: `Postgres ${settings?.version}, fsync ${settings?.fsync}, synchronous_commit ${settings?.commits}`,
    createDatabase: async (name) => {
      await ask(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
      return urlOf(name);
    },
    dropDatabase: async (name) => void (await ask(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
    close,
  };
}

async function query(url: string, statement: string): Promise<Record<string, string>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

/** A run that was killed cannot clean up after itself: the next one does it for all whose process is gone. */
async function removeLeftovers(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const owner = new RegExp(`^${FOLDER}(\\d+)-`).exec(name);
    if (!owner || isAlive(Number(owner[1]))) continue;
    const folder = join(tmpdir(), name);
    await stopPostgresLeftIn(folder);
    await stopRedisLeftIn(folder);
    rmSync(folder, { recursive: true, force: true });
  }
}
