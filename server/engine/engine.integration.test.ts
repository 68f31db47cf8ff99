/** The engine on real Postgres and Redis: several instances, one stock. */
import { Redis } from "ioredis";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, startRedisServer, type TestDatabase, type TestRedis } from "../testing/stack.ts";
import { createEngine, type RunningEngine } from "./create-engine.ts";
import { isEngineError } from "./kernel/errors.ts";
import { seededRandom, pick } from "./kernel/random.ts";

const CALL = { timeoutMs: 5_000, traceId: "0".repeat(32) };
const MENU_MAX = 1_000_000;

let database: TestDatabase;
let redis: TestRedis;
let sql: pg.Pool;
const engines: RunningEngine[] = [];

beforeAll(async () => {
  database = await createDatabase();
  redis = await startRedisServer();
  sql = new pg.Pool({ connectionString: database.url, max: 2 });
  for (let i = 0; i < 2; i++) engines.push(await createEngine({ databaseUrl: database.url, redisUrl: redis.url }));
});

afterAll(async () => {
  for (const { close } of engines) await close();
  await sql?.end();
  await redis?.stop();
  await database?.drop();
});

const engine = (instance: number) => (engines[instance % engines.length] as RunningEngine).engine;

async function dish(dishId: string, supplied: number): Promise<void> {
  const names = { en: dishId, "zh-CN": dishId };
  await engine(0).createDish({ dishId, storeId: "s", names, priceCents: 100, supplied, actor: "test", actionKey: `make ${dishId}` }, CALL);
}

const basket = (txId: string, lines: [dishId: string, quantity: number][], ttlSeconds = 900) => ({
  txId,
  storeId: "s",
  lines: lines.map(([dishId, quantity]) => ({ dishId, quantity })),
  orderId: txId,
  couponId: null,
  ttlSeconds,
});

async function row(dishId: string): Promise<{ supplied: number; available: number; frozen: number; sold: number; reserved: number }> {
  const { rows } = await sql.query(
    `SELECT supplied, available, frozen, sold, (SELECT coalesce(sum(quantity), 0)::int FROM reservations r WHERE r.dish_id = d.dish_id AND r.state = 'RESERVED') AS reserved
     FROM dishes d WHERE dish_id = $1`,
    [dishId],
  );
  return rows[0];
}

const code = (error: unknown): string => (isEngineError(error) ? error.code : String(error));

describe("two instances on one Postgres and one Redis", () => {
  test("500 concurrent Trys for 50 portions reserve exactly 50, and every duplicate hears the first answer", async () => {
    await dish("hot", 50);
    await dish("side", MENU_MAX);
    const random = seededRandom(86);
    const requests = Array.from({ length: 400 }, (_, i) =>
      basket(`rush-${i}`, random.next() < 0.5 ? [["hot", 1]] : [["side", 1], ["hot", 1]]),
    );
    const calls = [...requests, ...Array.from({ length: 100 }, () => pick(random, requests))];
    const answers = await Promise.all(
      calls.map((request, i) =>
        engine(i).try(request, CALL).then(
          (answer) => ({ txId: request.txId, code: "ok", body: JSON.stringify([answer.lines, answer.expiresAtMs, answer.state]) }),
          (error) => ({ txId: request.txId, code: code(error), body: "" }),
        ),
      ),
    );
    const accepted = new Map<string, Set<string>>();
    for (const { txId, code: outcome, body } of answers) {
      expect(["ok", "SOLD_OUT"]).toContain(outcome);
      if (outcome === "ok") accepted.set(txId, (accepted.get(txId) ?? new Set()).add(body));
    }
    expect(accepted.size).toBe(50);
    for (const bodies of accepted.values()) expect(bodies.size).toBe(1);
    expect(await row("hot")).toEqual({ supplied: 50, available: 0, frozen: 50, sold: 0, reserved: 50 });
    // A duplicate of an accepted Try is never told "sold out", whichever instance it reached.
    for (const { txId, code: outcome } of answers) if (accepted.has(txId)) expect(outcome).toBe("ok");
  });

  test("a portion given back through one instance sells through the other", async () => {
    await dish("last", 1);
    await engine(0).try(basket("last-1", [["last", 1]]), CALL);
    await expect(engine(1).try(basket("last-2", [["last", 1]]), CALL)).rejects.toMatchObject({ code: "SOLD_OUT" });
    await engine(0).cancel("last-1", CALL);
    await expect.poll(() => engine(1).try(basket("last-3", [["last", 1]]), CALL).then(({ state }) => state, code), { timeout: 2_000 }).toBe("RESERVED");
  });

  test("of a confirm here and a cancel there exactly one succeeds", async () => {
    await dish("race", 100);
    for (let i = 0; i < 20; i++) {
      await engine(i).try(basket(`race-${i}`, [["race", 1]]), CALL);
      const [confirmed, cancelled] = await Promise.allSettled([engine(0).confirm(`race-${i}`, CALL), engine(1).cancel(`race-${i}`, CALL)]);
      expect([confirmed.status, cancelled.status].filter((status) => status === "fulfilled").length).toBe(1);
    }
    const { available, frozen, sold } = await row("race");
    expect(available + sold).toBe(100);
    expect(frozen).toBe(0);
  });

  test("a cancel that comes before its Try fences it, on either instance", async () => {
    await dish("fenced", 5);
    await engine(0).cancel("early", CALL);
    await expect(engine(1).try(basket("early", [["fenced", 1]]), CALL)).rejects.toMatchObject({ code: "LATE_TRY" });
    expect((await row("fenced")).available).toBe(5);
  });

  test("a reservation whose time is up is expired by a sweep, and its payment reserves it again", async () => {
    await dish("timed", 1);
    await engine(0).try(basket("timed-1", [["timed", 1]], 1), CALL);
    await expect.poll(async () => (await row("timed")).available, { timeout: 6_000 }).toBe(1);
    await expect(engine(1).confirm("timed-1", CALL)).resolves.toEqual({ txId: "timed-1", state: "CONFIRMED" });
    expect(await row("timed")).toMatchObject({ available: 0, sold: 1 });
  });

  test("with Redis flushed in between, nothing is oversold and what is there still sells", async () => {
    await dish("flushed", 20);
    const client = new Redis(redis.url);
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        if (i % 10 === 0) await client.flushall();
        return engine(i).try(basket(`flushed-${i}`, [["flushed", 1]]), CALL).then(() => "ok", code);
      }),
    );
    client.disconnect();
    expect(outcomes.filter((outcome) => outcome === "ok").length).toBe(20);
    expect(await row("flushed")).toMatchObject({ available: 0, frozen: 20, reserved: 20 });
  });

  test("an older, lower snapshot of Redis restored in between costs no sale and oversells nothing", async () => {
    await dish("rolled", 3);
    for (let i = 0; i < 3; i++) await engine(i).try(basket(`rolled-a${i}`, [["rolled", 1]]), CALL);
    const client = new Redis(redis.url);
    const keys = (await client.keys("*cell*rolled*")).sort();
    const snapshot = await Promise.all(keys.map((key) => client.dumpBuffer(key)));
    await engine(0).change({ dishId: "rolled", kind: "RESTOCK", quantity: 20, reason: null, actor: "test", actionKey: "more rolled" }, CALL);
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        if (i % 10 === 0) await Promise.all(keys.map((key, k) => client.restore(key, 0, snapshot[k] as Buffer, "REPLACE")));
        return engine(i).try(basket(`rolled-b${i}`, [["rolled", 1]]), CALL).then(() => "ok", code);
      }),
    );
    client.disconnect();
    expect(keys.length).toBeGreaterThan(0);
    expect(outcomes.filter((outcome) => outcome === "ok").length).toBe(20);
    expect(outcomes.filter((outcome) => outcome === "SOLD_OUT").length).toBe(20);
    expect(await row("rolled")).toMatchObject({ available: 0, frozen: 23, reserved: 23 });
  });

  test("with nothing in flight nothing stays promised", async () => {
    for (const { engine: instance } of engines) expect(instance.admittedTotal()).toBe(0);
  });
});
