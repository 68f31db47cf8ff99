/**
 * What is let through: sizes, encodings, shapes. Whatever is sent, the answer is a no that says why, never a failure.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { cursorOf } from "../contracts/cursor.ts";
import { BODY_BYTES_MAX, ID_PATTERN } from "../contracts/limits.ts";
import { ROUTES } from "./routes/index.ts";
import { BASKET, expectProblem, fakeReads, testApi } from "./testing.ts";

const JSON_TYPE = { "content-type": "application/json" };

describe("a body", () => {
  const oversized = JSON.stringify({ ...BASKET, txId: "x".repeat(BODY_BYTES_MAX) });
  const exact = `${JSON.stringify(BASKET)}${" ".repeat(BODY_BYTES_MAX - JSON.stringify(BASKET).length)}`;
  const stream = (text: string) => new Blob([text]).stream();

  it("of exactly 1 MiB is read", async () => {
    expect((await testApi().send("POST", "/api/v1/transactions", { body: exact })).status).toBe(201);
    expect((await testApi().send("POST", "/api/v1/transactions", { body: stream(exact) })).status).toBe(201);
  });

  it.each([
    ["announced", () => ({ body: oversized })],
    ["not announced", () => ({ body: stream(oversized) })],
    ["announced as small", () => ({ body: stream(oversized), headers: { "content-length": "10" } })],
    ["announced, and never sent", () => ({ body: "{}", headers: { "content-length": String(BODY_BYTES_MAX + 1) } })],
  ])("of more, %s, is refused", async (_, options) => {
    const api = testApi();
    expectProblem(await api.send("POST", "/api/v1/transactions", options()), "BODY_TOO_LARGE");
    expect(api.calls).toEqual([]);
  });

  it("that breaks off, or is no UTF-8, is refused", async () => {
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("gone")) });
    expectProblem(await testApi().send("POST", "/api/v1/transactions", { body: broken }), "VALIDATION");
    const notUtf8 = Buffer.from('{"quantity":1,"reason":"caf\u00e9"}', "latin1");
    const headers = { ...JSON_TYPE, "idempotency-key": "a1" };
    expectProblem(await testApi().send("POST", "/api/v1/dishes/d1/restock", { body: notUtf8, headers }), "VALIDATION");
  });

  it.each([
    ["text/plain", 400],
    ["application/x-www-form-urlencoded", 400],
    ["application/jsonp", 400],
    ["application/json", 201],
    ["application/json; charset=utf-8", 201],
    ["Application/JSON", 201],
    ["application/vnd.api+json", 201],
  ])("sent as %s answers %i", async (type, status) => {
    const sent = await testApi().send("POST", "/api/v1/transactions", { body: JSON.stringify(BASKET), headers: { "content-type": type } });
    expect(sent.status).toBe(status);
  });
});

describe("a basket", () => {
  const line = { dishId: "noodles", quantity: 1 };
  const BAD: [string, unknown, string][] = [
    ["no object", [], ""],
    ["null", null, ""],
    ["a string", "basket", ""],
    ["no txId", { storeId: "s1", lines: [line] }, "txId"],
    ["no lines", { ...BASKET, lines: [] }, "lines"],
    ["51 lines", { ...BASKET, lines: Array(51).fill(line) }, "lines"],
    ["an unknown field", { ...BASKET, price: 1 }, ""],
    ["a __proto__ key", JSON.parse('{"txId":"t1","storeId":"s1","lines":[{"dishId":"a","quantity":1}],"__proto__":{"x":1}}'), ""],
    ["a constructor key", { ...BASKET, constructor: 1 }, ""],
    ["an unknown field in a line", { ...BASKET, lines: [{ ...line, price: 1 }] }, "lines.0"],
    ["a __proto__ key in a line", { ...BASKET, lines: [JSON.parse('{"dishId":"a","quantity":1,"__proto__":{}}')] }, "lines.0"],
    ...[0, -1, 0.5, 10_001, 2 ** 53, 1e300, "1", "", null, true, [1], {}].map(
      (quantity): [string, unknown, string] => [`the quantity ${JSON.stringify(quantity)}`, { ...BASKET, lines: [{ ...line, quantity }] }, "lines.0.quantity"],
    ),
    ...["", " ", "a b", "ä", "面", "a/b", "a\u0000", "x".repeat(65), "a\n", "a$", "'; --", 1, null, {}].map(
      (id): [string, unknown, string] => [`the txId ${JSON.stringify(id)}`, { ...BASKET, txId: id }, "txId"],
    ),
    ["an odd dishId", { ...BASKET, lines: [{ ...line, dishId: "../x" }] }, "lines.0.dishId"],
    ["an odd storeId", { ...BASKET, storeId: "s 1" }, "storeId"],
    ["an odd couponId", { ...BASKET, couponId: "" }, "couponId"],
    ["an odd orderId", { ...BASKET, orderId: "o#1" }, "orderId"],
    ...[0, -1, 1.5, 86_401, "900", null].map(
      (ttlSeconds): [string, unknown, string] => [`the ttlSeconds ${ttlSeconds}`, { ...BASKET, ttlSeconds }, "ttlSeconds"],
    ),
    ["participants that are no list", { ...BASKET, participants: {} }, "participants"],
    ["a participant by name and by URL at once", { ...BASKET, participants: [{ name: "p", tryUrl: "http://a.test", confirmUrl: "http://a.test", cancelUrl: "http://a.test" }] }, "participants.0"],
    ["a participant without URLs", { ...BASKET, participants: [{ tryUrl: "http://a.test" }] }, "participants.0"],
    ["a participant with another protocol", { ...BASKET, participants: [{ tryUrl: "file:///x", confirmUrl: "http://a.test", cancelUrl: "http://a.test" }] }, "participants.0.tryUrl"],
  ];

  it.each(BAD)("with %s is refused, alone and in a batch, and the place is named", async (_, body, path) => {
    const api = testApi();
    const alone = expectProblem(await api.send("POST", "/api/v1/transactions", { body: JSON.stringify(body), headers: JSON_TYPE }), "VALIDATION");
    expect(alone.errors?.map((error) => error.path)).toContain(path);
    const batch = await api.send("POST", "/api/v1/transactions/batch", { body: JSON.stringify({ transactions: [body] }), headers: JSON_TYPE });
    expect(batch.body.results[0]).toMatchObject({ status: 400, body: { code: "VALIDATION", errors: alone.errors } });
    expect(api.calls).toEqual([]);
  });

  it("at every bound is let through", async () => {
    const lines = Array.from({ length: 50 }, (_, i) => ({ dishId: `${i}`.padEnd(64, "x"), quantity: 10_000 }));
    for (const ttlSeconds of [1, 86_400]) {
      const body = { txId: "A-Za-z0-9_.:-", storeId: "s", lines, couponId: null, orderId: null, ttlSeconds };
      expect((await testApi().send("POST", "/api/v1/transactions", { body })).status).toBe(201);
    }
  });

  it.each(["", "{", "{]", "nul", '{"a":1}x', "[".repeat(200_000), "\ufeff{}", "'a'", "NaN", `${"[".repeat(1e5)}${"]".repeat(1e5)}`])(
    "that is no JSON (%#) is refused",
    async (body) => {
      expectProblem(await testApi().send("POST", "/api/v1/transactions", { body, headers: JSON_TYPE }), "VALIDATION");
    },
  );

  it("with many mistakes names the first twenty", async () => {
    const body = { ...BASKET, lines: Array.from({ length: 50 }, () => ({ dishId: "", quantity: 0 })) };
    const problem = expectProblem(await testApi().send("POST", "/api/v1/transactions", { body }), "VALIDATION");
    expect(problem.errors).toHaveLength(20);
  });
});

describe("other bodies and queries", () => {
  const names = { en: "Noodles", "zh-CN": "面条" };
  const dish = { dishId: "d1", storeId: "s1", names, priceCents: 1, supplied: 1 };
  const KEYED = { "idempotency-key": "a1" };
  const BAD: [string, string, unknown, string][] = [
    ["/api/v1/dishes", "no English name", { ...dish, names: { "zh-CN": "面条" } }, "names.en"],
    ["/api/v1/dishes", "a blank name", { ...dish, names: { ...names, en: " " } }, "names.en"],
    ["/api/v1/dishes", "a name with NUL", { ...dish, names: { ...names, en: "a\u0000b" } }, "names.en"],
    ["/api/v1/dishes", "half a surrogate pair", { ...dish, names: { ...names, en: "\ud83c" } }, "names.en"],
    ["/api/v1/dishes", "a third language", { ...dish, names: { ...names, fr: "Nouilles" } }, "names"],
    ["/api/v1/dishes", "a negative price", { ...dish, priceCents: -1 }, "priceCents"],
    ["/api/v1/dishes", "more than can be counted", { ...dish, supplied: 2 ** 31 }, "supplied"],
    ["/api/v1/dishes", "a chosen version", { ...dish, version: 1 }, ""],
    ["/api/v1/dishes/d1/restock", "no reason", { quantity: 1 }, "reason"],
    ["/api/v1/dishes/d1/restock", "an empty reason", { quantity: 1, reason: "" }, "reason"],
    ["/api/v1/dishes/d1/restock", "a long reason", { quantity: 1, reason: "x".repeat(501) }, "reason"],
    ["/api/v1/dishes/d1/restock", "nothing", { quantity: 0, reason: "x" }, "quantity"],
    ["/api/v1/dishes/d1/write-off", "too much", { quantity: 10_001, reason: "x" }, "quantity"],
    ["/api/v1/dishes/d1/pause", "a quantity", { quantity: 1 }, ""],
    ["/api/v1/dishes/d%201/pause", "an odd id", {}, "dishId"],
    ["/api/v1/transactions/%00/confirm", "an odd id", {}, "txId"],
    ["/api/v1/coupons", "no amount", { couponId: "c1" }, "amountCents"],
    ["/api/v1/coupons", "a state", { couponId: "c1", amountCents: 1, state: "USED" }, ""],
  ];
  it.each(BAD)("POST %s with %s is refused", async (path, _, body, field) => {
    const api = testApi();
    const problem = expectProblem(await api.send("POST", path, { body, headers: KEYED }), "VALIDATION");
    expect(problem.errors?.map((error) => error.path)).toContain(field);
    expect(api.calls).toEqual([]);
  });

  it.each([
    "limit=0",
    "limit=501",
    "limit=-1",
    "limit=1.5",
    "limit=",
    "limit=1e2",
    "limit=5&limit=6",
    "cursor=",
    "cursor=abc",
    "cursor=%00",
    `cursor=${btoa("1/a/b")}`,
    `cursor=${btoa("99999999999999/a")}`,
    `cursor=${"a".repeat(500)}`,
    "storeId=",
    "storeId=a%20b",
    "q=",
    "q=%00",
    `q=${"x".repeat(101)}`,
    "colour=red",
    "__proto__=1",
    "constructor=1",
  ])("GET /api/v1/dishes?%s is refused, and the same of transactions", async (query) => {
    for (const list of ["dishes", "transactions"]) expectProblem(await testApi().send("GET", `/api/v1/${list}?${query}`), "VALIDATION");
  });

  it.each([
    "state=",
    "state=reserved",
    "state=RESERVED,",
    "state=RESERVED,GONE",
    "cause=",
    "cause=BOREDOM",
    "minAgeSeconds=-1",
    "minAgeSeconds=soon",
    "minAttempts=x",
    "fingerprint=a%20b",
    "dishId=%2F",
    "orderId=%2F",
  ])("GET /api/v1/transactions?%s is refused", async (query) => {
    expectProblem(await testApi().send("GET", `/api/v1/transactions?${query}`), "VALIDATION");
  });

  it("a good query arrives as numbers, lists and a page key", async () => {
    const asked: unknown[] = [];
    const api = testApi({
      reads: { ...fakeReads, transactions: async (query) => (asked.push(query), { transactions: [], nextCursor: null }) },
    });
    const cursor = cursorOf({ createdAtMs: 1_700_000_000_000, id: "t1" });
    const query = `state=RESERVED,EXPIRED&minAgeSeconds=60&minAttempts=0&cause=FAILED&fingerprint=f-1&q=%25&limit=7&cursor=${cursor}`;
    expect((await api.send("GET", `/api/v1/transactions?${query}`)).status).toBe(200);
    expect(asked).toEqual([
      {
        state: ["RESERVED", "EXPIRED"],
        minAgeSeconds: 60,
        minAttempts: 0,
        cause: "FAILED",
        fingerprint: "f-1",
        q: "%",
        limit: 7,
        cursor: { createdAtMs: 1_700_000_000_000, id: "t1" },
      },
    ]);
  });
});

describe("garbage", () => {
  const POSTS = ROUTES.filter(({ method }) => method === "POST").map(({ path }) => path);
  const json = fc.jsonValue({ maxDepth: 4 });
  const almost = fc.record(
    {
      txId: fc.oneof(fc.stringMatching(ID_PATTERN), json),
      storeId: fc.oneof(fc.constant("s1"), json),
      lines: fc.oneof(fc.array(fc.record({ dishId: fc.oneof(fc.constant("d1"), json), quantity: fc.oneof(fc.integer(), fc.double(), json) })), json),
      couponId: json,
      orderId: json,
      ttlSeconds: fc.oneof(fc.integer(), json),
      participants: json,
      transactions: fc.array(json),
      dishId: json,
      names: json,
      priceCents: json,
      quantity: fc.oneof(fc.integer(), json),
      reason: fc.oneof(fc.string({ unit: "binary" }), json),
      amountCents: json,
    },
    { requiredKeys: [] },
  );

  it("in a body, a path or a header is never a failure, and never reaches the engine as anything but what it takes", async () => {
    const api = testApi();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...POSTS),
        fc.oneof(almost, json, fc.string(), fc.uint8Array({ maxLength: 200 })),
        fc.oneof(fc.constant("a1"), fc.string({ maxLength: 10 })),
        fc.oneof(fc.constant(undefined), fc.string({ maxLength: 10 })),
        async (path, body, id, header) => {
          const url = path.replaceAll(/\{\w+\}/g, encodeURIComponent(id).replaceAll(".", "x") || "x");
          const headers = { "idempotency-key": "a1", ...(header === undefined ? {} : { "x-request-timeout-ms": encodeURIComponent(header) }) };
          const raw = typeof body === "string" || body instanceof Uint8Array;
          const sent = await api.send("POST", url, { body: raw ? body : JSON.stringify(body), headers: { ...headers, ...JSON_TYPE } });
          expect([200, 201, 207, 400, 404]).toContain(sent.status);
          expect(sent.headers.get("x-trace-id")).toMatch(/^[0-9a-f]{32}$/);
        },
      ),
      { numRuns: 500 },
    );
    expect(api.logged).toEqual([]);
    for (const [verb, request] of api.calls) if (verb === "try") expect(SANE.safeParse(request).success).toBe(true);
  });
});

/** What the engine may be asked, written down a second time. */
const SANE = z.strictObject({
  txId: z.string().regex(ID_PATTERN),
  storeId: z.string().regex(ID_PATTERN),
  lines: z.array(z.strictObject({ dishId: z.string().regex(ID_PATTERN), quantity: z.int().min(1).max(500_000) })).min(1).max(50),
  orderId: z.string().regex(ID_PATTERN),
  couponId: z.string().regex(ID_PATTERN).nullable(),
  ttlSeconds: z.int().min(1).max(86_400),
});
