/**
 * What callers are answered: the engine's yes and no, batches, dishes, readiness.
 */
import { describe, expect, it } from "vitest";
import { ERRORS, ERROR_CODES, type ErrorCode } from "../contracts/errors.ts";
import { ENGINE_ERROR_CODES, EngineError } from "../engine/kernel/errors.ts";
import { BASKET, expectProblem, failingEngine, fakeEngine, fakeReads, goodRequest, KEY, StandingClock, testApi } from "./testing.ts";

describe("a no of the engine", () => {
  const renamed: Partial<Record<string, ErrorCode>> = { WRONG_STORE: "VALIDATION", SUPPLY_LIMIT: "VALIDATION", INTERNAL: "UNAVAILABLE" };
  it.each(ENGINE_ERROR_CODES)("%s becomes its problem", async (code) => {
    const dishes = [{ dishId: "noodles", wanted: 2, available: 1 }];
    const error = new EngineError(code, "Because.", { dishes, ticketId: "T1", retryAfterMs: 2_300 });
    const sent = await testApi({ engine: failingEngine(error) }).send("POST", "/api/v1/transactions", { body: BASKET });
    const problem = expectProblem(sent, renamed[code] ?? (code as ErrorCode));
    expect(problem).toMatchObject({ txId: "t1", dishes, ticketId: "T1" });
    if (sent.status === 503) expect(sent.headers.get("retry-after")).toBe("3");
    if (code === "SUPPLY_LIMIT") expect(problem.errors).toMatchObject([{ path: "quantity" }]);
    if (code === "WRONG_STORE") expect(problem.errors).toEqual([{ path: "lines", message: "a dish of another store" }]);
    else expect(problem.retryable).toBe(error.retryable);
  });

  it("that nobody expected leaves the outcome unknown, is logged, and tells the caller nothing of it", async () => {
    const api = testApi({ engine: failingEngine(new Error("secret detail")) });
    const problem = expectProblem(await api.send("POST", "/api/v1/transactions/t9/confirm"), "DEADLINE_EXCEEDED");
    expect(problem.txId).toBe("t9");
    expect(JSON.stringify(problem)).not.toContain("secret");
    expect(api.logged).toHaveLength(1);
  });

  it("that nobody expected is UNAVAILABLE where nothing can have been written", async () => {
    const transactions = async () => {
      throw new TypeError("secret detail");
    };
    const api = testApi({ reads: { ...fakeReads, transactions } });
    expectProblem(await api.send("GET", "/api/v1/transactions"), "UNAVAILABLE");
    expect(api.logged).toHaveLength(1);
  });

  it("that nobody expected fills no log: ten a second, and how many were left out", async () => {
    const clock = new StandingClock();
    const api = testApi({ engine: failingEngine(new Error("again")), clock });
    for (let i = 0; i < 25; i++) await api.send("POST", "/api/v1/transactions/t9/confirm");
    expect(api.logged).toHaveLength(10);
    clock.advance(1_000);
    await api.send("POST", "/api/v1/transactions/t9/confirm");
    expect(api.logged.at(-1)).toMatchObject({ suppressed: 15 });
  });
});

describe("a Try", () => {
  it("answers 201, and 200 with the same body when it is a replay", async () => {
    const engine = fakeEngine();
    const first = await testApi({ engine }).send("POST", "/api/v1/transactions", { body: BASKET });
    const replaying = { ...engine, try: async (...args: Parameters<typeof engine.try>) => ({ ...(await engine.try(...args)), replayed: true }) };
    const second = await testApi({ engine: replaying }).send("POST", "/api/v1/transactions", { body: BASKET });
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.body).toEqual(first.body);
    expect(first.body).toEqual({
      txId: "t1",
      state: "RESERVED",
      lines: [{ dishId: "noodles", quantity: 2, freezeId: "t1.1" }],
      expiresAt: "2023-11-14T22:13:20.000Z",
    });
  });

  it("merges lines of one dish in order of first appearance, fills in order and ttl, and knows no magic names", async () => {
    const api = testApi();
    const lines = [
      { dishId: "__proto__", quantity: 1 },
      { dishId: "rice", quantity: 10_000 },
      { dishId: "constructor", quantity: 1 },
      { dishId: "rice", quantity: 10_000 },
      { dishId: "__proto__", quantity: 2 },
    ];
    await api.send("POST", "/api/v1/transactions", { body: { txId: "t1", storeId: "s1", lines } });
    expect(api.calls[0]?.[1]).toEqual({
      txId: "t1",
      storeId: "s1",
      lines: [
        { dishId: "__proto__", quantity: 3 },
        { dishId: "rice", quantity: 20_000 },
        { dishId: "constructor", quantity: 1 },
      ],
      orderId: "t1",
      couponId: null,
      ttlSeconds: 900,
    });
  });

  it("with participants is refused while none is configured and no host allowed; an empty list is no participant", async () => {
    const api = testApi();
    const named = { ...BASKET, participants: [{ name: "points", body: { points: 3 } }] };
    const given = { ...BASKET, participants: [{ tryUrl: "http://a.test/t", confirmUrl: "http://a.test/c", cancelUrl: "http://a.test/x" }] };
    for (const [body, reason] of [[named, "none is configured"], [given, "no host is allowed"]] as const) {
      const problem = expectProblem(await api.send("POST", "/api/v1/transactions", { body }), "VALIDATION");
      expect(problem.errors?.[0]?.message).toContain(reason);
    }
    expect(api.calls).toEqual([]);
    expect((await api.send("POST", "/api/v1/transactions", { body: { ...BASKET, participants: [] } })).status).toBe(201);
  });
});

describe("Confirm, Cancel and Reverse", () => {
  it.each([
    ["confirm", "CONFIRMED", 200],
    ["confirm", "CONFIRMING", 202],
    ["cancel", "CANCELLED", 200],
    ["cancel", "CANCELLING", 202],
    ["reverse", "REVERSED", 200],
    ["reverse", "REVERSING", 202],
  ] as const)("%s that leaves %s answers %i", async (verb, state, status) => {
    const move = async (txId: string) => ({ txId, state });
    const api = testApi({ engine: { ...fakeEngine(), confirm: move, cancel: move, reverse: move } });
    const sent = await api.send("POST", `/api/v1/transactions/t1/${verb}`);
    expect(sent).toMatchObject({ status, body: { txId: "t1", state } });
  });

  it("takes no body, or an empty object", async () => {
    const api = testApi();
    expect((await api.send("POST", "/api/v1/transactions/t1/confirm", { body: {} })).status).toBe(200);
    expectProblem(await api.send("POST", "/api/v1/transactions/t1/confirm", { body: { force: true } }), "VALIDATION");
    expectProblem(await api.send("POST", "/api/v1/transactions/t1/confirm", { body: "{" }), "VALIDATION");
  });
});

describe("a batch", () => {
  it("answers 207 with each result in order; what is wrong with one is its own", async () => {
    const engine = fakeEngine();
    const api = testApi({
      engine: {
        ...engine,
        try: async (request, call) => {
          if (request.txId === "sold-out") throw new EngineError("SOLD_OUT", "Gone.");
          return { ...(await engine.try(request, call)), replayed: request.txId === "again" };
        },
      },
    });
    const ids = ["one", "sold-out", "again", "two"];
    const transactions: unknown[] = ids.map((txId) => ({ ...BASKET, txId }));
    transactions.splice(2, 0, { ...BASKET, txId: "bad", lines: [] }, null, 7, { __proto__: null });
    const { status, body } = await api.send("POST", "/api/v1/transactions/batch", { body: { transactions } });
    expect(status).toBe(207);
    expect(body.results.map((result: { status: number }) => result.status)).toEqual([201, 409, 400, 400, 400, 400, 200, 201]);
    expect(body.results[1].body).toMatchObject({ code: "SOLD_OUT", txId: "sold-out" });
    expect(body.results[2].body).toMatchObject({ code: "VALIDATION", errors: [{ path: "lines" }] });
    expect(body.results[6].body.txId).toBe("again");
  });

  it("runs all at once: the engine has seen every one before it answers any", async () => {
    let asked = 0;
    let open: () => void = () => {};
    const all = new Promise<void>((resolve) => {
      open = resolve;
    });
    const engine = fakeEngine();
    const api = testApi({
      engine: {
        ...engine,
        try: async (request, call) => {
          if (++asked === 500) open();
          await all;
          return engine.try(request, call);
        },
      },
    });
    const transactions = Array.from({ length: 500 }, (_, i) => ({ ...BASKET, txId: `t${i}` }));
    const { body } = await api.send("POST", "/api/v1/transactions/batch", { body: { transactions } });
    expect(body.results).toHaveLength(500);
    expect(body.results[499].body.txId).toBe("t499");
  });

  it.each([
    ["none", []],
    ["501", Array.from({ length: 501 }, () => BASKET)],
  ])("of %s is refused whole", async (_, transactions) => {
    expectProblem(await testApi().send("POST", "/api/v1/transactions/batch", { body: { transactions } }), "VALIDATION");
  });

  it("under an Idempotency-Key of another batch is refused before anything is tried", async () => {
    const seen = new Map<string, string>();
    const api = testApi({
      claims: {
        async claim({ actionKey, requestHash }) {
          if (!seen.has(actionKey)) seen.set(actionKey, requestHash);
          return seen.get(actionKey) === requestHash;
        },
      },
    });
    const send = (txId: string, key: string) =>
      api.send("POST", "/api/v1/transactions/batch", { key, headers: { "idempotency-key": "b1" }, body: { transactions: [{ ...BASKET, txId }] } });
    expect((await send("t1", "only:orders")).status).toBe(207);
    expect((await send("t1", "only:orders")).status).toBe(207);
    expectProblem(await send("t2", "only:orders"), "IDEMPOTENCY_MISMATCH");
    expect((await send("t2", KEY)).status).toBe(207); // another API key: another name space
    expect(api.calls.map(([, request]) => (request as { txId: string }).txId)).toEqual(["t1", "t1", "t2"]);
  });
});

describe("a dish's answer", () => {
  it("is the engine's row with its names and price, as of the action", async () => {
    const sent = await testApi().send("POST", "/api/v1/dishes/noodles/restock", goodRequest("POST", "/api/v1/dishes/{dishId}/restock").options);
    expect(sent).toMatchObject({
      status: 200,
      body: {
        dishId: "noodles",
        storeId: "s1",
        names: { en: "Noodles", "zh-CN": "面条" },
        priceCents: 1_200,
        supplied: 10,
        available: 6,
        frozen: 3,
        sold: 1,
        version: 7,
        onSale: true,
        stale: false,
        asOf: "2023-11-14T22:13:20.000Z",
      },
    });
  });

  it.each(["/api/v1/dishes/{dishId}/restock", "/api/v1/dishes"])("to a POST %s that was carried out is never a 503, also when the database goes away before it can be read", async (path) => {
    const dishFace = async () => {
      throw new Error("Connection terminated unexpectedly");
    };
    const api = testApi({ reads: { ...fakeReads, dishFace } });
    const { path: url, options } = goodRequest("POST", path);
    expectProblem(await api.send("POST", url, options), "DEADLINE_EXCEEDED");
    expect(api.calls).toHaveLength(1);
  });

  it("to a new dish is 201, to a new coupon the coupon as it was made", async () => {
    const api = testApi();
    const dish = await api.send("POST", "/api/v1/dishes", goodRequest("POST", "/api/v1/dishes").options);
    expect(dish.status).toBe(201);
    const coupon = await api.send("POST", "/api/v1/coupons", { body: { couponId: "c1", storeId: "s1", amountCents: 500 } });
    expect(coupon).toMatchObject({
      status: 201,
      body: { couponId: "c1", storeId: "s1", amountCents: 500, state: "AVAILABLE", txId: null },
    });
  });
});

describe("readiness", () => {
  const up = async () => {};
  const down = () => Promise.reject(new Error("down"));
  it.each([
    [up, up, 200, "ready"],
    [up, down, 200, "degraded"],
    [down, up, 503, "unavailable"],
    [down, down, 503, "unavailable"],
  ])("Postgres and Redis as they are", async (postgres, redis, status, word) => {
    const sent = await testApi({ probes: { postgres, redis } }).send("GET", "/api/ready", { key: null });
    expect(sent.status).toBe(status);
    expect(sent.body).toEqual({
      status: word,
      dependencies: { postgres: { state: postgres === up ? "up" : "down" }, redis: { state: redis === up ? "up" : "down" } },
    });
    expect(sent.headers.has("retry-after")).toBe(status === 503);
  });

  it("calls a dependency that hangs down, and asks at most once a second", async () => {
    const clock = new StandingClock();
    let asked = 0;
    const api = testApi({ clock, probes: { postgres: up, redis: () => (asked++, new Promise(() => {})) } });
    const answers = Promise.all(Array.from({ length: 5 }, () => api.send("GET", "/api/ready")));
    await new Promise(setImmediate);
    clock.advance(250);
    expect((await answers).map(({ body }) => body.status)).toEqual(Array(5).fill("degraded"));
    expect(asked).toBe(1);
    clock.advance(1_000);
    const later = api.send("GET", "/api/ready");
    await new Promise(setImmediate);
    clock.advance(250);
    await later;
    expect(asked).toBe(2);
  });
});

it("every code has a title of its own", () => {
  expect(new Set(ERROR_CODES.map((code) => ERRORS[code].title)).size).toBe(ERROR_CODES.length);
});
