/** Two instances over a real Redis: each sees who waits at the other, and both measure as closely as one was told. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, startRedisServer, type TestDatabase, type TestRedis } from "../../testing/stack.ts";
import { createEngine, type RunningEngine } from "../create-engine.ts";
import { HEARTBEAT_MS } from "./instances.ts";

const CALL = { timeoutMs: 5_000, traceId: "0".repeat(32) };

let database: TestDatabase;
let redis: TestRedis;
let here: RunningEngine;
let there: RunningEngine;

beforeAll(async () => {
  database = await createDatabase();
  redis = await startRedisServer();
  here = await createEngine({ databaseUrl: database.url, redisUrl: redis.url });
  there = await createEngine({ databaseUrl: database.url, redisUrl: redis.url });
});

afterAll(async () => {
  await here?.close();
  await there?.close();
  await redis?.stop();
  await database?.drop();
});

const seenFromThere = () => there.engine.instances().find(({ instance }) => instance === here.engine.instance);

test("the sampling rate set at one instance is followed by the other, and who waits at one is seen at the other", async () => {
  await expect.poll(() => seenFromThere()?.alive, { timeout: 3 * HEARTBEAT_MS }).toBe(true);
  there.engine.setSampling(1);
  await expect.poll(() => here.engine.profile.sampleEvery, { timeout: 3 * HEARTBEAT_MS }).toBe(1);

  const names = { en: "noodles", "zh-CN": "面" };
  await here.engine.createDish({ dishId: "noodles", storeId: "s", names, priceCents: 100, supplied: 1_000, actor: "test", actionKey: "make noodles" }, CALL);
  const orders = Array.from({ length: 100 }, (_, n) => ({ txId: `t${n}`, storeId: "s", lines: [{ dishId: "noodles", quantity: 1 }], orderId: `t${n}`, couponId: null, ttlSeconds: 900 }));
  // Two waves: the second comes while the first one's batch is in flight.
  await Promise.all(orders.map(async (order, n) => {
    if (n >= 50) await new Promise<void>((later) => setImmediate(later));
    return here.engine.try(order, CALL);
  }));
  const windows = () => [seenFromThere()?.contention, ...(seenFromThere()?.longer ?? [])];
  await expect.poll(() => windows().filter((window) => window?.dishes.some(({ dishId, waits }) => dishId === "noodles" && waits >= 100)).length, { timeout: 8 * HEARTBEAT_MS }).toBeGreaterThanOrEqual(2);
  expect(seenFromThere()).toMatchObject({ sampling: { every: 1, by: there.engine.instance } });
  expect(seenFromThere()?.batchSizes.sum).toBeGreaterThanOrEqual(100);
}, 30_000);
