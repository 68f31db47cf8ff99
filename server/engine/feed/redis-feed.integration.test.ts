/** The feed over a real Redis: what it keeps, and what it calls a gap. */
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startRedisServer, type TestRedis } from "../../testing/stack.ts";
import type { Heartbeat } from "./instances.ts";
import type { FeedEntry } from "./live-feed.ts";
import { RedisFeed } from "./redis-feed.ts";

let redis: TestRedis;
const connections: Redis[] = [];

beforeAll(async () => {
  redis = await startRedisServer();
});

afterAll(async () => {
  for (const connection of connections) connection.disconnect();
  await redis?.stop();
});

async function feedOf(instance: string): Promise<{ feed: RedisFeed; writer: Redis }> {
  const [writer, reader] = [new Redis(redis.url), new Redis(redis.url)];
  connections.push(writer, reader);
  await writer.ping();
  return { feed: new RedisFeed(writer, reader, "test:", instance), writer };
}

test("a night of heartbeats stays small, is no gap, and pushes no entry out", async () => {
  const { feed: speaking, writer } = await feedOf("speaking");
  const { feed: hearing } = await feedOf("hearing");
  const entries: FeedEntry[] = [];
  let heartbeats = 0;
  let gaps = 0;
  const stop = hearing.subscribe({
    entry: (entry) => void entries.push(entry),
    heartbeat: () => {
      heartbeats++;
    },
    gap: () => {
      gaps++;
    },
  });
  await expect.poll(() => gaps).toBe(1); // it begins not knowing what was before
  const atMs = 1;
  for (const txId of ["first", "last"]) {
    speaking.publish({ instance: "speaking", atMs, dishes: [], transactions: [{ txId, storeId: "s", state: "RESERVED" }] });
    for (let n = 0; n < 2_000; n++) {
      speaking.announce({ instance: "speaking", atMs: n } as Heartbeat);
      if (n % 500 === 0) await writer.ping(); // what may wait to be sent is bounded
    }
    await writer.ping();
  }
  await expect.poll(() => entries.map(({ transactions }) => transactions[0]?.txId)).toEqual(["first", "last"]);
  await expect.poll(() => heartbeats).toBeGreaterThan(100);
  const lengths = await Promise.all((await writer.keys("test:feed:*")).map((stream) => writer.xlen(stream)));
  expect(Math.max(...lengths)).toBeLessThan(1_000);
  expect([gaps, speaking.dropped]).toEqual([1, 0]);
  stop();
});
