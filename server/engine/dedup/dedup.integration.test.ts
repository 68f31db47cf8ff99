/** The deduplication on its real parts: keys in Postgres, filters in memory and in Redis, two instances. */
import { Redis } from "ioredis";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, startRedisServer, type TestDatabase, type TestRedis } from "../../testing/stack.ts";
import { realClock } from "../kernel/clock.ts";
import { seededRandom } from "../kernel/random.ts";
import { Dedup } from "./dedup.ts";
import { MemoryFilter } from "./memory-filter.ts";
import { PostgresTruth } from "./postgres-truth.ts";
import { RedisFilter } from "./redis-filter.ts";
import { deliver, streamOf } from "./testing.ts";

const MESSAGES = 20_000;
const self = (message: string) => message;
let database: TestDatabase;
let server: TestRedis;
let redis: Redis;
let pool: pg.Pool;

beforeAll(async () => {
  database = await createDatabase();
  server = await startRedisServer();
  redis = new Redis(server.url, { maxRetriesPerRequest: 0, commandTimeout: 1_000 });
  redis.on("error", () => {});
  pool = new pg.Pool({ connectionString: database.url, max: 4 });
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
  await pool.end();
  await database.drop();
});

describe("deduplication on Postgres and Redis", () => {
  test(`${MESSAGES} messages with 5 % repeats over a lossy link take effect once each, though Redis is wiped meanwhile`, async () => {
    const random = seededRandom(7);
    const stream = streamOf(MESSAGES, 0.05, random);
    const effects = new Map<string, number>();
    const instances = Array.from({ length: 2 }, () => ({
      dedup: new Dedup(self, [new MemoryFilter(500), new RedisFilter(redis, "test:", "feed", realClock)]),
      truth: new PostgresTruth(pool, "feed"),
    }));
    const startedAtMs = realClock.monotonicMs();
    const delivered = await deliver(stream, { loss: 0.03, twice: 0.02, reorderWithin: 2_000 }, random, 2, async (instance, batch) => {
      const { dedup, truth } = instances[instance] as (typeof instances)[number];
      if (random.next() < 0.02) await redis.flushall();
      const firsts = await dedup.once(batch, (messages) => truth.record(messages));
      batch.forEach((key, place) => firsts[place] && effects.set(key, (effects.get(key) ?? 0) + 1));
    });
    const seconds = (realClock.monotonicMs() - startedAtMs) / 1_000;
    const residual = [...effects.values()].reduce((sum, times) => sum + times - 1, 0);
    const filtered = instances.reduce((sum, { dedup }) => sum + dedup.counters.filtered, 0);
    console.info(`${delivered.arrived} arrivals in ${seconds.toFixed(1)} s (${Math.round(delivered.arrived / seconds)}/s): ${residual} residual duplicates, ${filtered} repeats stopped by filters`);
    expect(residual).toBe(0);
    expect(effects.size).toBe(new Set(stream).size);
    expect(filtered).toBeGreaterThan(0);
  });

  test("two instances that hear of one message at once: it takes effect in one", async () => {
    const [one, other] = [new PostgresTruth(pool, "race"), new PostgresTruth(pool, "race")];
    const keys = Array.from({ length: 200 }, (_, i) => `k${i}`);
    const answers = await Promise.all([one.record(keys), other.record([...keys].reverse())]);
    const [a, b] = answers as [boolean[], boolean[]];
    expect(a.map((first, place) => Number(first) + Number(b[keys.length - 1 - place]))).toEqual(keys.map(() => 1));
  });

  test("consumers do not share keys", async () => {
    expect(await new PostgresTruth(pool, "a").record(["x", "x"])).toEqual([true, false]);
    expect(await new PostgresTruth(pool, "b").record(["x"])).toEqual([true]);
  });

  test("Redis remembers for all instances, and only what it was told", async () => {
    const filters = [new RedisFilter(redis, "test:", "c", realClock), new RedisFilter(redis, "test:", "c", realClock)] as const;
    await filters[0].remember(["x", "y"]);
    expect(await filters[1].known(["x", "y", "z"])).toEqual([true, true, false]);
    expect(await new RedisFilter(redis, "test:", "d", realClock).known(["x"])).toEqual([false]);
    expect(await new RedisFilter(redis, "other:", "c", realClock).known(["x"])).toEqual([false]);
  });
});
