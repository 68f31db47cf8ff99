import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { FaultProxy } from "../e2e/faults/proxy.ts";
import { readSheet } from "./console/transactions/sheet.ts";
import { ANSWER_MS_MAX, CONNECT_MS_MAX, createPrisma, STATEMENT_MS_MAX } from "./database.ts";
import type { PrismaClient } from "./generated/prisma/client.ts";
import { createDatabase, type TestDatabase } from "./testing/stack.ts";

// Each test waits for seconds, on a client and in a database of its own: they wait together.
let databases: TestDatabase[];
let clients: PrismaClient[];

beforeAll(async () => {
  databases = await Promise.all(Array.from({ length: 4 }, createDatabase));
  clients = databases.map(({ url }) => createPrisma(url));
});

afterAll(async () => {
  for (const client of clients ?? []) await client.$disconnect();
  for (const database of databases ?? []) await database.drop();
});

test.concurrent("reads that everybody has left end by themselves, and their connections serve again", async () => {
  const prisma = clients[0] as PrismaClient;
  const sleeping = () => prisma.$queryRaw`
    SELECT count(*)::int AS reads FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active' AND datname = current_database()`;
  await Promise.all(Array.from({ length: 10 }, () => prisma.$queryRaw`SELECT pg_sleep(0.05)::text`)); // ten connections, made before anything is measured
  const startedAtMs = performance.now();
  const reads = Array.from({ length: 9 }, () => prisma.$queryRaw`SELECT pg_sleep(60)::text`.then(() => "answered", () => "ended"));
  await expect.poll(async () => await sleeping(), { timeout: 2_500 }).toEqual([{ reads: 9 }]);
  expect(await Promise.all(reads)).toEqual(Array(9).fill("ended"));
  expect(performance.now() - startedAtMs).toBeLessThan(2 * STATEMENT_MS_MAX);
  expect(await sleeping()).toEqual([{ reads: 0 }]);
});

test.concurrent("a read that finds no free connection is told so, and does not wait for ever", async () => {
  const prisma = clients[1] as PrismaClient;
  const busy = Array.from({ length: 10 }, () => prisma.$queryRaw`SELECT pg_sleep(60)::text`.catch(() => "ended"));
  const startedAtMs = performance.now();
  await expect(prisma.$queryRaw`SELECT 1`).rejects.toThrow();
  expect(performance.now() - startedAtMs).toBeLessThan(CONNECT_MS_MAX + 1_000);
  await Promise.all(busy);
  expect(await prisma.$queryRaw`SELECT 1 AS one`).toEqual([{ one: 1 }]);
});

test.concurrent("a transaction's page is read although each new connection takes longer than a request may", async () => {
  const { url: databaseUrl } = databases[3] as TestDatabase;
  const url = new URL(databaseUrl);
  const wire = await FaultProxy.to(Number(url.port));
  url.port = String(wire.port);
  wire.be("slow", 200); // a connection is three questions and their answers: 1.2 s
  const slow = createPrisma(url.href);
  try {
    await (clients[3] as PrismaClient).$executeRaw`INSERT INTO transactions (tx_id, store_id, order_id, state, created_at, updated_at, expires_at) VALUES ('t1', 's', 'o', 'RESERVED', now(), now(), now())`;
    expect(await readSheet(slow, "t1", "admin")).toMatchObject({ transaction: { txId: "t1", state: "RESERVED" } });
  } finally {
    wire.be("open");
    await slow.$disconnect();
    await wire.close();
  }
}, 30_000);

test.concurrent("a line that is cut without a word is given up, and the next read gets another", async () => {
  const { url: databaseUrl } = databases[2] as TestDatabase;
  const { hostname, port } = new URL(databaseUrl);
  let isCut = false;
  const sockets: Socket[] = [];
  const proxy = createServer((near) => {
    if (isCut) return;
    const far = connect(Number(port), hostname);
    for (const [from, to] of [[near, far], [far, near]] as const) {
      sockets.push(from);
      from.on("error", () => {});
      from.on("data", (data) => {
        if (!isCut || !old.has(near)) to.write(data);
      });
    }
  });
  const old = new Set<Socket>();
  proxy.on("connection", (near) => {
    if (!isCut) old.add(near);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const url = new URL(databaseUrl);
  url.port = String((proxy.address() as AddressInfo).port);
  const through = createPrisma(url.href);
  try {
    expect(await through.$queryRaw`SELECT 1 AS one`).toEqual([{ one: 1 }]);
    isCut = true; // what is open says nothing any more
    const startedAtMs = performance.now();
    await expect(through.$queryRaw`SELECT 2 AS two`).rejects.toThrow();
    expect(performance.now() - startedAtMs).toBeLessThan(2 * ANSWER_MS_MAX);
    isCut = false;
    old.clear();
    expect(await through.$queryRaw`SELECT 3 AS three`).toEqual([{ three: 3 }]);
  } finally {
    await through.$disconnect();
    for (const socket of sockets) socket.destroy();
    proxy.close();
  }
}, 30_000);
