/**
 * Several instances on one Redis and one Postgres. The full size is `npx tsx scripts/prove-instances.ts`.
 */
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { proveInstances } from "../testing/instances-proof.ts";
import { startLocalInstance } from "../testing/instances.ts";
import { createDatabase, startRedisServer, type TestDatabase, type TestRedis } from "../testing/stack.ts";
import { createEngine, type RunningEngine } from "./create-engine.ts";
import { isEngineError } from "./kernel/errors.ts";
import type { TryRequest } from "./kernel/types.ts";

let database: TestDatabase;
let redis: TestRedis;

beforeAll(async () => {
  [database, redis] = await Promise.all([createDatabase(), startRedisServer()]);
});
afterAll(async () => {
  await redis.stop();
  await database.drop();
});

test("three instances sell one dish: no portion twice, every answer kept, one take a batch, and they agree when it is over", async () => {
  const stores = { databaseUrl: database.url, redisUrl: redis.url };
  const verdict = await proveInstances({ ...stores, start: startLocalInstance, instances: 3, portions: 500, trys: 1_500, customers: 64, seed: 7 });
  expect(verdict.wrong).toEqual([]);
  expect(verdict.told.CONFIRMED).toBeGreaterThan(0);
  expect(verdict.refused.SOLD_OUT).toBeGreaterThan(0);
});

describe("a storm on the last fifty portions, at two instances", () => {
  /** Promised: a tenth of a statement for an accepted Try. */
  const STATEMENTS_PER_ACCEPTED = 0.1;
  const PORTIONS = 50;
  const CALL = { timeoutMs: 5_000, traceId: "0".repeat(32) };
  let sql: pg.Client;
  let engines: RunningEngine[];

  beforeAll(async () => {
    sql = new pg.Client({ connectionString: database.url });
    await sql.connect();
    await sql.query("CREATE EXTENSION IF NOT EXISTS pg_stat_statements");
    engines = [];
    for (let n = 0; n < 2; n++) engines.push(await createEngine({ databaseUrl: database.url, redisUrl: redis.url }));
    return async () => {
      for (const { close } of engines) await close();
      await sql.end();
    };
  });

  /** 400 baskets, one or two dishes each, and a hundred of them a second time: in one order for every run of a name. */
  function baskets(name: string): TryRequest[] {
    const first = Array.from({ length: 400 }, (_, n) => {
      const txId = `${name}-${n}`;
      const lines = n % 2 === 0 ? [{ dishId: `${name}-last`, quantity: 1 }] : [{ dishId: `${name}-many`, quantity: 2 }, { dishId: `${name}-last`, quantity: 1 }];
      return { txId, storeId: name, orderId: txId, couponId: null, ttlSeconds: 900, lines };
    });
    const all = [...first, ...first.filter((_, n) => n % 4 === 0)];
    return all.map((basket, n) => ({ basket, place: (n * 193) % 500 })).sort((a, b) => a.place - b.place).map(({ basket }) => basket);
  }

  /** Everything that both instances asked the database meanwhile. */
  async function statementsIn(work: () => Promise<unknown>): Promise<{ statements: Record<string, number> }> {
    await sql.query("SELECT pg_stat_statements_reset(0, (SELECT oid FROM pg_database WHERE datname = current_database()), 0)");
    await work();
    const { rows } = await sql.query<{ query: string; calls: number }>(
      `SELECT left(query, 60) AS query, calls::int FROM pg_stat_statements JOIN pg_database ON oid = dbid
        WHERE datname = current_database() AND query NOT LIKE '%pg_stat_statements%'`,
    );
    return { statements: Object.fromEntries(rows.map(({ query, calls }) => [query, calls])) };
  }

  /** Every answer of a storm, and what it cost. */
  async function storm(name: string): Promise<{ answers: Map<string, string[]>; statements: Record<string, number> }> {
    const answers = new Map<string, string[]>();
    const ask = async (basket: TryRequest, n: number) => {
      const { engine } = engines[n % 2] as RunningEngine;
      const answer = await engine.try(basket, CALL).then(
        ({ state }) => state,
        (error: unknown) => (isEngineError(error) ? error.code : String(error)),
      );
      answers.set(basket.txId, [...(answers.get(basket.txId) ?? []), answer]);
    };
    const { statements } = await statementsIn(() => Promise.all(baskets(name).map(ask)));
    return { answers, statements };
  }

  async function supply(name: string): Promise<void> {
    for (const [dish, supplied] of [["last", PORTIONS], ["many", 100_000]] as const) {
      const dishId = `${name}-${dish}`;
      const made = { dishId, storeId: name, names: { en: dish, "zh-CN": dish }, priceCents: 1, supplied, actor: "test", actionKey: dishId };
      await (engines[0] as RunningEngine).engine.createDish(made, CALL);
    }
  }

  test.each(["first", "second", "third"])("sells each once, answers every duplicate as the first, and asks the database a handful of times (%s storm)", async (name) => {
    await supply(name);
    const { answers, statements } = await storm(name);
    const { rows } = await sql.query("SELECT available, frozen, sold FROM dishes WHERE dish_id = $1", [`${name}-last`]);
    expect(rows).toEqual([{ available: 0, frozen: PORTIONS, sold: 0 }]);
    expect(answers.size).toBe(400);
    for (const [txId, given] of answers) expect(new Set(given), txId).toHaveLength(1);
    const all = [...answers.values()].map(([answer]) => answer);
    expect(all.filter((answer) => answer === "RESERVED")).toHaveLength(PORTIONS);
    expect(all.filter((answer) => answer === "SOLD_OUT")).toHaveLength(400 - PORTIONS);
    // Everything: what they ask now and then has to fit in, too.
    const asked = Object.values(statements).reduce((sum, calls) => sum + calls, 0);
    expect(asked / PORTIONS, JSON.stringify(statements)).toBeLessThanOrEqual(STATEMENTS_PER_ACCEPTED);
  });

  test("and between storms both together ask hardly more than one question in three seconds", async () => {
    const seconds = 6;
    const { statements } = await statementsIn(() => new Promise((resolve) => setTimeout(resolve, seconds * 1_000)));
    const asked = Object.values(statements).reduce((sum, calls) => sum + calls, 0);
    expect(asked, JSON.stringify(statements)).toBeGreaterThanOrEqual(1); // it is still asked
    expect(asked, JSON.stringify(statements)).toBeLessThanOrEqual(4);
  });
});
