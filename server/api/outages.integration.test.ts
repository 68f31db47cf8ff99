/**
 * What callers hear while a store is away, cut off or hanging, and that all is well again by itself afterwards.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { PrismaPg } from "@prisma/adapter-pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { REQUEST_TIMEOUT_MS_MAX } from "../contracts/limits.ts";
import { createApiReads } from "../console/reads/api-reads.ts";
import { DishSnapshots } from "../console/reads/dish-snapshots.ts";
import { withFallback } from "../console/reads/fallback.ts";
import { ParticipantDirectory } from "../engine/kernel/participant-directory.ts";
import { createEngine, type RunningEngine } from "../engine/create-engine.ts";
import { CircuitBreaker } from "../engine/guards/circuit-breaker.ts";
import { realClock } from "../engine/kernel/clock.ts";
import { PrismaClient } from "../generated/prisma/client.ts";
import { createDatabase, startRedisServer, type TestDatabase, type TestRedis } from "../testing/stack.ts";
import { type Api, createApi } from "./app.ts";
import { createApiClaims } from "./claims.ts";
import { expectNo } from "./contract/world.ts";
import { ApiKeys, createFirstKey } from "./keys.ts";
import { requestOf, type SendOptions, sentOf } from "./testing.ts";

/** A wire to Postgres that can be cut, or held still. */
class Wire {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private mode: "open" | "cut" | "still" = "open";
  private readonly target: URL;

  constructor(targetUrl: string) {
    this.target = new URL(targetUrl);
    this.server = createServer((near) => {
      if (this.mode === "cut") return void near.destroy();
      const far = connect(Number(this.target.port), this.target.hostname);
      for (const socket of [near, far]) {
        this.sockets.add(socket);
        socket.on("error", () => {});
        socket.on("close", () => this.sockets.delete(socket));
        if (this.mode === "still") socket.pause();
      }
      near.on("data", (chunk) => far.write(chunk));
      far.on("data", (chunk) => near.write(chunk));
      near.on("close", () => far.destroy());
      far.on("close", () => near.destroy());
      if (this.mode === "still") for (const socket of [near, far]) socket.pause();
    });
  }

  async url(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    const url = new URL(this.target);
    url.hostname = "127.0.0.1";
    url.port = String((this.server.address() as AddressInfo).port);
    return url.href;
  }

  cut(): void {
    this.mode = "cut";
    for (const socket of this.sockets) socket.destroy();
  }

  hold(): void {
    this.mode = "still";
    for (const socket of this.sockets) socket.pause();
  }

  mend(): void {
    this.mode = "open";
    for (const socket of this.sockets) socket.resume();
  }

  close(): void {
    this.cut();
    this.server.close();
  }
}

let database: TestDatabase;
let redis: TestRedis;
let wire: Wire;
let prisma: PrismaClient;
let running: RunningEngine;
let api: Api;
let key: string;
const dish = { dishId: "noodles", storeId: "s1", names: { en: "Noodles", "zh-CN": "面条" }, priceCents: 1_200, supplied: 100 };

beforeAll(async () => {
  [database, redis] = await Promise.all([createDatabase(), startRedisServer()]);
  wire = new Wire(database.url);
  const databaseUrl = await wire.url();
  prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: databaseUrl }) });
  running = await createEngine({ databaseUrl, redisUrl: redis.url });
  key = (await createFirstKey(prisma, realClock)).secret;
  api = createApi({
    engine: running.engine,
    reads: withFallback(createApiReads(prisma, realClock), {
      clock: realClock,
      snapshots: new DishSnapshots(realClock),
      breaker: new CircuitBreaker(realClock),
      engine: running.engine,
      onTrouble: () => {},
    }),
    claims: createApiClaims(prisma),
    payments: { accept: (event) => running.payments.accept(event), secrets: new Map() },
    directory: new ParticipantDirectory(),
    keys: new ApiKeys(prisma, realClock),
    probes: { postgres: () => prisma.$queryRaw`SELECT 1`, redis: () => running.pingRedis() },
    config: { rateLimitPerSecond: 100_000 },
    log: { warn: () => {}, error: () => {} },
    clock: realClock,
  });
  expect((await send("POST", "/api/v1/dishes", { body: dish })).status).toBe(201);
});

afterAll(async () => {
  wire?.close();
  await running?.close();
  await prisma?.$disconnect();
  await redis?.stop();
  await database?.drop();
});

const send = async (method: string, path: string, options: SendOptions = {}) =>
  sentOf(await api.fetch(requestOf("http://test.invalid", method, path, { key, ...options })));
const attempt = (txId: string) =>
  send("POST", "/api/v1/transactions", { body: { txId, storeId: "s1", lines: [{ dishId: "noodles", quantity: 1 }] } });
const status = async () => (await send("GET", "/api/ready")).body.status;

it.each(["cut", "hold"] as const)("with Postgres away (%s) nothing is accepted, dishes are shown as last seen, every answer is in time, and it mends by itself", async (how) => {
  expect((await attempt(`before-${how}`)).status).toBe(201);
  expect((await send("GET", "/api/v1/dishes/noodles")).body).toMatchObject({ stale: false });
  expect((await send("GET", "/api/v1/dishes?storeId=s1")).body.dishes).toMatchObject([{ stale: false }]);
  expect((await attempt(`last-${how}`)).status).toBe(201); // after the reads: only the feed tells the snapshot of it
  const last = await prisma.dish.findUniqueOrThrow({ where: { dishId: "noodles" } });
  wire[how]();
  for (let i = 0; i < 5; i++) {
    const startedAtMs = performance.now();
    const [tried, read, page, unseen, listed, restocked] = await Promise.all([
      attempt(`during-${how}-${i}`),
      send("GET", "/api/v1/dishes/noodles"),
      send("GET", "/api/v1/dishes?storeId=s1"),
      send("GET", "/api/v1/dishes/never-seen"),
      send("GET", "/api/v1/transactions"),
      send("POST", "/api/v1/dishes/noodles/restock", { body: { quantity: 1, reason: "x" }, headers: { "idempotency-key": `${how}-${i}` } }),
    ]);
    expect(performance.now() - startedAtMs).toBeLessThan(REQUEST_TIMEOUT_MS_MAX + 700);
    for (const sent of [read, page]) expect(sent.status).toBe(200);
    for (const shown of [read.body, ...page.body.dishes]) {
      expect(shown).toMatchObject({ stale: true, available: last.available, frozen: last.frozen, names: dish.names });
      expect(Date.parse(shown.asOf)).toBeLessThan(Date.now());
    }
    expectNo(unseen, "UNAVAILABLE");
    for (const sent of [tried, unseen, listed, restocked]) {
      expect([503, 504]).toContain(sent.status);
      expectNo(sent, sent.body.code, { retryable: true });
      expect(sent.headers.has("retry-after")).toBe(sent.status === 503);
    }
  }
  await expect.poll(status, { timeout: 3_000 }).toBe("unavailable");
  expect((await send("GET", "/api/health")).status).toBe(200);
  wire.mend();
  await expect.poll(status, { timeout: 10_000 }).toBe("ready");
  await expect.poll(async () => (await attempt(`after-${how}`)).status, { timeout: 10_000 }).toBeLessThan(300);
  await expect.poll(async () => (await send("GET", "/api/v1/dishes/noodles")).body.stale, { timeout: 10_000 }).toBe(false);
  // What was in the air is decided now, and each id only once.
  for (let i = 0; i < 5; i++) await expect.poll(async () => (await attempt(`during-${how}-${i}`)).status, { timeout: 10_000 }).toBeLessThan(300);
  const { available, frozen, supplied } = (await send("GET", "/api/v1/dishes/noodles")).body;
  const { body } = await send("GET", "/api/v1/transactions?storeId=s1&state=RESERVED&limit=500");
  expect(frozen).toBe(body.transactions.length);
  expect(available + frozen).toBe(supplied);
});

it("without Redis it says degraded and goes on selling", async () => {
  expect((await attempt("with-redis")).status).toBe(201);
  await redis.stop();
  await expect.poll(status, { timeout: 5_000 }).toBe("degraded");
  for (let i = 0; i < 5; i++) expect((await attempt(`without-redis-${i}`)).status).toBe(201);
});
