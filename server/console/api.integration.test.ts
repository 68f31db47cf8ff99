import { PrismaPg } from "@prisma/adapter-pg";
import { Hono } from "hono";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createAuth } from "../auth/auth.ts";
import type { Auth } from "../auth/auth.ts";
import type { ActionPreview, Role } from "../contracts/console.ts";
import { EngineError } from "../engine/kernel/errors.ts";
import type { MoveAnswer } from "../engine/kernel/types.ts";
import { PrismaClient } from "../generated/prisma/client.ts";
import { LiveBoard } from "../gateway/board.ts";
import { createLiveReads } from "../gateway/live-reads.ts";
import { fakeEngine } from "../gateway/testing.ts";
import { createDatabase } from "../testing/stack.ts";
import type { TestDatabase } from "../testing/stack.ts";
import { createConsoleApi } from "./api.ts";
import { FACTS } from "./testing.ts";

/** No test here makes any. */
const NO_KEYS = { create: async () => ({ secret: "" }), rotate: async () => null, revoke: async () => false };
const HOST = "wall.example";
let database: TestDatabase;
let prisma: PrismaClient;
let auth: Auth;
let app: Hono;
let cookie: string;
let password: string;
let failures: unknown[];
let calls: string[];
let answer: (verb: string, txId: string) => MoveAnswer;

beforeAll(async () => {
  database = await createDatabase();
  prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: database.url, max: 4 }) });
  auth = createAuth({ prisma, secret: "a secret for tests, long enough to sign with" });
  const onError = (error: unknown) => {
    throw error;
  };
  const board = new LiveBoard({ engine: fakeEngine(), reads: createLiveReads(prisma), onError });
  const run = async ({ verb, txId }: { verb: string; txId: string }) => {
    calls.push(`${verb} ${txId}`);
    return answer(verb, txId);
  };
  const notAsked = () => {
    throw new Error("No test here asks for this.");
  };
  const engine = { instance: "i1", profile: { sampleEvery: 8 }, hand: { run }, setSampling: notAsked, captureTrace: notAsked, change: notAsked, cells: { reload: notAsked } };
  const lockFiles = { trace: notAsked, profile: notAsked };
  app = new Hono().route("/api", createConsoleApi({ auth, board, engine, prisma, keys: NO_KEYS, lockFiles, facts: FACTS, onError: (error) => failures.push(error) }));
  const operator = await auth.createFirstOperator();
  password = operator?.password ?? "";
  const result = await auth.signIn(operator ?? { email: "", password: "" }, new Headers());
  cookie = result.ok ? (result.setCookies[0]?.split(";")[0] ?? "") : "";
  await prisma.store.create({ data: { storeId: "s1", nameEn: "Store", nameZh: "门店" } });
  await prisma.dish.create({
    data: { dishId: "tofu", storeId: "s1", nameEn: "Tofu", nameZh: "豆腐", priceCents: 900, supplied: 10, available: 6, frozen: 3, sold: 1 },
  });
  await prisma.coupon.create({ data: { couponId: "c1", storeId: "s1", amountCents: 500, state: "FROZEN", txId: "t1" } });
});

afterAll(async () => {
  await prisma?.$disconnect();
  await database?.drop();
});

beforeEach(async () => {
  calls = [];
  failures = [];
  answer = (verb, txId) => ({ txId, state: verb === "confirm" ? "CONFIRMED" : "CANCELLED" });
  await prisma.auditEntry.deleteMany();
  await prisma.action.deleteMany();
  await prisma.rateLimit.deleteMany();
  await setRole("admin");
});

const setRole = (role: Role) => prisma.user.updateMany({ data: { role } });

interface Ask {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signedIn?: boolean;
}

async function ask(path: string, { method = "GET", body, headers = {}, signedIn = true }: Ask = {}) {
  const response = await app.request(`http://${HOST}/api${path}`, {
    method,
    headers: {
      host: HOST,
      ...(method === "GET" ? {} : { origin: `http://${HOST}`, "content-type": "application/json" }),
      ...(signedIn ? { cookie } : {}),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? null : JSON.parse(text), headers: response.headers };
}

const act = (verb: string, more: Ask = {}) =>
  ask(`/console/transactions/t1/${verb}`, { method: "POST", body: { reason: "a test" }, ...more, headers: { "idempotency-key": "k1", ...more.headers } });

async function reserve(txId: string, state: "RESERVED" | "EXPIRED" | "CONFIRMED" | "CANCELLED", more: { quantity?: number; couponId?: string } = {}) {
  const at = new Date();
  await prisma.reservation.deleteMany({ where: { txId } });
  await prisma.transaction.deleteMany({ where: { txId } });
  await prisma.transaction.create({
    data: { txId, storeId: "s1", orderId: `o-${txId}`, couponId: more.couponId ?? null, state, payloadHash: "0".repeat(32), createdAt: at, updatedAt: at, expiresAt: new Date(at.getTime() + 900_000) },
  });
  await prisma.reservation.create({ data: { txId, lineNo: 1, dishId: "tofu", quantity: more.quantity ?? 3, state } });
}

describe("access", () => {
  test.each([
    ["GET", "/console/overview"],
    ["GET", "/console/transactions/t1/preview?verb=cancel"],
    ["POST", "/console/transactions/t1/confirm"],
    ["POST", "/console/transactions/t1/cancel"],
    ["GET", "/console/locks"],
    ["GET", "/console/locks/lanes"],
    ["GET", "/console/locks/trace"],
    ["GET", "/console/locks/profile/mutex"],
    ["POST", "/console/locks/sampling"],
    ["GET", "/auth/session"],
  ])("%s %s is for operators who are signed in", async (method, path) => {
    const answered = await ask(path, { method, signedIn: false, headers: { "idempotency-key": "k" } });
    expect(answered.status).toBe(401);
    expect(calls).toEqual([]);
  });

  test.each([
    ["another site", { origin: "http://evil.example" }],
    ["nowhere", { origin: "null" }],
  ])("a command that comes from %s is refused although the cookie is good", async (_where, headers) => {
    expect((await act("confirm", { headers })).status).toBe(403);
    expect(calls).toEqual([]);
  });

  test("a command without an Origin is refused", async () => {
    const answered = await app.request(`http://${HOST}/api/console/transactions/t1/confirm`, {
      method: "POST",
      headers: { host: HOST, cookie, "idempotency-key": "k1" },
    });
    expect(answered.status).toBe(403);
  });

  test("a viewer looks and does not act", async () => {
    await setRole("viewer");
    await reserve("t1", "RESERVED");
    expect((await ask("/console/overview")).status).toBe(200);
    const preview = await ask("/console/transactions/t1/preview?verb=confirm");
    expect(preview.body).toMatchObject({ legal: false, because: "ROLE" });
    expect((await act("confirm")).status).toBe(403);
    expect((await act("cancel")).status).toBe(403);
    expect(calls).toEqual([]);
  });

  test("what is told to operators is kept in no cache", async () => {
    expect((await ask("/console/overview")).headers.get("cache-control")).toBe("no-store");
    expect((await ask("/console/overview", { signedIn: false })).headers.get("cache-control")).toBe("no-store");
  });

  test("no answer is taken for something else than it says it is, refusals and files neither", async () => {
    for (const answered of [await ask("/console/overview"), await ask("/console/overview", { signedIn: false }), await act("confirm", { headers: { origin: "http://evil.example" } })]) {
      expect(answered.headers.get("x-content-type-options")).toBe("nosniff");
    }
    const file = await app.request(`http://${HOST}/api/console/exports/audit.csv`, { headers: { host: HOST, cookie } });
    expect([file.headers.get("x-content-type-options"), file.headers.get("content-type"), file.headers.get("content-disposition")]).toEqual(["nosniff", "text/csv; charset=utf-8", 'attachment; filename="audit.csv"']);
  });
});

describe("what fails", () => {
  /** As if the database had lost it. */
  async function without<T>(table: string, ask: () => Promise<T>): Promise<T> {
    await prisma.$executeRawUnsafe(`ALTER TABLE ${table} RENAME TO away`);
    try {
      return await ask();
    } finally {
      await prisma.$executeRawUnsafe(`ALTER TABLE away RENAME TO ${table}`);
    }
  }

  test("says with every 503 when to ask again: what the engine knows of it, or a second", async () => {
    answer = (_verb, txId) => {
      throw new EngineError("UNAVAILABLE", "Postgres is away.", { txId, retryAfterMs: 2_500 });
    };
    const refused = await act("cancel");
    expect([refused.status, refused.body.code, refused.headers.get("retry-after")]).toEqual([503, "UNAVAILABLE", "3"]);
    const unread = await without("audit_entries", () => ask("/console/audit"));
    expect([unread.status, unread.body.code, unread.headers.get("retry-after")]).toEqual([503, "UNAVAILABLE", "1"]);
    expect(failures).toHaveLength(1);
  });

  test("before it was begun says that nothing was changed; midway, that nobody knows", async () => {
    const notBegun = await without("actions", () => act("cancel"));
    expect([notBegun.status, notBegun.body.code, calls]).toEqual([503, "UNAVAILABLE", []]);
    answer = () => {
      throw new Error("nobody expected this");
    };
    const midway = await act("cancel", { headers: { "idempotency-key": "k2" } });
    expect([midway.status, midway.body.code, midway.body.retryable]).toEqual([504, "DEADLINE_EXCEEDED", true]);
    expect(failures).toHaveLength(2);
  });

  test("after it was done says that nobody knows, not that nothing was changed", async () => {
    answer = (_verb, txId) => ({ txId, state: "CANCELLED" });
    await prisma.$executeRawUnsafe("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END'");
    await prisma.$executeRawUnsafe("CREATE TRIGGER refuse BEFORE UPDATE ON actions FOR EACH ROW EXECUTE FUNCTION refuse()");
    try {
      const unwritten = await act("cancel");
      expect([unwritten.status, unwritten.body.code, calls]).toEqual([504, "DEADLINE_EXCEEDED", ["cancel t1"]]);
    } finally {
      await prisma.$executeRawUnsafe("DROP FUNCTION refuse CASCADE");
    }
  });
});

describe("sign-in over HTTP", () => {
  const signIn = (body: unknown, headers = {}) => ask("/auth/sign-in", { method: "POST", body, headers, signedIn: false });

  test("there is no way to make an account, nor any other of the library's routes", async () => {
    for (const path of ["sign-up/email", "sign-in/email", "change-password", "update-user", "list-sessions", "delete-user"]) {
      expect((await ask(`/auth/${path}`, { method: "POST", body: { email: "x@y.z", password: "a long password", name: "x" } })).status).toBe(404);
    }
    expect(await prisma.user.count()).toBe(1);
  });

  test("the sixth wrong password waits, and says how long", async () => {
    const { email } = await prisma.user.findFirstOrThrow();
    for (let n = 0; n < 5; n += 1) expect((await signIn({ email, password: "wrong" })).status).toBe(401);
    const throttled = await signIn({ email, password: "wrong" });
    expect(throttled.status).toBe(429);
    expect(Number(throttled.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  test("guesses that come at one moment do not pass together", async () => {
    const { email } = await prisma.user.findFirstOrThrow();
    const answers = await Promise.all(Array.from({ length: 12 }, () => signIn({ email, password: "wrong" })));
    const looked = answers.filter(({ status }) => status === 401).length;
    expect(looked).toBeGreaterThanOrEqual(5);
    expect(looked).toBeLessThanOrEqual(6); // two are hashed at once
  });

  test("who signs in with a browser that another signed in with since is known there all the same", async () => {
    const { email } = await prisma.user.findFirstOrThrow();
    const first = await signIn({ email, password });
    const device = first.headers.getSetCookie().find((cookie) => cookie.startsWith("eightysix.device-"))?.split(";")[0] ?? "";
    expect(first.headers.getSetCookie().find((cookie) => cookie.startsWith("eightysix.device-"))).toMatch(/HttpOnly.*SameSite=Strict/);
    for (let n = 0; n < 6; n += 1) await signIn({ email, password: "wrong" });
    expect((await signIn({ email, password })).status).toBe(429);
    expect((await signIn({ email, password }, { cookie: `${device}; eightysix.device-0123456789=another.one` })).status).toBe(200);
  });

  test("a body that does not say how long it is, is read no further than others", async () => {
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        sent += 1;
        controller.enqueue(new Uint8Array(8_192).fill(32));
        if (sent > 1_000) controller.close();
      },
    });
    const request = new Request(`http://${HOST}/api/auth/sign-in`, { method: "POST", headers: { host: HOST, origin: `http://${HOST}` }, body, duplex: "half" } as RequestInit);
    expect((await app.request(request)).status).toBe(413);
    expect(sent).toBeLessThan(10);
  });

  test.each([["not json", "{"], ["no password", { email: "a@b.c" }], ["an object for a password", { email: "a@b.c", password: {} }], ["something more", { email: "a@b.c", password: "x", role: "admin" }]])(
    "%s is a 400",
    async (_what, body) => {
      expect((await signIn(body)).status).toBe(400);
    },
  );
});

describe("confirm and cancel by hand", () => {
  test("the engine is asked once per action key, and everything is in the audit", async () => {
    const first = await act("cancel", { body: { reason: "customer called" } });
    expect(first).toMatchObject({ status: 200, body: { txId: "t1", state: "CANCELLED", replayed: false } });
    const again = await act("cancel", { body: { reason: "customer called" } });
    expect(again).toMatchObject({ status: 200, body: { txId: "t1", state: "CANCELLED", replayed: true } });
    expect(calls).toEqual(["cancel t1"]);
    const operator = await prisma.user.findFirstOrThrow();
    expect(await prisma.auditEntry.findMany()).toMatchObject([
      { actor: operator.id, verb: "transaction.cancel", target: "t1", reason: "customer called", detail: { outcome: "DONE", answer: { state: "CANCELLED" }, actionKey: `console:${operator.id}:k1` } },
    ]);
  });

  test("an action key works for one request only", async () => {
    await act("cancel");
    expect((await act("confirm")).status).toBe(422);
    expect((await ask("/console/transactions/t2/cancel", { method: "POST", body: { reason: "a test" }, headers: { "idempotency-key": "k1" } })).status).toBe(422);
    expect(calls).toEqual(["cancel t1"]);
  });

  test("the key may stand in the body, and must stand somewhere", async () => {
    const path = "/console/transactions/t1/cancel";
    expect((await ask(path, { method: "POST", body: { actionKey: "k9", reason: "a test" } })).status).toBe(200);
    expect((await ask(path, { method: "POST", body: { reason: "a test" } })).status).toBe(400);
    expect((await ask(path, { method: "POST", body: { reason: "a test" }, headers: { "idempotency-key": "no spaces" } })).status).toBe(400);
  });

  test("a refusal is the engine's, is in the audit, and leaves the key free to ask again", async () => {
    answer = () => {
      throw new EngineError("ILLEGAL_STATE", "Confirmed already.", { txId: "t1" });
    };
    expect(await act("cancel")).toMatchObject({ status: 409, body: { code: "ILLEGAL_STATE", txId: "t1" } });
    expect(await prisma.auditEntry.findMany()).toMatchObject([{ detail: { outcome: "REFUSED", code: "ILLEGAL_STATE" } }]);
    answer = (_verb, txId) => ({ txId, state: "CANCELLED" });
    expect((await act("cancel")).status).toBe(200);
    expect(await prisma.auditEntry.findMany()).toMatchObject([{ detail: { outcome: "DONE" } }]);
  });

  test("a double click is two answers, one audit entry", async () => {
    const both = await Promise.all([act("confirm"), act("confirm")]);
    expect(both.map(({ status, body }) => [status, body.state])).toEqual([[200, "CONFIRMED"], [200, "CONFIRMED"]]);
    expect(await prisma.auditEntry.count()).toBe(1);
  });

  test("a body that is not JSON is not an empty one, and nothing that the database cannot keep gets as far as it", async () => {
    expect((await act("retry", { body: "{" })).status).toBe(400);
    expect((await act("cancel", { body: { reason: "nul \u0000" } })).status).toBe(400);
    expect((await act("cancel", { body: '{"reason":"half \\ud83d"}' })).status).toBe(400);
    expect((await ask("/console/tickets/%00/claim", { method: "POST", body: {}, headers: { "idempotency-key": "k" } })).status).toBe(400);
    expect([calls, failures]).toEqual([[], []]);
  });

  test("odd ids, odd bodies and long reasons are refused before anything is written", async () => {
    expect((await ask("/console/transactions/a%20b/cancel", { method: "POST", body: {}, headers: { "idempotency-key": "k" } })).status).toBe(400);
    expect((await act("cancel", { body: { reason: "x".repeat(501) } })).status).toBe(400);
    expect((await act("cancel", { body: { force: true } })).status).toBe(400);
    expect((await act("cancel", { body: `{"__proto__":{"reason":"x"}}` })).status).toBe(400);
    expect((await act("destroy")).status).toBe(404);
    expect(await prisma.auditEntry.count()).toBe(0);
  });
});

describe("the preview", () => {
  const preview = async (verb: string) => (await ask(`/console/transactions/t1/preview?verb=${verb}`)).body as ActionPreview;

  test("says where every portion goes, and the coupon", async () => {
    await reserve("t1", "RESERVED", { couponId: "c1" });
    expect(await preview("cancel")).toMatchObject({
      legal: true,
      transaction: { state: "RESERVED", orderId: "o-t1", amountCents: 2_700, storeNames: { "zh-CN": "门店" } },
      lines: [{ dishId: "tofu", quantity: 3, before: { available: 6, frozen: 3, sold: 1 }, after: { available: 9, frozen: 0, sold: 1 } }],
      coupon: { couponId: "c1", becomes: "AVAILABLE" },
    });
    expect(await preview("confirm")).toMatchObject({
      legal: true,
      lines: [{ after: { available: 6, frozen: 0, sold: 4 } }],
      coupon: { becomes: "USED" },
    });
  });

  test.each([
    ["CONFIRMED", "cancel", "DECIDED"],
    ["CONFIRMED", "confirm", "ALREADY_DONE"],
    ["CANCELLED", "confirm", "DECIDED"],
    ["CANCELLED", "cancel", "ALREADY_DONE"],
  ] as const)("%s: %s is not legal, because %s", async (state, verb, because) => {
    await reserve("t1", state);
    expect(await preview(verb)).toMatchObject({ legal: false, because });
  });

  test("an expired one confirms from stock that is left, or says that it is gone", async () => {
    await reserve("t1", "EXPIRED", { quantity: 6 });
    expect(await preview("confirm")).toMatchObject({ legal: true, lines: [{ after: { available: 0, frozen: 3, sold: 7 } }] });
    await reserve("t1", "EXPIRED", { quantity: 7 });
    expect(await preview("confirm")).toMatchObject({ legal: false, because: "NOT_ENOUGH_STOCK" });
  });

  test("an unknown transaction is no error", async () => {
    expect((await ask("/console/transactions/none/preview?verb=cancel")).body).toMatchObject({ legal: false, because: "UNKNOWN_TRANSACTION" });
    expect((await ask("/console/transactions/none/preview?verb=destroy")).status).toBe(400);
  });
});
