/**
 * A capture of a simulated rush, held to the rules of the Trace Event Format (Google, "Trace Event Format"): what Perfetto
 * and chrome://tracing rely on when they draw it.
 */
import { describe, expect, test } from "vitest";
import { HOLD_MS } from "../../engine/paths/batch-flight.ts";
import { World } from "../../engine/simulation/world.ts";
import { VirtualClock } from "../../engine/simulation/virtual-clock.ts";
import { CAPTURE_SECONDS_MAX, TraceRecorder } from "../../engine/kernel/trace-recorder.ts";
import { TRACE_SECONDS_MAX } from "../../contracts/observing.ts";
import { TraceFile } from "./trace-file.ts";

// biome-ignore lint/suspicious/noExplicitAny: a trace is judged as any reader would find it
type Json = any;

/** What is wrong with a trace, as sentences. */
function faultsOf(trace: Json): string[] {
  const wrong: string[] = [];
  if (!Array.isArray(trace.traceEvents)) return ["no traceEvents"];
  if (!["ms", "ns"].includes(trace.displayTimeUnit)) wrong.push("no displayTimeUnit");
  const begun = new Map<string, Json>();
  const lanes = new Map<string, Json[]>();
  const named = new Set<string>();
  for (const event of trace.traceEvents) {
    const say = (what: string) => wrong.push(`${what}: ${JSON.stringify(event)}`);
    if (typeof event.name !== "string" || event.name === "") say("no name");
    if (typeof event.cat !== "string") say("no category");
    if (!Number.isFinite(event.ts) || event.ts < 0) say("no time");
    if (!Number.isInteger(event.pid) || !Number.isInteger(event.tid)) say("no process or thread");
    if (event.args !== undefined && (typeof event.args !== "object" || event.args === null)) say("args are no object");
    const lane = `${event.pid}/${event.tid}`;
    if (event.ph === "M") {
      if (!["process_name", "thread_name"].includes(event.name) || typeof event.args?.name !== "string") say("metadata without a name");
      if (event.name === "thread_name") named.add(lane);
    } else if (event.ph === "X") {
      if (!Number.isFinite(event.dur) || event.dur < 0) say("no duration");
      lanes.set(lane, [...(lanes.get(lane) ?? []), event]);
    } else if (event.ph === "b" || event.ph === "e") {
      if (typeof event.id !== "string") say("an overlapping event without an id");
      const key = `${event.cat} ${event.id} ${event.name}`;
      const begin = begun.get(key);
      if (event.ph === "b") {
        if (begin) say("begun twice");
        begun.set(key, event);
      } else {
        if (!begin) say("ended without a begin");
        else if (event.ts < begin.ts) say("ended before it began");
        begun.delete(key);
      }
      lanes.set(lane, lanes.get(lane) ?? []);
    } else say("an unknown phase");
  }
  for (const event of begun.values()) wrong.push(`never ended: ${JSON.stringify(event)}`);
  for (const [lane, events] of lanes) {
    if (!named.has(lane)) wrong.push(`lane ${lane} has no name`);
    // Complete events of one lane lie side by side, or one inside the other.
    const open: Json[] = [];
    for (const event of [...events].sort((a, b) => a.ts - b.ts || b.dur - a.dur)) {
      while (open.length > 0 && open.at(-1).ts + open.at(-1).dur <= event.ts) open.pop();
      if (open.length > 0 && event.ts + event.dur > open.at(-1).ts + open.at(-1).dur) wrong.push(`lane ${lane}: ${JSON.stringify(event)} reaches out of ${JSON.stringify(open.at(-1))}`);
      open.push(event);
    }
  }
  return wrong;
}

const call = { timeoutMs: 800, traceId: "0".repeat(32) };

/** A rush of `trys` on two dishes, captured. */
async function capturedRush(trys: number) {
  const world = new World(11);
  for (const dishId of ["noodles", "rice"]) {
    const dish = { dishId, storeId: "s", names: { en: dishId, "zh-CN": dishId }, priceCents: 1, supplied: 1_000, actor: "test", actionKey: dishId };
    await world.clock.run(world.ledger.createDish(dish));
  }
  const { engine } = world.start();
  await world.clock.advance(0.1234); // so that nothing falls on whole microseconds of the capture
  const file = new TraceFile(engine, world.clock);
  const text = file.capture(1);
  for (let n = 0; n < trys; n++) {
    const txId = `t${n}`;
    engine.try({ txId, storeId: "s", lines: [{ dishId: n % 3 ? "noodles" : "rice", quantity: 1 }], orderId: txId, couponId: null, ttlSeconds: 60 }, call).catch(() => {});
    await world.clock.advance(0.7 * (n % 5));
  }
  return { world, engine, file, trace: JSON.parse(await world.clock.run(text)) };
}

describe("a trace", () => {
  test("keeps every rule of its format, and has a batch, a hold, a decision and a wait for what happened", async () => {
    const { trace, engine } = await capturedRush(60);
    expect(faultsOf(trace)).toEqual([]);
    const count = (ph: string, name?: string) => trace.traceEvents.filter((event: Json) => event.ph === ph && (!name || event.name === name)).length;
    const { batches, batched } = engine.stats().lock;
    expect(batches).toBeGreaterThan(3);
    for (const name of ["batch", "hold in Redis", "decide in Postgres"]) expect(count("X", name)).toBe(batches);
    expect([count("b"), count("e")]).toEqual([batched, batched]);
    expect(trace.otherData).toEqual({ instance: engine.instance, seconds: 1, dropped: 0 });
    const inBatches = trace.traceEvents.filter((event: Json) => event.name === "batch").map((event: Json) => event.args.operations);
    expect(inBatches.reduce((sum: number, operations: number) => sum + operations, 0)).toBe(batched);
  });

  test("of nothing is a trace too", async () => {
    const { trace } = await capturedRush(0);
    expect(faultsOf(trace)).toEqual([]);
    expect(trace.traceEvents.map(({ name }: Json) => name)).toEqual(["process_name"]);
  });

  test("draws what began before it from its start, and not beyond its end", async () => {
    const clock = new VirtualClock();
    const recorder = new TraceRecorder(clock, "i1");
    await clock.advance(5_000);
    const capture = recorder.capture(1);
    await clock.advance(10);
    recorder.span("batch", "batch", 1, 4_000, 5_010);
    recorder.wait("try waits", 4_000, 5_002);
    const trace = await clock.run(capture);
    expect(trace.traceEvents.filter(({ ph }) => ph !== "M").map(({ ph, ts, dur }) => [ph, ts, dur])).toEqual([["X", 0, 10_000], ["b", 0, undefined], ["e", 2_000, undefined]]);
  });

  test("spans whose times are no whole microseconds stay inside each other", async () => {
    const clock = new VirtualClock();
    const recorder = new TraceRecorder(clock, "i1");
    const capture = recorder.capture(1);
    recorder.span("batch", "batch", 1, 0.0004, 1.0014);
    recorder.span("inner", "ledger", 1, 0.0005, 1.0014);
    expect(faultsOf(await clock.run(capture))).toEqual([]);
  });

  test("that is full keeps no begin without its end, and counts what it left out", async () => {
    const clock = new VirtualClock();
    const recorder = new TraceRecorder(clock, "i1");
    const capture = recorder.capture(1);
    recorder.span("batch", "batch", 1, 0, 1); // an odd number of events before the pairs
    for (let n = 0; n < 50_010; n++) recorder.wait("try waits", 0, 1);
    const trace = await clock.run(capture);
    expect(faultsOf(trace)).toEqual([]);
    expect(trace.otherData.dropped).toBe(1 + 2 * 50_010 - trace.traceEvents.filter(({ ph }) => ph !== "M").length);
    expect(trace.otherData.dropped).toBeGreaterThan(0);
  });

  test("may be as long as the engine can capture, and no longer", () => {
    expect(TRACE_SECONDS_MAX).toBe(CAPTURE_SECONDS_MAX);
    expect(TRACE_SECONDS_MAX * 1_000).toBeGreaterThan(HOLD_MS);
  });

  test("is captured one at a time; who comes second hears when to come back", async () => {
    const { world, file } = await capturedRush(0);
    const first = file.capture(3);
    await world.clock.advance(1_000);
    await expect(file.capture(1)).rejects.toMatchObject({ code: "OVERLOADED", retryAfterMs: 2_000 });
    await world.clock.run(first);
    await expect(world.clock.run(file.capture(1))).resolves.toContain("traceEvents");
  });

  test("that failed does not keep the next one out", async () => {
    const clock = new VirtualClock();
    const file = new TraceFile({ captureTrace: () => Promise.reject(new Error("broken")) }, clock);
    for (let i = 0; i < 2; i++) await expect(file.capture(1)).rejects.toThrow("broken");
  });
});

test("the checker sees what is wrong with a trace", async () => {
  const { trace } = await capturedRush(20);
  const broken: [string, (event: Json) => void][] = [
    ["no name", (event) => delete event.name],
    ["no time", (event) => (event.ts = Number.NaN)],
    ["no duration", (event) => event.ph === "X" && (event.dur = -1)],
    ["reaches out of", (event) => event.name === "decide in Postgres" && (event.dur += 1_000_000)],
    ["has no name", (event) => event.name === "thread_name" && (event.tid = 99)],
    ["an overlapping event without an id", (event) => event.ph === "b" && delete event.id],
    ["never ended", (event) => event.ph === "e" && (event.id = "another")],
    ["ended before it began", (event) => event.ph === "b" && (event.ts += 1e9)],
    ["an unknown phase", (event) => (event.ph = "Q")],
  ];
  for (const [fault, damage] of broken) {
    const copy = structuredClone(trace);
    copy.traceEvents.forEach(damage);
    expect(faultsOf(copy).some((sentence) => sentence.includes(fault)), fault).toBe(true);
  }
});
