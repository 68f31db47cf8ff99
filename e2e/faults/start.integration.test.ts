/** A start that meets trouble. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { startInstance } from "../../server/testing/instances.ts";
import { createDatabase, startRedisServer, type TestDatabase, type TestRedis } from "../../server/testing/stack.ts";
import { FaultProxy } from "./proxy.ts";

let database: TestDatabase;
let redis: TestRedis;
let proxy: FaultProxy;

beforeEach(async () => {
  [database, redis] = await Promise.all([createDatabase(), startRedisServer()]);
  proxy = await FaultProxy.to(Number(new URL(database.url).port));
});
afterEach(async () => {
  await proxy.close();
  await redis.stop();
  await database.drop();
});

test("a server that is started while the database refuses waits for it, and does not end without a word", async () => {
  const through = new URL(database.url);
  through.port = String(proxy.port);
  proxy.be("refused");
  const starting = startInstance({ databaseUrl: through.href, redisUrl: redis.url });
  const early = await Promise.race([starting.then(() => "ready", (error: Error) => error.message), proxy.refused(3).then(() => "waiting")]);
  expect(early).toBe("waiting");
  proxy.be("open");
  const instance = await starting;
  expect((await instance.stats()).lock.batches).toBe(0);
  await instance.stop();
});
