import { spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Writable } from "node:stream";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createFolder } from "../testing/stack.ts";
import { type EmbeddedServer, startPostgres, stopPostgresLeftIn } from "./postgres.ts";
import { postgresFiles } from "./postgres-files.ts";
import { isAlive, pidIsTaken, processesIn, waitFor } from "./processes.ts";

let dir: string;

beforeEach(() => {
  dir = createFolder();
});

afterEach(async () => {
  await stopPostgresLeftIn(dir);
});

const start = () => startPostgres({ dir, durable: false });

async function query(server: EmbeddedServer, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: server.url });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function startWithMenu(): Promise<EmbeddedServer> {
  const server = await start();
  await query(server, "CREATE TABLE menu (dish text); INSERT INTO menu VALUES ('dumplings')");
  return server;
}

const expectMenu = async (server: EmbeddedServer) => expect(await query(server, "SELECT dish FROM menu")).toEqual([{ dish: "dumplings" }]);

describe("the embedded Postgres", () => {
  test("keeps its data and its URL over a stop", async () => {
    const first = await startWithMenu();
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);
    const second = await start();
    expect(second).toMatchObject({ url: first.url, adopted: false });
    await expectMenu(second);
  });

  test("left running by a killed app, it is taken over", async () => {
    const first = await startWithMenu();
    const second = await start();
    expect(second).toMatchObject({ pid: first.pid, url: first.url, adopted: true });
    await expectMenu(second);
  });

  test("killed itself, it comes back with everything that was committed", async () => {
    const first = await startWithMenu();
    process.kill(first.pid, "SIGKILL");
    await waitFor(5_000, () => (isAlive(first.pid) ? undefined : true));
    expect(existsSync(join(dir, "postgres/postmaster.pid"))).toBe(true);
    const second = await start();
    expect(second.adopted).toBe(false);
    await expectMenu(second);
  });

  test("a stale pid file that names somebody else's process stops nobody and hinders nobody", async () => {
    const first = await startWithMenu();
    process.kill(first.pid, "SIGKILL");
    await waitFor(5_000, () => (processesIn(join(dir, "postgres")).length === 0 ? true : undefined));
    const pidFile = join(dir, "postgres/postmaster.pid");
    const lines = readFileSync(pidFile, "utf8").split("\n");
    writeFileSync(pidFile, [String(process.pid), ...lines.slice(1)].join("\n"));
    await expectMenu(await start());
  });

  test.skipIf(process.platform !== "linux")("a stale pid file whose process has ended, but was not waited for, does not hinder the next start", async () => {
    const first = await startWithMenu();
    process.kill(first.pid, "SIGKILL");
    await waitFor(5_000, () => (processesIn(join(dir, "postgres")).length === 0 ? true : undefined));
    // A shell waits for its children; what it becomes does not. So the child ends after that, when its input does.
    const parent = spawn("sh", ["-c", "cat <&3 >/dev/null & echo $!; exec sleep 60 3<&-"], { stdio: ["ignore", "pipe", "ignore", "pipe"] });
    try {
      const zombie = Number(await new Promise((resolve) => parent.stdout?.once("data", resolve)));
      await waitFor(5_000, () => (readFileSync(`/proc/${parent.pid}/comm`, "utf8") === "sleep\n" ? true : undefined));
      (parent.stdio[3] as Writable).end();
      await waitFor(5_000, () => (isAlive(zombie) ? undefined : true));
      expect(pidIsTaken(zombie)).toBe(true);
      const pidFile = join(dir, "postgres/postmaster.pid");
      const lines = readFileSync(pidFile, "utf8").split("\n");
      writeFileSync(pidFile, [String(zombie), ...lines.slice(1)].join("\n"));
      await expectMenu(await start());
    } finally {
      parent.kill("SIGKILL");
    }
  });

  test("with other settings than today's, it is replaced", async () => {
    const first = await startWithMenu();
    const second = await startPostgres({ dir, durable: false, connectionsMax: 50 });
    expect(second.adopted).toBe(false);
    expect(isAlive(first.pid)).toBe(false);
    expect(await query(second, "SHOW max_connections")).toEqual([{ max_connections: "50" }]);
    await expectMenu(second);
  });

  test("a broken-off making of the cluster is begun again", async () => {
    mkdirSync(join(dir, "postgres.new-1"));
    writeFileSync(join(dir, "postgres.new-1/PG_VERSION"), "18\n");
    expect(await query(await start(), "SELECT 1 AS one")).toEqual([{ one: 1 }]);
    expect(existsSync(join(dir, "postgres.new-1"))).toBe(false);
  });

  test("a lost password is replaced, the data stays", async () => {
    await (await startWithMenu()).stop();
    unlinkSync(join(dir, "postgres.password"));
    const server = await start();
    await expectMenu(server);
    expect(server.url).toContain(readFileSync(join(dir, "postgres.password"), "utf8").trim());
  });

  test("a cluster that is not whole, or another version's, is left alone with one sentence", async () => {
    await (await startWithMenu()).stop();
    writeFileSync(join(dir, "postgres/PG_VERSION"), "17\n");
    await expect(start()).rejects.toThrow(/was made by Postgres 17.*is 18: dump and restore it, or delete it/);
    unlinkSync(join(dir, "postgres/PG_VERSION"));
    await expect(start()).rejects.toThrow(/is not a whole Postgres cluster: restore it from a backup, or delete it/);
    expect(existsSync(join(dir, "postgres/base"))).toBe(true);
  });

  test("lets nobody in without the password, and keeps it from other users", async () => {
    const server = await start();
    expect(statSync(join(dir, "postgres.password")).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, "postgres")).mode & 0o777).toBe(0o700);
    const url = new URL(server.url);
    url.password = "guess";
    await expect(query({ ...server, url: url.href }, "SELECT 1")).rejects.toThrow(/password authentication failed/);
    expect(await query(server, "SHOW listen_addresses")).toEqual([{ listen_addresses: "127.0.0.1" }]);
  });

  test("keeps what it commits on disk before it says so, unless told otherwise", async () => {
    const server = await startPostgres({ dir });
    const settings = "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes') ORDER BY name";
    expect((await query(server, settings)).map((row) => row.setting)).toEqual(["on", "on", "on"]);
    expect(await query(server, "SHOW shared_preload_libraries")).toEqual([{ shared_preload_libraries: "pg_stat_statements" }]);
  });

  test("its programs run although npm made none of their library links", () => {
    const { postgres } = postgresFiles();
    const link = join(postgres, "../../lib/libecpg.so.6");
    rmSync(link);
    postgresFiles();
    expect(existsSync(link)).toBe(true);
  });

  test("a log that has grown is put aside, not lost", async () => {
    await (await start()).stop();
    appendFileSync(join(dir, "postgres.log"), "x".repeat(11 * 1024 * 1024));
    await start();
    expect(statSync(join(dir, "postgres.log")).size).toBeLessThan(100_000);
    expect(statSync(join(dir, "postgres.log.1")).size).toBeGreaterThan(10_000_000);
  });
});
