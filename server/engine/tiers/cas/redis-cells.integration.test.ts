import { Redis } from "ioredis";
import { afterAll } from "vitest";
import { startRedisServer } from "../../../testing/stack.ts";
import { RedisCells } from "./redis-cells.ts";
import { describeSharedCells, TEST_HOLD_MS } from "./shared-cells.conformance.ts";

const cleanUp: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const step of cleanUp.reverse()) await step();
});

describeSharedCells("Redis", async () => {
  const server = await startRedisServer();
  const redis = new Redis(server.url);
  cleanUp.push(() => server.stop(), async () => redis.disconnect());
  return {
    cells: new RedisCells(redis, "test:", TEST_HOLD_MS),
    // Redis has a clock of its own: a hold ends when its TIME says so, and that can only be waited for.
    pass: async (ms) => {
      const started = await redis.time();
      const target = Number(started[0]) * 1000 + Number(started[1]) / 1000 + ms;
      for (;;) {
        const [seconds, micros] = await redis.time();
        if (Number(seconds) * 1000 + Number(micros) / 1000 > target) return;
      }
    },
    wipe: async () => void (await redis.flushall()),
  };
});
