/**
 * One deadline from the caller to the ledger: what was spent is gone, what is left is passed on, nobody adds to it; and one
 * trace id along the same way.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { Deadline } from "../engine/kernel/deadline.ts";
import { World } from "../engine/simulation/world.ts";
import type { LedgerBatch } from "../engine/tiers/tcc/ledger.ts";
import { nodeListener } from "./node-mount.ts";
import type { ApiKeyVerifier } from "./ports.ts";
import { ROUTES } from "./routes/index.ts";
import { BASKET, expectProblem, fakeKeys, fakeReads, goodRequest, requestOf, sentOf, StandingClock, testApi } from "./testing.ts";

/** Keys that take their time. */
function slowKeys(clock: StandingClock, tookMs: number): ApiKeyVerifier {
  return {
    verify: async (secret) => {
      clock.advance(tookMs);
      return fakeKeys.verify(secret);
    },
  };
}

/** Routes that reach the engine with a verb. A callback is carried out after its answer, in time of its own. */
const VERBS = ROUTES.filter(({ method, path, signed }) => method === "POST" && path.startsWith("/api/v1/") && !signed).map(({ method, path }) => [method, path] as const);

describe("what the caller has left", () => {
  it.each(VERBS)("%s %s tells the engine, less what the door took", async (method, path) => {
    const clock = new StandingClock();
    const api = testApi({ clock, keys: slowKeys(clock, 100) });
    const { path: url, options } = goodRequest(method, path);
    const send = (timeoutMs: string | null) =>
      api.send(method, url, { ...options, headers: { ...options.headers, ...(timeoutMs === null ? {} : { "x-request-timeout-ms": timeoutMs }) } });
    for (const timeoutMs of ["250", "5000", null]) await send(timeoutMs);
    const contexts = api.calls.map((call) => call.at(-1) as { timeoutMs: number; accessMs: number });
    expect(contexts.map(({ timeoutMs, accessMs }) => [timeoutMs, accessMs])).toEqual([[150, 100], [700, 100], [700, 100]]);
    expectProblem(await send("100"), "DEADLINE_EXCEEDED");
    expect(api.calls).toHaveLength(3);
  });

  it("is the same for every transaction of a batch", async () => {
    const clock = new StandingClock();
    const api = testApi({ clock, keys: slowKeys(clock, 30) });
    const transactions = ["a", "b", "c"].map((txId) => ({ ...BASKET, txId }));
    await api.send("POST", "/api/v1/transactions/batch", { body: { transactions }, headers: { "x-request-timeout-ms": "90" } });
    expect(api.calls.map((call) => (call[2] as { timeoutMs: number }).timeoutMs)).toEqual([60, 60, 60]);
  });

  it("reaches a read as its deadline", async () => {
    const clock = new StandingClock();
    const left: number[] = [];
    const reads = {
      ...fakeReads,
      dish: async (_: string, deadline: Deadline) => (left.push(deadline.remainingMs), null),
      dishes: async (_: unknown, deadline: Deadline) => (left.push(deadline.remainingMs), { dishes: [], nextCursor: null }),
    };
    const api = testApi({ clock, keys: slowKeys(clock, 40), reads });
    const headers = { "x-request-timeout-ms": "200" };
    await api.send("GET", "/api/v1/dishes/noodles", { headers });
    await api.send("GET", "/api/v1/dishes", { headers });
    expect(left).toEqual([160, 160]);
  });

  it("is never more than before, however often it is narrowed", () => {
    const clock = new StandingClock();
    const deadline = Deadline.after(clock, 100);
    expect([deadline.narrowedTo(900).remainingMs, deadline.narrowedTo(30).narrowedTo(60).remainingMs]).toEqual([100, 30]);
    clock.advance(150);
    expect([deadline.remainingMs, deadline.narrowedTo(900).passed]).toEqual([0, true]);
  });
});

describe("from the caller to the ledger", () => {
  /** The API, an engine and a ledger that takes its time, on one virtual clock. */
  const rig = async (ledgerMs: number) => {
    const world = new World(5);
    const dish = { dishId: "noodles", storeId: "s1", names: { en: "n", "zh-CN": "n" }, priceCents: 1, supplied: 9, actor: "test", actionKey: "n" };
    await world.clock.run(world.ledger.createDish(dish));
    const batches: LedgerBatch[] = [];
    const runBatch = world.ledger.runBatch.bind(world.ledger);
    world.ledger.runBatch = async (batch) => {
      batches.push(batch);
      await new Promise<void>((resolve) => void world.clock.schedule(ledgerMs, resolve));
      return runBatch(batch);
    };
    const { engine } = world.start();
    return { world, batches, api: testApi({ engine, clock: world.clock }) };
  };
  const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

  it("the trace id is taken up, and arrives with the transaction", async () => {
    const { world, batches, api } = await rig(1);
    const headers = { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` };
    const sent = await world.clock.run(api.send("POST", "/api/v1/transactions", { body: BASKET, headers }));
    expect([sent.status, sent.headers.get("x-trace-id")]).toEqual([201, TRACE]);
    expect(batches.flatMap(({ trys }) => trys.map(({ traceId }) => traceId))).toEqual([TRACE]);
  });

  it("a slow ledger is waited for as long as the caller said, and no longer", async () => {
    const { world, api } = await rig(600);
    const timed = async (txId: string, timeoutMs: string) => {
      const startedAtMs = world.clock.monotonicMs();
      const sent = await world.clock.run(api.send("POST", "/api/v1/transactions", { body: { ...BASKET, txId }, headers: { "x-request-timeout-ms": timeoutMs } }));
      return [sent.status, world.clock.monotonicMs() - startedAtMs] as const;
    };
    const [status, tookMs] = await timed("t1", "120");
    expect(status).toBe(504);
    expect(tookMs).toBeGreaterThanOrEqual(120);
    expect(tookMs).toBeLessThanOrEqual(130);
    await world.clock.advance(1_000);
    expect((await timed("t2", "799"))[0]).toBe(201);
    expect((await timed("t1", "799"))[0]).toBe(200); // the first one went on, and is a replay now
  });
});

it("time and trace come through node:http as they do through fetch", async () => {
  const api = testApi({ clock: new StandingClock() });
  const server = createServer(nodeListener(api));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const headers = { "x-request-timeout-ms": "321", traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
    const sent = await sentOf(await fetch(requestOf(origin, "POST", "/api/v1/transactions", { body: BASKET, headers })));
    expect([sent.status, sent.headers.get("x-trace-id")]).toEqual([201, traceId]);
    expect(api.calls[0]?.[2]).toMatchObject({ timeoutMs: 321, traceId });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
