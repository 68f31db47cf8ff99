/**
 * A Redis of our own in a folder of ours, for a machine that has none. It keeps nothing on disk: losing it loses nothing.
 * It outlives a killed app: the next start finds it by its pid file and its password, and takes it over or replaces it.
 */
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { Redis } from "ioredis";
import { keptSecret, makeFolder, readIfThere, writeWhole } from "./files.ts";
import type { EmbeddedServer } from "./postgres.ts";
import { freePort, isAlive, launchServer, serverEnv, stopProcess, waitFor, worksIn } from "./processes.ts";
import { findRedis, type RedisProgram } from "./redis-program.ts";
import { StartError } from "./start-error.ts";

export interface EmbeddedRedisOptions {
  /** Holds `redis/`, `redis.password`, `redis.port` and `redis.log`. */
  dir: string;
  /** Where a downloaded Redis is kept. */
  cacheDir: string;
  progress?: (sentence: string) => void;
}

const START_WAIT_MS = 15_000;
const ADOPT_WAIT_MS = 2_000;
const START_ATTEMPTS_MAX = 3; // a port can be taken between the look and the start

export async function startRedis(options: EmbeddedRedisOptions): Promise<EmbeddedServer> {
  const dir = makeFolder(resolve(options.dir));
  const home = join(dir, "redis");
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const { secret } = keptSecret(join(dir, "redis.password"));
  const keptPort = Number(readIfThere(join(dir, "redis.port"))) || 0;

  const running = await findRunning(home, keptPort, secret);
  const server = running ?? (await start(dir, home, keptPort, secret, await findRedis(options.cacheDir, options.progress)));
  writeWhole(join(dir, "redis.port"), `${server.port}\n`);
  return {
    url: `redis://:${secret}@127.0.0.1:${server.port}`,
    pid: server.pid,
    adopted: running !== undefined,
    stop: () => stopRedis(server.pid),
  };
}

/** Stops a Redis that an earlier, killed run left behind in `dir`; used to clean up after tests. */
export async function stopRedisLeftIn(dir: string): Promise<void> {
  const home = join(resolve(dir), "redis");
  const pid = readPid(home);
  if (pid && isAlive(pid) && (await worksIn(pid, home))) await stopRedis(pid);
}

function configFile(home: string): string {
  return join(home, "redis.conf");
}

function configText(home: string, port: number, password: string): string {
  return [
    "bind 127.0.0.1",
    `port ${port}`,
    "protected-mode yes",
    `requirepass ${password}`,
    `dir "${home}"`,
    `pidfile "${join(home, "redis.pid")}"`,
    'save ""',
    "appendonly no",
    "maxmemory 256mb",
    "maxmemory-policy noeviction", // a dropped cell would be read again, a dropped hold would be granted twice
    "",
  ].join("\n");
}

function readPid(home: string): number | undefined {
  const pid = Number(readIfThere(join(home, "redis.pid")));
  return Number.isInteger(pid) && pid > 1 ? pid : undefined;
}

interface RunningRedis {
  pid: number;
  port: number;
}

/** What an earlier run left, when it answers to our password and has today's settings; anything else of ours is stopped. */
async function findRunning(home: string, port: number, password: string): Promise<RunningRedis | undefined> {
  const pid = readPid(home);
  if (!pid || !isAlive(pid) || !(await worksIn(pid, home))) return undefined;
  const isCurrent = readIfThere(configFile(home)) === configText(home, port, password);
  if (isCurrent && (await answersAs(pid, port, password))) return { pid, port };
  await stopRedis(pid);
  return undefined;
}

/** True when the server at `port` knows our password and is process `pid`. */
async function answersAs(pid: number, port: number, password: string): Promise<boolean> {
  const client = new Redis({
    host: "127.0.0.1",
    port,
    password,
    lazyConnect: true,
    connectTimeout: ADOPT_WAIT_MS,
    commandTimeout: ADOPT_WAIT_MS,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    return (await client.info("server")).includes(`process_id:${pid}\r\n`);
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}

async function start(dir: string, home: string, keptPort: number, password: string, redis: RedisProgram): Promise<RunningRedis> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort(attempt === 1 ? keptPort : 0);
    writeWhole(configFile(home), configText(home, port, password));
    const server = launchServer(redis.program, [configFile(home)], { cwd: home, env: serverEnv(redis.env) }, join(dir, "redis.log"));
    const pid = await waitFor(START_WAIT_MS, async () => {
      if (server.ended() || server.pid === undefined) return 0;
      return (await answersAs(server.pid, port, password)) ? server.pid : undefined;
    });
    if (pid) return { pid, port };
    if (!server.ended() && server.pid) await stopRedis(server.pid);
    const lastWords = server.lastWords();
    if (attempt === START_ATTEMPTS_MAX || !lastWords.includes("Address already in use")) {
      throw new StartError(`The embedded Redis did not start (${join(dir, "redis.log")}): ${lastWords}`);
    }
  }
}

async function stopRedis(pid: number): Promise<void> {
  const stopped = await stopProcess(pid, [
    { signal: "SIGTERM", waitMs: 3_000 },
    { signal: "SIGKILL", waitMs: 1_000 },
  ]);
  if (!stopped) throw new StartError(`Redis (process ${pid}) cannot be stopped.`);
}
