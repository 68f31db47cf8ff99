/**
 * The Postgres and the Redis that the server works with: embedded ones, or those of the URLs it was given.
 * It answers for one thing, that both answer before anything else begins; later trouble is the engine's.
 */
import { Redis } from "ioredis";
import pg from "pg";
import { type EmbeddedServer, startPostgres } from "./postgres.ts";
import { startRedis } from "./redis.ts";
import { StartError } from "./start-error.ts";

const CONNECT_MS_MAX = 5_000;
const REFUSED_PASSWORD = new Set(["28P01", "28000"]);
const NO_SUCH_DATABASE = "3D000";
const STARTING_UP = "57P03";

export interface Stores {
  databaseUrl: string;
  redisUrl: string;
  embedded: boolean;
  /** Stops what was started here. */
  close(): Promise<void>;
}

export interface EmbeddedStoresOptions {
  dataDir: string;
  cacheDir: string;
  progress: (sentence: string) => void;
}

/**
 * The caller holds `dataDir` (data-folder.ts).
 * @throws StartError when a server cannot be had.
 */
export async function openEmbeddedStores({ dataDir, cacheDir, progress }: EmbeddedStoresOptions): Promise<Stores> {
  const [postgres, redis] = await Promise.allSettled([startPostgres({ dir: dataDir, progress }), startRedis({ dir: dataDir, cacheDir, progress })]);
  const started = [postgres, redis].flatMap((start) => (start.status === "fulfilled" ? [start.value] : []));
  if (postgres.status === "rejected" || redis.status === "rejected") {
    await closeAll(started);
    throw postgres.status === "rejected" ? postgres.reason : (redis as PromiseRejectedResult).reason;
  }
  return {
    databaseUrl: postgres.value.url,
    redisUrl: redis.value.url,
    embedded: true,
    close: () => closeAll(started),
  };
}

/** @throws StartError when one of them does not answer. */
export async function openGivenStores({ databaseUrl, redisUrl }: { databaseUrl: string; redisUrl: string }): Promise<Stores> {
  await checkPostgres(databaseUrl);
  await checkRedis(redisUrl);
  return { databaseUrl, redisUrl, embedded: false, async close() {} };
}

async function closeAll(started: readonly EmbeddedServer[]): Promise<void> {
  const endings = await Promise.allSettled(started.map((server) => server.stop()));
  for (const ending of endings) if (ending.status === "rejected") throw ending.reason;
}

async function checkPostgres(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS_MAX });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("SELECT 1");
  } catch (error) {
    throw new StartError(`DATABASE_URL: ${postgresTrouble(error, url)}.`, { cause: error });
  } finally {
    await client.end().catch(() => {});
  }
}

function postgresTrouble(error: unknown, url: string): string {
  const { code, message } = error as { code?: string; message: string };
  const { host, pathname, username } = new URL(url);
  if (code && REFUSED_PASSWORD.has(code)) return `Postgres at ${host} refuses the user "${decodeURIComponent(username)}" with this password`;
  if (code === NO_SUCH_DATABASE) return `Postgres at ${host} has no database "${decodeURIComponent(pathname.slice(1))}"`;
  if (code === STARTING_UP) return `Postgres at ${host} is still starting`;
  return `no Postgres answers at ${host} (${code ?? message})`;
}

async function checkRedis(url: string): Promise<void> {
  let trouble: Error | undefined;
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_MS_MAX,
    commandTimeout: CONNECT_MS_MAX,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  client.on("error", (error) => {
    trouble ??= error;
  });
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    throw new StartError(`REDIS_URL: ${redisTrouble(trouble ?? (error as Error), url)}.`, { cause: error });
  } finally {
    client.disconnect();
  }
}

function redisTrouble(error: Error & { code?: string }, url: string): string {
  const { host } = new URL(url);
  if (/WRONGPASS|NOAUTH|invalid password/i.test(error.message)) return `Redis at ${host} refuses this password`;
  return `no Redis answers at ${host} (${error.code ?? error.message})`;
}
