/** A dish's page and its verbs, over the console's own routes, on a real engine with real Postgres and Redis. */
import { PrismaPg } from "@prisma/adapter-pg";
import { Hono } from "hono";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createAuth } from "../auth/auth.ts";
import type { Role } from "../contracts/console.ts";
import { judge, SUPPLIED_MAX } from "../contracts/dish-page.ts";
import type { DishPageSnapshot } from "../contracts/dish-page.ts";
import { createEngine, type RunningEngine } from "../engine/create-engine.ts";
import { PrismaClient } from "../generated/prisma/client.ts";
import { LiveBoard } from "../gateway/board.ts";
import { createLiveReads } from "../gateway/live-reads.ts";
import { createDatabase, startRedisServer, type TestDatabase, type TestRedis } from "../testing/stack.ts";
import { createConsoleApi } from "./api.ts";
import { FACTS } from "./testing.ts";
import { createDishPageReads } from "./reads/dish-page.ts";

/** No test here makes any. */
const NO_KEYS = { create: async () => ({ secret: "" }), rotate: async () => null, revoke: async () => false };
const HOST = "console.example";
const CALL = { timeoutMs: 5_000, traceId: "0".repeat(32) };
let database: TestDatabase;
let redisServer: TestRedis;
let redis: Redis;
let prisma: PrismaClient;
let running: RunningEngine;
let board: LiveBoard;
let app: Hono;
let cookie: string;
let keys = 0;
let dishes = 0;
let dishId: string;

beforeAll(async () => {
  [database, redisServer] = await Promise.all([createDatabase(), startRedisServer()]);
  redis = new Redis(redisServer.url);
  prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: database.url, max: 4 }) });
  const auth = createAuth({ prisma, secret: "a secret for tests, long enough to sign with" });
  running = await createEngine({ databaseUrl: database.url, redisUrl: redisServer.url });
  const { engine } = running;
  const onError = (error: unknown) => {
    throw error;
  };
  board = new LiveBoard({ engine, reads: createLiveReads(prisma), dishReads: createDishPageReads(prisma, engine), onError });
  await board.start();
  const lockFiles = { trace: async () => "", profile: () => new Uint8Array() };
  app = new Hono().route("/api", createConsoleApi({ auth, board, engine, prisma, keys: NO_KEYS, lockFiles, facts: FACTS, onError }));
  const operator = await auth.createFirstOperator();
  const result = await auth.signIn(operator ?? { email: "", password: "" }, new Headers());
  cookie = result.ok ? (result.setCookies[0]?.split(";")[0] ?? "") : "";
});

afterAll(async () => {
  board?.stop();
  await running?.close();
  redis?.disconnect();
  await prisma?.$disconnect();
  await redisServer?.stop();
  await database?.drop();
});

const setRole = (role: Role) => prisma.user.updateMany({ data: { role } });

beforeEach(async () => {
  await setRole("operator");
  dishes += 1;
  dishId = `dish-${dishes}`;
  await running.engine.createDish({ dishId, storeId: "s1", names: { en: `Dish ${dishes}`, "zh-CN": `菜 ${dishes}` }, priceCents: 900, supplied: 20, actor: "seed", actionKey: `make ${dishId}` }, CALL);
  await prisma.auditEntry.deleteMany();
});

async function ask(path: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await app.request(`http://${HOST}/api/console/dishes/${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { host: HOST, cookie, origin: `http://${HOST}`, "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

const act = (verb: string, body: Record<string, unknown>, key = `key-${++keys}`) => ask(`${dishId}/${verb}`, body, { "idempotency-key": key });
const look = async () => (await ask(dishId)).body as DishPageSnapshot;
const reserve = (txId: string, quantity: number) =>
  running.engine.try({ txId, storeId: "s1", lines: [{ dishId, quantity }], orderId: txId, couponId: null, ttlSeconds: 900 }, CALL);
const cellKey = async () => (await redis.keys(`*cell:{s1}:${dishId}`))[0] as string;

describe("the conservation line", () => {
  test("has the same stock in memory, in Redis, in the row and in the sums, whatever was sold, restocked or taken back", async () => {
    await reserve(`${dishId}-1`, 3);
    await reserve(`${dishId}-2`, 4);
    await reserve(`${dishId}-3`, 2);
    await running.engine.confirm(`${dishId}-1`, CALL);
    await running.engine.cancel(`${dishId}-2`, CALL);
    await act("restock", { quantity: 5, reason: "delivery" });
    const { conservation, open } = await look();
    expect(conservation).toMatchObject({
      row: { supplied: 25, available: 20, frozen: 2, sold: 3, onSale: true },
      reservations: { frozen: 2, sold: 3 },
      movements: { supplied: 25 },
      memory: { cell: { available: 20, admitted: 0, onSale: true } },
      redis: { state: "read", cell: { available: 20, held: 0 } },
    });
    expect(judge(conservation as never)).toMatchObject({ whole: true, memory: "same", redis: "same" });
    expect(open).toMatchObject({ count: 1, portions: 2, rows: [{ txId: `${dishId}-3`, quantity: 2, state: "RESERVED" }] });
  });

  test("says which place differs, and one reload, written down, puts the cell right", async () => {
    await reserve(`${dishId}-1`, 3);
    await redis.hset(await cellKey(), "a", 999);
    const wrong = await look();
    expect(judge(wrong.conservation as never)).toMatchObject({ whole: false, redis: "differs", memory: "same", row: true });
    expect(await act("reload-cells", {})).toMatchObject({ status: 200, body: { verb: "reload-cells", replayed: false, stock: { available: 17 } } });
    expect(judge((await look()).conservation as never)).toMatchObject({ whole: true, redis: "same" });
    expect(await prisma.auditEntry.findMany()).toMatchObject([{ verb: "dish.reload-cells", target: dishId, detail: { outcome: "DONE" } }]);
    expect((await look()).events?.[0]).toMatchObject({ kind: "RELOAD", quantity: null, by: { kind: "operator" } });
  });

  test("sees a row that does not agree with its movements", async () => {
    await prisma.stockMovement.updateMany({ where: { dishId }, data: { quantity: 21 } });
    expect(judge((await look()).conservation as never)).toMatchObject({ whole: false, supplied: false, row: true, frozen: true });
  });
});

describe("the verbs", () => {
  test.each([
    ["restock", { quantity: 7, reason: "delivery" }, { supplied: 27, available: 27 }],
    ["write-off", { quantity: 7, reason: "spilt" }, { supplied: 13, available: 13 }],
    ["pause", { reason: "the oven is broken" }, { onSale: false, available: 20 }],
  ])("%s is done once for its key, written down, and seen on the page with who and why", async (verb, body, stock) => {
    const first = await act(verb, body, "once");
    expect(first).toMatchObject({ status: 200, body: { dishId, verb, stock, replayed: false } });
    expect(await act(verb, body, "once")).toMatchObject({ status: 200, body: { stock, replayed: true } });
    const operator = await prisma.user.findFirstOrThrow();
    expect(await prisma.auditEntry.findMany()).toMatchObject([{ actor: operator.id, verb: `dish.${verb}`, target: dishId, reason: body.reason, detail: { outcome: "DONE" } }]);
    const { events, conservation } = await look();
    expect(events?.[0]).toMatchObject({ kind: verb.toUpperCase().replace("-", "_"), reason: body.reason, by: { kind: "operator", name: operator.name } });
    expect(conservation?.row).toMatchObject(stock);
    await prisma.action.deleteMany({ where: { actionKey: { contains: ":once" } } });
  });

  test("pause stops sales, resume lets them go on", async () => {
    await act("pause", { reason: "no gas" });
    await expect(reserve(`${dishId}-1`, 1)).rejects.toMatchObject({ code: "DISH_PAUSED" });
    await act("resume", { reason: "gas is back" });
    await expect(reserve(`${dishId}-2`, 1)).resolves.toMatchObject({ state: "RESERVED" });
  });

  test("what a program paused stands among the dish's events, once, with the key's name", async () => {
    await prisma.apiKey.create({ data: { keyId: "k_till", name: "the till", keyHash: "x", scopes: ["stock"] } });
    const call = { timeoutMs: 800, traceId: "0".repeat(32) };
    for (const kind of ["PAUSE", "RESUME"] as const) await running.engine.change({ dishId, kind, quantity: 0, reason: "till", actor: "k_till", actionKey: `${kind}-${dishId}` }, call);
    await act("pause", { reason: "no gas" });
    const { events } = await look();
    expect(events?.filter(({ kind }) => kind !== "SUPPLY").map(({ kind, by }) => [kind, by.kind])).toEqual([["PAUSE", "operator"], ["RESUME", "key"], ["PAUSE", "key"]]);
    expect(events?.[1]).toMatchObject({ by: { kind: "key", name: "the till" }, reason: "till" });
    await prisma.apiKey.delete({ where: { keyId: "k_till" } });
  });

  test("two clicks at once are one change and one audit entry", async () => {
    const both = await Promise.all([act("restock", { quantity: 5, reason: "delivery" }, "double"), act("restock", { quantity: 5, reason: "delivery" }, "double")]);
    expect(both.map(({ status, body }) => [status, body.stock.supplied])).toEqual([[200, 25], [200, 25]]);
    expect(await prisma.auditEntry.count()).toBe(1);
    expect(await act("restock", { quantity: 6, reason: "delivery" }, "double")).toMatchObject({ status: 422, body: { code: "IDEMPOTENCY_MISMATCH" } });
  });

  test("writing off more than there is says how much there is, changes nothing, and is in the audit", async () => {
    expect(await act("write-off", { quantity: 21, reason: "spilt" })).toMatchObject({ status: 409, body: { code: "INSUFFICIENT_STOCK", dishes: [{ dishId, wanted: 21, available: 20 }] } });
    expect(await prisma.auditEntry.findMany()).toMatchObject([{ detail: { outcome: "REFUSED", code: "INSUFFICIENT_STOCK" } }]);
  });

  test("a restock past what a row can count names its field", async () => {
    await prisma.$executeRaw`UPDATE dishes SET supplied = ${SUPPLIED_MAX - 5}, available = ${SUPPLIED_MAX - 5} WHERE dish_id = ${dishId}`;
    expect(await act("restock", { quantity: 6, reason: "delivery" })).toMatchObject({ status: 400, body: { code: "VALIDATION", errors: [{ path: "quantity", message: "SUPPLY_LIMIT" }] } });
    expect(await act("restock", { quantity: 5, reason: "delivery" })).toMatchObject({ status: 200, body: { stock: { supplied: SUPPLIED_MAX } } });
  });

  test.each([
    ["no reason", "restock", { quantity: 1 }, "reason", "REQUIRED"],
    ["a blank reason", "pause", { reason: "  " }, "reason", "REQUIRED"],
    ["a long reason", "resume", { reason: "x".repeat(501) }, "reason", "TOO_LONG"],
    ["no portions", "write-off", { reason: "spilt" }, "quantity", "RANGE"],
    ["half a portion", "restock", { quantity: 1.5, reason: "x" }, "quantity", "RANGE"],
    ["none", "restock", { quantity: 0, reason: "x" }, "quantity", "RANGE"],
    ["too many", "restock", { quantity: 10_001, reason: "x" }, "quantity", "RANGE"],
    ["text", "restock", { quantity: "7", reason: "x" }, "quantity", "RANGE"],
  ])("%s: %s is refused with the field's name, and nothing is written", async (_what, verb, body, path, message) => {
    expect(await act(verb, body)).toMatchObject({ status: 400, body: { code: "VALIDATION", errors: expect.arrayContaining([{ path, message }]) } });
    expect(await prisma.auditEntry.count()).toBe(0);
  });

  test("more fields, no key, no such dish, no such verb", async () => {
    expect((await act("pause", { reason: "x", force: true })).status).toBe(400);
    expect((await ask(`${dishId}/pause`, { reason: "x" })).status).toBe(400);
    expect(await ask("nowhere/pause", { reason: "x" }, { "idempotency-key": "k" })).toMatchObject({ status: 404, body: { code: "UNKNOWN_DISH" } });
    expect((await ask("nowhere")).status).toBe(404);
    expect((await act("eat", {})).status).toBe(404);
  });

  test("a viewer looks and does not act; a stranger does neither; another site's page neither", async () => {
    await setRole("viewer");
    expect((await ask(dishId)).status).toBe(200);
    for (const verb of ["restock", "write-off", "pause", "resume", "reload-cells"]) expect((await act(verb, { quantity: 1, reason: "x" })).status).toBe(403);
    await setRole("operator");
    expect((await ask(dishId, undefined, { cookie: "" })).status).toBe(401);
    expect((await ask(`${dishId}/pause`, { reason: "x" }, { cookie: "", "idempotency-key": "k" })).status).toBe(401);
    expect((await ask(`${dishId}/pause`, { reason: "x" }, { origin: "http://evil.example", "idempotency-key": "k" })).status).toBe(403);
    expect(await prisma.auditEntry.count()).toBe(0);
  });
});
