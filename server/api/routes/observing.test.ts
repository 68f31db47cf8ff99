/**
 * What a running instance tells over HTTP, on both endings of the API.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { Locks, SAMPLE_EVERY_MAX, WINDOW_SECONDS_MAX as ASKED_SECONDS_MAX } from "../../contracts/observing.ts";
import { WINDOW_SECONDS_MAX } from "../../engine/tiers/lock/contention-profile.ts";
import { nodeListener } from "../node-mount.ts";
import { expectProblem, fakeEngine, fakeView, KEY, requestOf, StandingClock, testApi, type TestApi } from "../testing.ts";

/** The same request through fetch and through a node:http server. */
async function bytesOf(api: TestApi, path: string): Promise<{ headers: Headers; bytes: Buffer }[]> {
  const server = createServer(nodeListener(api));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const answers = [await api.fetch(requestOf("http://test.invalid", "GET", path, {})), await fetch(requestOf(origin, "GET", path, {}))];
    return await Promise.all(answers.map(async (answer) => ({ headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) })));
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe("profiles", () => {
  it.each(["mutex", "block"])("%s comes as bytes, unharmed, for a tool to save", async (view) => {
    const engine = fakeEngine();
    engine.profile.sampleEvery = 1;
    const profile = engine.profile as unknown as { waited(waiter: object, nowMs: number): void; released(batch: object, waiting: object[], nowMs: number): void };
    profile.waited({ dishIds: ["牛肉面"], sinceMs: -5 }, 0);
    profile.released({ dishIds: new Set(["牛肉面"]), startedAtMs: -9 }, [{ dishIds: ["牛肉面"], sinceMs: -4 }], 0);
    for (const { headers, bytes } of await bytesOf(testApi({ engine }), `/api/debug/pprof/${view}?seconds=10`)) {
      expect(headers.get("content-type")).toBe("application/octet-stream");
      expect(headers.get("content-disposition")).toBe(`attachment; filename="${view}.pb.gz"`);
      expect(gunzipSync(bytes).includes("dish 牛肉面")).toBe(true);
    }
  });

  it("may reach as far back as the engine remembers, and no further", () => {
    expect(ASKED_SECONDS_MAX).toBe(WINDOW_SECONDS_MAX);
  });

  it.each(["pprof/mutex", "pprof/block", "trace", "locks"])("%s takes whole seconds within its bounds", async (name) => {
    const api = testApi();
    for (const seconds of ["0", "-1", "1.5", "1e1", "", "abc", "301", "99999999999"]) {
      expectProblem(await api.send("GET", `/api/debug/${name}?seconds=${seconds}`), "VALIDATION");
    }
    expectProblem(await api.send("GET", `/api/debug/${name}?second=5`), "VALIDATION");
    expectProblem(await api.send("GET", `/api/debug/${name}?seconds=5&seconds=6`), "VALIDATION");
    expect((await api.send("GET", `/api/debug/${name}?seconds=30`)).status).toBe(200);
    expect((await api.send("GET", `/api/debug/${name}?seconds=31`)).status).toBe(name === "trace" ? 400 : 200);
  });
});

describe("a trace", () => {
  it("is JSON for a tool to save, on both endings", async () => {
    const engine = fakeEngine();
    for (const { headers, bytes } of await bytesOf(testApi({ engine }), "/api/debug/trace?seconds=2")) {
      expect(headers.get("content-type")).toBe("application/json");
      expect(headers.get("content-disposition")).toBe(`attachment; filename="trace-${engine.instance}.json"`);
      expect(JSON.parse(bytes.toString())).toMatchObject({ traceEvents: [], otherData: { seconds: 2 } });
    }
  });

  it("while another is captured is OVERLOADED until that one ends, whatever the caller's time", async () => {
    let end = () => {};
    const trace = { traceEvents: [], displayTimeUnit: "ms", otherData: { instance: "i1", seconds: 20, dropped: 0 } } as const;
    const captured = new Promise<void>((resolve) => {
      end = resolve;
    });
    const clock = new StandingClock();
    const api = testApi({ clock, engine: { ...fakeEngine(), captureTrace: async () => captured.then(() => ({ ...trace, traceEvents: [] })) } });
    const first = api.send("GET", "/api/debug/trace?seconds=20", { headers: { "x-request-timeout-ms": "100" } });
    await expect.poll(async () => (await api.send("GET", "/api/debug/trace")).status).toBe(503);
    clock.advance(15_000);
    const second = await api.send("GET", "/api/debug/trace");
    expectProblem(second, "OVERLOADED");
    expect(second.headers.get("retry-after")).toBe("5");
    end();
    expect((await first).status).toBe(200);
    expect((await api.send("GET", "/api/debug/trace")).status).toBe(200);
  });
});

describe("locks", () => {
  it("say who holds, who waits, and who else runs", async () => {
    const view = fakeView();
    const clock = new StandingClock();
    const suspect = { number: 7, wokenBy: null, lane: 1, startedAtMs: clock.monotonicMs() - 2_500, operations: 3, dishIds: new Set(["noodles", "rice"]) };
    const queue = [{ key: "tx t1", lane: "try" as const, waitedMs: 90 }];
    const chain = { dishId: "noodles", heldMs: 2_500, lane: 1, batch: 7, operations: 3, queue, waiting: 4, longestWaitMs: 90 };
    const api = testApi({ clock, engine: { ...fakeEngine(), ...view, suspects: () => [suspect], waitChains: () => [chain] } });
    const { status, body } = await api.send("GET", "/api/debug/locks?seconds=60");
    expect(status).toBe(200);
    const locks = Locks.parse(body);
    expect(locks).toMatchObject({ instance: view.instance, seconds: 60, sampleEvery: 8, waiting: 0, inFlight: 0, chains: [chain] });
    expect(locks.suspects).toEqual([{ lane: 1, heldMs: 2_500, operations: 3, dishIds: ["noodles", "rice"] }]);
    expect(locks.segments).toHaveLength(64);
    expect(locks.instances).toMatchObject([{ instance: view.instance, alive: true, circuits: { postgres: "closed", redis: "closed" } }]);
  });

  it("show the worst dishes and queues, not all of them", async () => {
    const engine = fakeEngine();
    engine.profile.sampleEvery = 1;
    const profile = engine.profile as unknown as { waited(waiter: object, nowMs: number): void };
    for (let n = 1; n <= 200; n++) profile.waited({ dishIds: [`d${n}`], sinceMs: -n }, 0);
    const { body } = await testApi({ engine }).send("GET", "/api/debug/locks");
    expect(body.dishes).toHaveLength(100);
    expect(body.dishes[0]).toMatchObject({ dishId: "d200", painMs: 200, waits: 1 });
  });
});

describe("the sampling rate", () => {
  it("is set at once, and shown", async () => {
    const engine = fakeEngine();
    const api = testApi({ engine });
    expect(await api.send("POST", "/api/debug/sampling", { body: { every: 1 } })).toMatchObject({ status: 200, body: { every: 1 } });
    expect(engine.profile.sampleEvery).toBe(1);
    expect((await api.send("GET", "/api/debug/locks")).body.sampleEvery).toBe(1);
    expect((await api.send("GET", "/api/metrics")).body).toContain("\neightysix_lock_sampled_every_waits 1\n");
  });

  it.each([0, -1, 1.5, SAMPLE_EVERY_MAX + 1, "5", null, 1e308])("of %j is refused, and nothing changes", async (every) => {
    const engine = fakeEngine();
    expectProblem(await testApi({ engine }).send("POST", "/api/debug/sampling", { body: { every } }), "VALIDATION");
    expect(engine.profile.sampleEvery).toBe(8);
  });

  it("under an Idempotency-Key used for another request is 422, and nothing changes", async () => {
    const engine = fakeEngine();
    const api = testApi({ engine, claims: { claim: async () => false } });
    const sent = await api.send("POST", "/api/debug/sampling", { key: KEY, body: { every: 2 }, headers: { "idempotency-key": "a1" } });
    expectProblem(sent, "IDEMPOTENCY_MISMATCH");
    expect(engine.profile.sampleEvery).toBe(8);
  });
});
