import { existsSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { io } from "socket.io-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isAlive, processesIn, waitFor } from "./embedded/processes.ts";
import { stopPostgresLeftIn } from "./embedded/postgres.ts";
import { stopRedisLeftIn } from "./embedded/redis.ts";
import { type Application, failToStart, startApplication } from "./testing/application.ts";
import { createDatabase, createFolder, startRedisServer, type TestDatabase, type TestRedis } from "./testing/stack.ts";

const serverPid = (dataDir: string, file: string) => Number(readFileSync(join(dataDir, file), "utf8").split("\n")[0]);
const serverPids = (dataDir: string) => [serverPid(dataDir, "postgres/postmaster.pid"), serverPid(dataDir, "redis/redis.pid")];
/** What is said besides the progress of set-up, which is indented. */
const said = (output: string) => output.split("\n").filter((line) => line.trim() && !line.startsWith("  "));

async function health(url: string): Promise<unknown> {
  return (await fetch(`${url}/api/health`)).json();
}

/** 503 means "ask again": a machine under load may take longer for its first query than a request may wait. */
async function getDishes(application: Application): Promise<number> {
  const ask = () => fetch(`${application.url}/api/v1/dishes?limit=1`, { headers: { authorization: `Bearer ${application.firstRun.apiKey}` } });
  const status = await waitFor(10_000, async () => {
    const answer = await ask();
    return answer.status === 503 ? undefined : answer.status;
  });
  return status ?? 503;
}

async function signIn({ url, firstRun }: Application): Promise<string> {
  const answer = await fetch(`${url}/api/auth/sign-in`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: url },
    body: JSON.stringify(firstRun.operator),
  });
  expect(answer.status).toBe(200);
  return answer.headers.getSetCookie().map((cookie) => cookie.split(";")[0]).join("; ");
}

describe("an installation with its own servers", () => {
  let dataDir: string;
  let application: Application;

  beforeAll(async () => {
    dataDir = join(createFolder(), "data");
    application = await startApplication({ dataDir });
  }, 200_000);

  afterAll(async () => {
    await application.kill();
    await stopPostgresLeftIn(dataDir);
    await stopRedisLeftIn(dataDir);
  });

  test("says on its first run where it is and how to get in, and keeps that from other users", async () => {
    const { firstRun } = application;
    expect(application.output()).toContain(`Eightysix is ready: ${application.url}`);
    for (const secret of [firstRun.operator.email, firstRun.operator.password, firstRun.apiKey]) expect(application.output()).toContain(secret);
    expect(statSync(join(dataDir, "first-run.json")).mode & 0o777).toBe(0o600);
    expect(firstRun).toMatchObject({ url: application.url, databaseUrl: expect.stringMatching(/^postgresql:/), redisUrl: expect.stringMatching(/^redis:/) });
    expect(await health(application.url)).toEqual({ status: "ok" });
    expect(await getDishes(application)).toBe(200);
  });

  test("serves pages, with their security headers", async () => {
    const answer = await fetch(`${application.url}/sign-in`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'self'");
    expect(await answer.text()).toContain("<html");
  });

  test("an operator's socket opens by websocket and stays when pages are asked for", async () => {
    const cookie = await signIn(application);
    const socket = io(application.url, { transports: ["websocket"], extraHeaders: { cookie, origin: application.url }, reconnection: false });
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once("connect", resolve);
        socket.once("connect_error", reject);
      });
      await fetch(`${application.url}/`); // Next attaches its upgrade listener with the first page
      const pulse = new Promise<void>((resolve, reject) => {
        socket.once("disconnect", (reason) => reject(new Error(reason)));
        let pulses = 0;
        socket.on("pulse", () => ++pulses === 3 && resolve());
      });
      await pulse;
      expect(socket.io.engine.transport.name).toBe("websocket");
    } finally {
      socket.disconnect();
    }
  });

  test("a second start on the same folder says so and fails, and the first goes on", async () => {
    const { exitCode, output } = await failToStart({ dataDir });
    expect(exitCode).toBe(1);
    expect(said(output)).toEqual([`Eightysix already runs on ${dataDir} (process ${application.pid}): stop it first, or give this one another DATA_DIR.`]);
    expect(await health(application.url)).toEqual({ status: "ok" });
  });

  test("after kill -9 it starts again on the same servers, with the same keys and sessions", async () => {
    const cookie = await signIn(application);
    const pids = serverPids(dataDir);
    const { firstRun } = application;
    await application.kill();
    expect(pids.every(isAlive)).toBe(true);
    application = await startApplication({ dataDir });
    expect(serverPids(dataDir)).toEqual(pids);
    expect(application.firstRun).toEqual({ ...firstRun, url: application.url });
    expect(application.output()).not.toContain(firstRun.operator.password);
    expect(await getDishes(application)).toBe(200);
    const session = await fetch(`${application.url}/api/auth/session`, { headers: { cookie } });
    expect(session.status).toBe(200);
  });

  test("after kill -9 of everything it starts again with what was committed", async () => {
    const pids = serverPids(dataDir);
    await application.kill();
    for (const pid of pids) process.kill(pid, "SIGKILL");
    application = await startApplication({ dataDir });
    expect(await getDishes(application)).toBe(200);
  });

  test("a stop finishes within 10 s, leaves nothing running, and exits 0", async () => {
    const pids = serverPids(dataDir);
    const askedAtMs = performance.now();
    expect(await application.stop()).toBe(0);
    expect(performance.now() - askedAtMs).toBeLessThan(10_000);
    expect(pids.some(isAlive)).toBe(false);
    expect(processesIn(join(dataDir, "postgres"))).toEqual([]);
    expect(existsSync(join(dataDir, "lock"))).toBe(false);
    application = await startApplication({ dataDir });
    expect(await getDishes(application)).toBe(200);
    await application.stop();
  });

  test("kill -9 of npm stops what npm started, and the next start waits for it", async () => {
    const throughNpm = await startApplication({ dataDir, throughNpm: true });
    const pids = serverPids(dataDir);
    await throughNpm.kill();
    application = await startApplication({ dataDir });
    expect(pids.some(isAlive)).toBe(false);
    expect(await getDishes(application)).toBe(200);
    await application.stop();
  });

  test("a first run that broke off before it could say the password makes a new one", async () => {
    unlinkSync(join(dataDir, "first-run.json"));
    writeFileSync(join(dataDir, "first-run.unfinished"), "");
    application = await startApplication({ dataDir });
    await signIn(application);
    expect(await getDishes(application)).toBe(200);
    expect(existsSync(join(dataDir, "first-run.unfinished"))).toBe(false);
    await application.stop();
  });

  test("a damaged first-run.json is named in one sentence that says what to delete", async () => {
    writeFileSync(join(dataDir, "first-run.json"), '{"url":');
    const { exitCode, output } = await failToStart({ dataDir });
    expect(exitCode).toBe(1);
    expect(said(output)).toEqual([expect.stringMatching(/first-run\.json is damaged: delete it \(.*\)\.$/)]);
  });

  test("a half-made cluster is begun again, half a cluster is named in one sentence", async () => {
    const folder = join(createFolder(), "data");
    mkdirSync(join(folder, "postgres"), { recursive: true });
    const { exitCode, output } = await failToStart({ dataDir: folder });
    expect(exitCode).toBe(1);
    expect(said(output)).toEqual([expect.stringMatching(/is not a whole Postgres cluster: restore it from a backup, or delete it to begin with an empty one\.$/)]);
    expect(processesIn(join(folder, "redis"))).toEqual([]);
  });
});

describe("an installation with servers of its owner", () => {
  let database: TestDatabase;
  let redis: TestRedis;
  let env: { DATABASE_URL: string; REDIS_URL: string };

  beforeAll(async () => {
    database = await createDatabase();
    redis = await startRedisServer();
    env = { DATABASE_URL: database.url, REDIS_URL: redis.url };
  });

  afterAll(async () => {
    await redis.stop();
    await database.drop();
  });

  test("two instances share them, and only the first makes the way in", async () => {
    const dataDir = createFolder();
    const [one, two] = await Promise.all([startApplication({ dataDir, env }), startApplication({ dataDir, env })]);
    try {
      const cookie = await signIn({ ...one, url: two.url });
      expect(await getDishes({ ...one, url: one.url })).toBe(200);
      expect(await getDishes({ ...one, url: two.url })).toBe(200);
      const session = await fetch(`${one.url}/api/auth/session`, { headers: { cookie } });
      expect(session.status).toBe(200);
      expect(existsSync(join(dataDir, "postgres"))).toBe(false);
    } finally {
      expect(await Promise.all([one.stop(), two.stop()])).toEqual([0, 0]);
    }
    expect(isAlive(redis.pid)).toBe(true);
  });

  test("a port in use is named in one sentence", async () => {
    const squatter = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => squatter.once("listening", resolve));
    const { port } = squatter.address() as AddressInfo;
    const { exitCode, output } = await failToStart({ dataDir: createFolder(), env: { ...env, PORT: String(port) } });
    squatter.close();
    expect(exitCode).toBe(1);
    expect(said(output)).toEqual([`Port ${port} on 127.0.0.1 is in use: stop what listens there, or set PORT to another one.`]);
  });

  test("an unreachable Postgres is named in one sentence, without secrets", async () => {
    const url = new URL(env.DATABASE_URL);
    url.port = "1";
    const { exitCode, output } = await failToStart({ dataDir: createFolder(), env: { ...env, DATABASE_URL: url.href } });
    expect(exitCode).toBe(1);
    expect(said(output)).toEqual(["DATABASE_URL: no Postgres answers at 127.0.0.1:1 (ECONNREFUSED)."]);
  });

  test("a wrong variable is named in one sentence", async () => {
    const { exitCode, output } = await failToStart({ dataDir: createFolder(), env: { PORT: "eighty" } });
    expect(exitCode).toBe(1);
    expect(said(output)).toEqual(['PORT must be a whole number from 0 to 65535; it is "eighty".']);
  });
});
