import { afterAll, beforeAll, expect, test } from "vitest";
import { CONNECT_MS_MAX, createPrisma, STATEMENT_MS_MAX } from "./database.ts";
import type { PrismaClient } from "./generated/prisma/client.ts";
import { createDatabase, type TestDatabase } from "./testing/stack.ts";

let database: TestDatabase;
let prisma: PrismaClient;

beforeAll(async () => {
  database = await createDatabase();
  prisma = createPrisma(database.url);
});

afterAll(async () => {
  await prisma?.$disconnect();
  await database?.drop();
});

const sleeping = () => prisma.$queryRaw`SELECT count(*)::int AS reads FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'`;

test("reads that everybody has left end by themselves, and their connections serve again", async () => {
  await Promise.all(Array.from({ length: 10 }, () => prisma.$queryRaw`SELECT pg_sleep(0.05)::text`)); // ten connections, made before anything is measured
  const startedAtMs = performance.now();
  const reads = Array.from({ length: 9 }, () => prisma.$queryRaw`SELECT pg_sleep(60)::text`.then(() => "answered", () => "ended"));
  await expect.poll(async () => await sleeping(), { timeout: 2_500 }).toEqual([{ reads: 9 }]);
  expect(await Promise.all(reads)).toEqual(Array(9).fill("ended"));
  expect(performance.now() - startedAtMs).toBeLessThan(2 * STATEMENT_MS_MAX);
  expect(await sleeping()).toEqual([{ reads: 0 }]);
});

test("a read that finds no free connection is told so, and does not wait for ever", async () => {
  const busy = Array.from({ length: 10 }, () => prisma.$queryRaw`SELECT pg_sleep(60)::text`.catch(() => "ended"));
  const startedAtMs = performance.now();
  await expect(prisma.$queryRaw`SELECT 1`).rejects.toThrow();
  expect(performance.now() - startedAtMs).toBeLessThan(CONNECT_MS_MAX + 1_000);
  await Promise.all(busy);
  expect(await prisma.$queryRaw`SELECT 1 AS one`).toEqual([{ one: 1 }]);
});
