/** Two servers on one Postgres and one Redis: what happens at one is told at the other, once. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { FaultProxy } from "../../e2e/faults/proxy.ts";
import { createPrisma } from "../database.ts";
import { createEngine, type RunningEngine } from "../engine/create-engine.ts";
import { HEARTBEAT_MS } from "../engine/feed/instances.ts";
import type { PrismaClient } from "../generated/prisma/client.ts";
import { createDatabase, startRedisServer, type TestDatabase, type TestRedis } from "../testing/stack.ts";
import { LiveBoard } from "./board.ts";
import { createLiveReads } from "./live-reads.ts";

const CALL = { timeoutMs: 2_000, traceId: "0".repeat(32) };

let database: TestDatabase;
let redis: TestRedis;
let wire: FaultProxy;
let prisma: PrismaClient;
let here: RunningEngine;
let there: RunningEngine;
let board: LiveBoard;

beforeAll(async () => {
  [database, redis] = await Promise.all([createDatabase(), startRedisServer()]);
  const cut = new URL(database.url);
  wire = await FaultProxy.to(Number(cut.port));
  cut.port = String(wire.port);
  prisma = createPrisma(database.url);
  here = await createEngine({ databaseUrl: database.url, redisUrl: redis.url });
  there = await createEngine({ databaseUrl: cut.href, redisUrl: redis.url });
  board = new LiveBoard({ engine: here.engine, reads: createLiveReads(prisma), onError: () => undefined });
  await board.start();
});

afterAll(async () => {
  board?.stop();
  wire?.be("open");
  for (const running of [here, there]) await running?.close();
  await prisma?.$disconnect();
  await wire?.close();
  await redis?.stop();
  await database?.drop();
});

const told = () => board.overview.snapshot().events.map((event) => (event.kind === "DEPENDENCY" ? `${event.name} ${event.state}` : "dishId" in event ? `${event.kind} ${event.dishId}` : event.kind));

test("a dish that sells out at the other server is told of here, and so is its Postgres when it goes and when it returns", async () => {
  const names = { en: "Buns", "zh-CN": "包子" };
  await there.engine.createDish({ dishId: "buns", storeId: "s", names, priceCents: 100, supplied: 2, actor: "test", actionKey: "make buns" }, CALL);
  await expect.poll(async () => (await board.freshPending(), board.overview.snapshot().totals.dishes)).toBe(1);
  const buy = (n: number) => there.engine.try({ txId: `t${n}`, storeId: "s", orderId: `t${n}`, couponId: null, ttlSeconds: 900, lines: [{ dishId: "buns", quantity: 1 }] }, CALL);
  await buy(1);
  await buy(2);
  await expect.poll(told).toEqual(["SOLD_OUT buns"]);
  await expect.poll(() => board.overview.snapshot().tiers.length, { timeout: 5_000 }).toBeGreaterThan(0); // how it was at the start is no news
  // Nobody knows that a database is away, or back, before somebody asks it.
  const askedThere = async () => {
    await there.engine.change({ dishId: "buns", kind: "PAUSE", quantity: 0, reason: "test", actor: "test", actionKey: "pause buns" }, CALL).catch(() => null);
    return told();
  };
  wire.be("refused");
  await expect.poll(askedThere, { timeout: 5 * HEARTBEAT_MS }).toContain("postgres down");
  expect(board.overview.snapshot()).toMatchObject({ dependencies: { postgres: "up" }, events: [{ kind: "DEPENDENCY", at: { count: 1, of: 2 } }, { kind: "SOLD_OUT" }] });

  wire.be("open");
  await expect.poll(askedThere, { timeout: 10 * HEARTBEAT_MS }).toContain("postgres up");
  const all = told();
  expect(all.filter((event) => event === "postgres down")).toHaveLength(1);
  expect(all.filter((event) => event === "SOLD_OUT buns")).toHaveLength(1);
}, 60_000);
