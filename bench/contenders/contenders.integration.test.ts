import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, startRedisServer, type TestDatabase, type TestRedis } from "../../server/testing/stack.ts";
import { type RoundResult, type RoundSpec, Team } from "../compare/team.ts";
import { processField } from "../instances/process-field.ts";
import type { Load } from "../load/load.ts";
import { CONTENDERS } from "./all.ts";
import type { ContenderKind } from "./contender.ts";
import { ENGINE } from "./engine.ts";
import { PG_CONDITIONAL } from "./pg-conditional.ts";

const BASKETS: Load = { picking: "even", dishes: 6, lines: 3, coupons: true, confirms: true };
const SOLD_OUT: Load = { picking: "storm", dishes: 2, lines: 1, coupons: false, confirms: false };

let redis: TestRedis;
const databases: TestDatabase[] = [];
beforeAll(async () => {
  redis = await startRedisServer();
});
afterAll(async () => {
  await Promise.all(databases.map((database) => database.drop()));
  await redis?.stop();
});

async function teamOf(kind: ContenderKind, field?: Parameters<typeof Team.open>[2]): Promise<Team> {
  const database = await createDatabase();
  databases.push(database);
  return Team.open(kind, { databaseUrl: database.url, redisUrl: redis.url, pool: 4 }, field);
}

const play = (team: Team, round: string, load: Load, more: Partial<RoundSpec> = {}): Promise<RoundResult> =>
  team.play({ round, load, demand: { clients: 6 }, timing: { rampMs: 0, windowMs: 60 }, seed: 7, couponsMax: 200, batch: 5, ...more });

describe.each(CONTENDERS.map((kind) => [kind.name, kind] as const))("%s", (_name, kind) => {
  test("reserves baskets with coupons and confirms them, refuses what is sold out, and its books balance", async () => {
    const team = await teamOf(kind);
    try {
      const baskets = await play(team, "r0", BASKETS);
      expect(baskets.tally.everything.failed, baskets.tally.errors.join()).toBe(0);
      expect(baskets.violation).toBeNull();
      expect(baskets.tally.everything.done).toBeGreaterThan(0);
      expect(baskets.tally.confirmed.reduce((sum, portions) => sum + portions, 0)).toBe(3 * baskets.tally.everything.done);

      const storm = await play(team, "r1", SOLD_OUT);
      expect(storm.violation).toBeNull();
      expect(storm.oversold).toBe(0);
      expect(storm.tally.everything.refused).toBeGreaterThan(0);
    } finally {
      await team.close();
    }
  });
});

describe("a field", () => {
  test("of two processes shares the clients, and its tallies add up to the books", async () => {
    const team = await teamOf(ENGINE, processField(2));
    try {
      const { violation, tally } = await play(team, "r0", { ...BASKETS, coupons: false });
      expect(violation).toBeNull();
      expect(tally.everything.done).toBeGreaterThan(0);
    } finally {
      await team.close();
    }
  });

  test("at a rate sends as many orders as are due", async () => {
    const team = await teamOf(PG_CONDITIONAL);
    try {
      const { violation, tally } = await play(team, "r0", { ...BASKETS, coupons: false }, { demand: { perSecond: 200 }, timing: { rampMs: 0, windowMs: 100 } });
      expect(violation).toBeNull();
      const { done, dropped, failed, refused } = tally.everything;
      expect(failed + refused).toBe(0);
      expect(done + dropped).toBeGreaterThanOrEqual(10);
      expect(done + dropped).toBeLessThanOrEqual(21);
    } finally {
      await team.close();
    }
  });
});
