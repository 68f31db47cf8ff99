import { readFileSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { createFolder } from "../testing/stack.ts";
import { isAlive, waitFor } from "./processes.ts";
import { startRedis, stopRedisLeftIn } from "./redis.ts";

let dir: string;

beforeEach(() => {
  dir = createFolder();
});

afterEach(async () => {
  await stopRedisLeftIn(dir);
});

const start = () => startRedis({ dir, cacheDir: inject("testCacheFolder") });

async function ask<T>(url: string, question: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { lazyConnect: true, enableReadyCheck: false, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  redis.on("error", () => {});
  try {
    await redis.connect();
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}

describe("the embedded Redis", () => {
  test("left running by a killed app, it is taken over", async () => {
    const first = await start();
    await ask(first.url, (redis) => redis.set("dish", "dumplings"));
    const second = await start();
    expect(second).toMatchObject({ pid: first.pid, url: first.url, adopted: true });
    expect(await ask(second.url, (redis) => redis.get("dish"))).toBe("dumplings");
  });

  test("killed itself, it is replaced at the same URL, empty", async () => {
    const first = await start();
    process.kill(first.pid, "SIGKILL");
    await waitFor(5_000, () => (isAlive(first.pid) ? undefined : true));
    const second = await start();
    expect(second).toMatchObject({ url: first.url, adopted: false });
    expect(await ask(second.url, (redis) => redis.dbsize())).toBe(0);
  });

  test("a stale pid file that names somebody else's process stops nobody", async () => {
    const first = await start();
    await first.stop();
    writeFileSync(join(dir, "redis/redis.pid"), `${process.pid}\n`);
    const second = await start();
    expect(second).toMatchObject({ url: first.url, adopted: false });
  });

  test("one that no longer knows our password is replaced", async () => {
    const first = await start();
    unlinkSync(join(dir, "redis.password"));
    const second = await start();
    expect(isAlive(first.pid)).toBe(false);
    expect(await ask(second.url, (redis) => redis.ping())).toBe("PONG");
  });

  test("lets nobody in without the password, and keeps it from other users and from the process list", async () => {
    const server = await start();
    const secret = readFileSync(join(dir, "redis.password"), "utf8").trim();
    expect(statSync(join(dir, "redis.password")).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, "redis/redis.conf")).mode & 0o777).toBe(0o600);
    expect(readFileSync(`/proc/${server.pid}/cmdline`, "utf8")).not.toContain(secret);
    const { port } = new URL(server.url);
    await expect(ask(`redis://127.0.0.1:${port}`, (redis) => redis.get("x"))).rejects.toThrow(/NOAUTH/);
    expect(await ask(server.url, (redis) => redis.config("GET", "bind"))).toEqual(["bind", "127.0.0.1"]);
  });

  test("refuses writes when its memory is full, rather than forgetting a hold", async () => {
    const { url } = await start();
    expect(await ask(url, (redis) => redis.config("GET", "maxmemory-policy"))).toEqual(["maxmemory-policy", "noeviction"]);
    expect(await ask(url, (redis) => redis.config("GET", "maxmemory"))).toEqual(["maxmemory", String(256 * 1024 * 1024)]);
  });
});
