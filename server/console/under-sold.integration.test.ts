/** What the wall's under-sell meter counts, read from a real database. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createLiveReads } from "../gateway/live-reads.ts";
import { openStage, type Stage } from "./testing.ts";

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

test("portions of reservations that expired, and of Trys that nobody carries on, are counted at their price; those of the living are not", async () => {
  const reads = createLiveReads(stage.prisma);
  const stranded = async () => (await reads.pending()).stranded;
  await stage.stage("u1", "RESERVED");
  await stage.stage("u2", "CANCELLED");
  await stage.stage("u3", "CONFIRMED");
  await stage.stage("u4", "CANCELLING");
  expect(await stranded()).toEqual({ transactions: 0, portions: 0, cents: 0 });

  const dead = await stage.stage("u5", "RESERVED");
  const tried = await stage.stage("u6", "TRYING");
  await stage.prisma.dish.update({ where: { dishId: dead.dishId }, data: { priceCents: 1_200 } });
  await stage.prisma.dish.update({ where: { dishId: tried.dishId }, data: { priceCents: 300 } });
  await stage.prisma.$executeRaw`UPDATE transactions SET expires_at = clock_timestamp() - interval '1 second' WHERE tx_id = ${dead.txId}`;
  expect(await stranded()).toEqual({ transactions: 1, portions: 2, cents: 2_400 });
  await stage.prisma.$executeRaw`UPDATE branches SET next_attempt_at = clock_timestamp() - interval '1 second' WHERE tx_id = ${tried.txId}`;
  expect(await stranded()).toEqual({ transactions: 2, portions: 4, cents: 3_000 });
});
