/**
 * Who may come in, and within which bounds: keys, scopes, rates, time, idempotency, traces, routes.
 */
import { describe, expect, it } from "vitest";
import { SCOPES } from "../contracts/scopes.ts";
import { ROUTES } from "./routes/index.ts";
import { BASKET, expectProblem, fakeReads, goodRequest, KEY, StandingClock, testApi } from "./testing.ts";

describe("who may come in", () => {
  for (const { method, path, scope } of ROUTES) {
    const name = `${method} ${path}`;
    if (scope === null) {
      it(`${name} is open`, async () => {
        const { path: url } = goodRequest(method, path);
        expect((await testApi().send(method, url, { key: null })).status).toBe(200);
      });
      continue;
    }
    it(`${name} takes a key with the scope ${scope} and no other`, async () => {
      const api = testApi();
      const { path: url, options } = goodRequest(method, path);
      expectProblem(await api.send(method, url, { ...options, key: null }), "UNAUTHENTICATED");
      expectProblem(await api.send(method, url, { ...options, key: "not-a-key" }), "UNAUTHENTICATED");
      for (const other of ["orders", "stock", "observe"].filter((other) => other !== scope)) {
        expectProblem(await api.send(method, url, { ...options, key: `only:${other}` }), "FORBIDDEN");
      }
      expect(api.calls).toEqual([]);
      const { status } = await api.send(method, url, { ...options, key: `only:${scope}` });
      expect([200, 201, 202, 207, 404]).toContain(status);
    });
  }

  const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString("base64")}` });
  it.each([
    ["Bearer", { authorization: `Bearer ${KEY}` }, 404],
    ["bearer in lower case", { authorization: `bearer ${KEY}` }, 404],
    ["Basic, any user", basic(`anybody:${KEY}`), 404],
    ["Basic, no user", basic(`:${KEY}`), 404],
    ["Basic with the key as user", basic(`${KEY}:`), 401],
    ["Basic with a colon too many", basic(`a:b:${KEY}`), 401],
    ["Basic that is not base64", { authorization: "Basic !!!" }, 401],
    ["an empty Bearer", { authorization: "Bearer " }, 401],
    ["the bare key", { authorization: KEY }, 401],
    ["another scheme", { authorization: `Digest ${KEY}` }, 401],
  ])("%s", async (_, headers, status) => {
    const sent = await testApi().send("GET", "/api/v1/dishes/noodles", { key: null, headers });
    expect(sent.status).toBe(status);
    if (status === 401) expect(sent.headers.get("www-authenticate")).toContain("Bearer");
  });

  it("says UNAVAILABLE, not 401, when keys cannot be read", async () => {
    const api = testApi({ keys: { verify: () => Promise.reject(new Error("no database")) } });
    expectProblem(await api.send("GET", "/api/v1/dishes/noodles"), "UNAVAILABLE");
  });
});

describe("an Idempotency-Key", () => {
  const REQUIRED = ["restock", "write-off"];
  const OPTIONAL = ["pause", "resume"];
  it.each(REQUIRED)("is required for %s", async (verb) => {
    const sent = await testApi().send("POST", `/api/v1/dishes/noodles/${verb}`, { body: { quantity: 1, reason: "x" } });
    expect(expectProblem(sent, "VALIDATION").errors).toEqual([{ path: "Idempotency-Key", message: "is required" }]);
  });

  it.each(["", "a b", "%C3%BC", "x".repeat(65), "a,b"])("like %j is refused", async (key) => {
    const sent = await testApi().send("POST", "/api/v1/dishes/noodles/pause", { headers: { "idempotency-key": key } });
    expectProblem(sent, "VALIDATION");
  });

  it("belongs to its API key; without one every request is its own action", async () => {
    const api = testApi();
    const send = (verb: string, key: string, headers: Record<string, string>) =>
      api.send("POST", `/api/v1/dishes/noodles/${verb}`, { key, headers, ...(REQUIRED.includes(verb) ? { body: { quantity: 1, reason: "x" } } : {}) });
    for (const verb of [...REQUIRED, ...OPTIONAL]) {
      await send(verb, KEY, { "idempotency-key": "a1" });
      await send(verb, "only:stock", { "idempotency-key": "a1" });
    }
    await send("pause", KEY, {});
    await send("pause", KEY, {});
    const actions = api.calls.map(([, request]) => request as { actionKey: string; actor: string });
    expect(actions.slice(0, 2)).toMatchObject([
      { actionKey: "k_all:a1", actor: "k_all" },
      { actionKey: "k_stock:a1", actor: "k_stock" },
    ]);
    expect(new Set(actions.slice(-2).map(({ actionKey }) => actionKey)).size).toBe(2);
  });
});

describe("time", () => {
  it.each([
    [undefined, 800],
    ["250", 250],
    ["800", 800],
    ["5000", 800],
    ["999999999999", 800],
  ])("X-Request-Timeout-Ms %s gives the engine %i ms", async (header, expected) => {
    const api = testApi({ clock: new StandingClock() });
    await api.send("POST", "/api/v1/transactions", { body: BASKET, headers: header ? { "x-request-timeout-ms": header } : {} });
    expect(api.calls[0]?.[2]).toMatchObject({ timeoutMs: expected });
  });

  it.each(["0", "-1", "1.5", "1e3", "0x10", "abc", "", " ", "9999999999999"])("X-Request-Timeout-Ms %j is refused", async (header) => {
    const api = testApi();
    expectProblem(await api.send("POST", "/api/v1/transactions", { body: BASKET, headers: { "x-request-timeout-ms": header } }), "VALIDATION");
    expect(api.calls).toEqual([]);
  });

  it("spent on receiving the body is gone; nothing is tried after the deadline", async () => {
    const clock = new StandingClock();
    const api = testApi({ clock });
    const slow = (delayMs: number) =>
      new ReadableStream({
        pull(controller) {
          clock.advance(delayMs);
          controller.enqueue(new TextEncoder().encode(JSON.stringify(BASKET)));
          controller.close();
        },
      });
    await api.send("POST", "/api/v1/transactions", { body: slow(300) });
    expect(api.calls[0]?.[2]).toMatchObject({ timeoutMs: 500, accessMs: 300 });
    expectProblem(await api.send("POST", "/api/v1/transactions", { body: slow(801) }), "DEADLINE_EXCEEDED");
    expect(api.calls).toHaveLength(1);
  });

  it("a read that fails is UNAVAILABLE and reported", async () => {
    const api = testApi({ reads: { ...fakeReads, dish: () => Promise.reject(new Error("no database")) } });
    expect(expectProblem(await api.send("GET", "/api/v1/dishes/noodles"), "UNAVAILABLE").detail).toBe("The database does not answer.");
    expect(api.logged).toHaveLength(1);
  });

  it("of a read is bounded too", async () => {
    const clock = new StandingClock();
    let started: () => void = () => {};
    const reading = new Promise<void>((resolve) => {
      started = resolve;
    });
    const api = testApi({ clock, reads: { ...fakeReads, dish: () => (started(), new Promise(() => {})) } });
    const answer = api.send("GET", "/api/v1/dishes/noodles");
    await reading;
    clock.advance(800);
    expectProblem(await answer, "DEADLINE_EXCEEDED");
  });
});

describe("a trace", () => {
  const ID = "4bf92f3577b34da6a3ce929d0e0e4736";
  it("of the caller is taken up, told to the engine and sent back", async () => {
    const api = testApi();
    const headers = { traceparent: `00-${ID}-00f067aa0ba902b7-01` };
    const sent = await api.send("POST", "/api/v1/transactions", { body: BASKET, headers });
    expect(sent.headers.get("x-trace-id")).toBe(ID);
    expect(api.calls[0]?.[2]).toMatchObject({ traceId: ID });
    for (const path of ["/api/nowhere", "/api/v1/dishes/no%20id"]) {
      expect((await api.send("GET", path, { headers })).body.traceId).toBe(ID);
    }
  });

  it.each([
    "",
    "garbage",
    `00-${"0".repeat(32)}-00f067aa0ba902b7-01`,
    `00-${ID}-${"0".repeat(16)}-01`,
    `ff-${ID}-00f067aa0ba902b7-01`,
    `00-${ID.toUpperCase()}-00f067aa0ba902b7-01`,
  ])("like %j starts a new one", async (traceparent) => {
    const sent = await testApi().send("GET", "/api/health", { headers: { traceparent } });
    expect(sent.headers.get("x-trace-id")).toMatch(/^[0-9a-f]{32}$/);
    expect(sent.headers.get("x-trace-id")).not.toBe(ID);
  });
});

describe("a rate", () => {
  it("is per key, counts a batch by its transactions, and says when to come back", async () => {
    const clock = new StandingClock();
    const api = testApi({ clock, config: { rateLimitPerSecond: 10 } });
    const attempt = (key = KEY) => api.send("POST", "/api/v1/transactions", { key, body: BASKET });
    const batch = (size: number) =>
      api.send("POST", "/api/v1/transactions/batch", { body: { transactions: Array.from({ length: size }, () => BASKET) } });
    expect((await batch(9)).status).toBe(207);
    expect((await attempt()).status).toBe(201);
    expect(expectProblem(await attempt(), "RATE_LIMITED").txId).toBeUndefined();
    expect((await attempt("only:orders")).status).toBe(201);
    expect((await api.send("POST", "/api/v1/transactions/t1/cancel")).status).toBe(200); // moves are never held back
    clock.advance(500);
    expectProblem(await batch(7), "RATE_LIMITED");
    clock.advance(3_000);
    expect((await batch(30)).status).toBe(207); // larger than a second's worth: passes when full, then pays back
    expect((await attempt()).headers.get("retry-after")).toBe("3");
    clock.advance(2_200);
    expect((await attempt()).status).toBe(201);
  });
});

describe("a key with a rate of its own", () => {
  it("is held to that, more or less than the others", async () => {
    const keys = { verify: (secret: string) => ({ keyId: secret, scopes: SCOPES, ...(secret === "usual" ? {} : { ratePerSecond: Number(secret) }) }) };
    const api = testApi({ clock: new StandingClock(), config: { rateLimitPerSecond: 3 }, keys });
    const taken = async (key: string) => {
      const answers: number[] = [];
      for (let n = 0; n < 6; n += 1) answers.push((await api.send("POST", "/api/v1/transactions", { key, body: BASKET })).status);
      return answers.filter((status) => status === 201).length;
    };
    expect([await taken("usual"), await taken("2"), await taken("5")]).toEqual([3, 2, 5]);
    const batch = { transactions: Array.from({ length: 4 }, () => BASKET) };
    expect((await api.send("POST", "/api/v1/transactions/batch", { key: "4", body: batch })).status).toBe(207);
    expectProblem(await api.send("POST", "/api/v1/transactions/batch", { key: "4", body: batch }), "RATE_LIMITED");
  });
});

describe("an unknown route", () => {
  it.each([
    ["GET", "/api"],
    ["GET", "/api/v2/transactions"],
    ["GET", "/api/v1/transactions/"],
    ["DELETE", "/api/v1/transactions/t1"],
    ["PUT", "/api/v1/dishes/noodles"],
    ["GET", "/api/v1/transactions/t1/confirm"],
    ["POST", "/api/v1/transactions/t1/explode"],
    ["OPTIONS", "/api/v1/dishes"],
    ["POST", "/api/metrics"],
    ["GET", "/api/debug/sampling"],
    ["GET", "/api/debug/pprof/heap"],
    ["GET", "/api/__proto__"],
    ["GET", "/api/%E0%A4%A"],
  ])("%s %s is a problem, with or without a key", async (method, path) => {
    expectProblem(await testApi().send(method, path), "UNKNOWN_ROUTE");
    expectProblem(await testApi().send(method, path, { key: null }), "UNKNOWN_ROUTE");
  });
});
