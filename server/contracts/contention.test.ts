import { describe, expect, test } from "vitest";
import { SEGMENTS as ENGINE_SEGMENTS, WINDOW_SECONDS_MAX } from "../engine/tiers/lock/contention-profile.ts";
import {
  CONTENTION_WINDOWS,
  type ContentionWindow,
  type DishContention,
  type InstanceLocks,
  type LockChain,
  type LockEvent,
  mergeLocks,
  mergeWindows,
  samplingCost,
  SEGMENTS,
} from "./contention.ts";

const dish = (dishId: string, more: Partial<DishContention> = {}): DishContention => ({
  dishId, segment: 3, blameMs: 0, painMs: 0, waits: 0, waitMsMax: 0, holds: 0, holdMs: 0, ...more,
});

function contentionWindow(dishes: DishContention[], { seconds = 60, sampleEvery = 8 } = {}): ContentionWindow {
  const segments = Array.from({ length: SEGMENTS }, (_, place) => ({
    blameMs: dishes.filter(({ segment }) => segment === place).reduce((sum, { blameMs }) => sum + blameMs, 0),
    painMs: dishes.filter(({ segment }) => segment === place).reduce((sum, { painMs }) => sum + painMs, 0),
  }));
  return { seconds, sampleEvery, dishes, segments };
}

const chain = (dishId: string, waiting: number): LockChain => ({ dishId, waiting, longestWaitMs: waiting, heldMs: null, lane: null, batch: null, operations: null, queue: [] });

const event = (number: number, atMs: number, over: boolean): LockEvent => ({
  number, kind: "STARVED", atMs, untilMs: atMs, over, dishIds: ["noodles"], batch: null, lane: null, operations: 1, ms: 500,
});

function instance(name: string, more: Partial<InstanceLocks> = {}): InstanceLocks {
  return {
    instance: name, alive: true, startedAtMs: 0, heardAtMs: 0, waiting: 0, inFlight: 0, circuits: { postgres: "closed", redis: "closed" }, troubled: [],
    rates: { operations: 0, batches: 0, casRetries: 0, timedOut: 0 }, batchSizes: [0, 0], sampleEvery: 8, windows: [], chains: [], handovers: [], events: [], ...more,
  };
}

describe("contention over instances", () => {
  test("adds up, dish by dish and segment by segment; the longest wait is the longest anywhere", () => {
    const here = contentionWindow([dish("noodles", { blameMs: 10, painMs: 5, waits: 8, waitMsMax: 7, holds: 2, holdMs: 4 }), dish("rice", { segment: 9, blameMs: 1 })]);
    const there = contentionWindow([dish("soup", { segment: 9, painMs: 30 }), dish("noodles", { blameMs: 20, painMs: 1, waits: 16, waitMsMax: 90, holds: 1, holdMs: 1 })], { sampleEvery: 1 });
    const merged = mergeWindows(60, [here, there]);
    expect(merged.dishes).toEqual([
      dish("noodles", { blameMs: 30, painMs: 6, waits: 24, waitMsMax: 90, holds: 3, holdMs: 5 }),
      dish("soup", { segment: 9, painMs: 30 }),
      dish("rice", { segment: 9, blameMs: 1 }),
    ]);
    expect([merged.segments[3], merged.segments[9], merged.segments[0]]).toEqual([{ blameMs: 30, painMs: 6 }, { blameMs: 1, painMs: 30 }, { blameMs: 0, painMs: 0 }]);
    expect(here.dishes[0]?.blameMs).toBe(10); // what was merged is as it was
  });

  test("of nobody is nothing, in every segment", () => {
    expect(mergeWindows(10, [])).toEqual({ seconds: 10, sampleEvery: 1, dishes: [], segments: Array.from({ length: SEGMENTS }, () => ({ blameMs: 0, painMs: 0 })) });
  });

  test("takes the window that was asked for, and none in its place", () => {
    const windows = [contentionWindow([dish("noodles", { blameMs: 1 })], { seconds: 10 }), contentionWindow([dish("noodles", { blameMs: 50 })], { seconds: 300 })];
    expect(mergeLocks(300, [instance("a", { windows })]).window.dishes).toMatchObject([{ blameMs: 50 }]);
    expect(mergeLocks(60, [instance("a", { windows })]).window.dishes).toEqual([]);
  });

  test("leaves out what a silent instance said of its queues and seconds, and keeps its events, ended", () => {
    const windows = [contentionWindow([dish("noodles", { blameMs: 1 })])];
    const rates = { operations: 5, batches: 2, casRetries: 1, timedOut: 1 };
    const one = { windows, rates, waiting: 3, inFlight: 1, batchSizes: [1, 2], chains: [chain("noodles", 3)], events: [event(1, 10, false)] };
    const merged = mergeLocks(60, [instance("a", one), instance("b", { ...one, alive: false })]);
    expect(merged).toMatchObject({ waiting: 3, inFlight: 1, rates, batchSizes: [1, 2], chains: [{ instance: "a" }] });
    expect(merged.window.dishes).toMatchObject([{ blameMs: 1 }]);
    expect(merged.events).toMatchObject([{ id: "a:1", over: false }, { id: "b:1", over: true }]);
  });

  test("longest queues first; of the events first what goes on, then the newest", () => {
    const a = instance("a", { chains: [chain("rice", 2)], events: [event(1, 10, true), event(2, 30, true)] });
    const b = instance("b", { chains: [chain("noodles", 9)], events: [event(1, 5, false)] });
    const { chains, events } = mergeLocks(60, [a, b]);
    expect(chains.map(({ dishId }) => dishId)).toEqual(["noodles", "rice"]);
    expect(events.map(({ id }) => id)).toEqual(["b:1", "a:2", "a:1"]);
  });

  test("is spoken of in the engine's segments, and no window is longer than it keeps", () => {
    expect([SEGMENTS, Math.max(...CONTENTION_WINDOWS)]).toEqual([ENGINE_SEGMENTS, WINDOW_SECONDS_MAX]);
  });
});

describe("what measuring costs", () => {
  test("falls as fewer waits are measured, and grows with the queue", () => {
    const busy = [instance("a", { waiting: 2_000, rates: { operations: 20_000, batches: 400, casRetries: 0, timedOut: 0 } })];
    const [every, eighth] = [samplingCost(1, busy), samplingCost(8, busy)];
    expect([every.measured, eighth.measured]).toEqual([20_000, 2_500]);
    expect(every.coreShare).toBeCloseTo(8 * eighth.coreShare);
    expect(every.coreShare).toBeGreaterThan(samplingCost(1, [{ ...(busy[0] as InstanceLocks), waiting: 0 }]).coreShare);
    expect(every.coreShare).toBeLessThan(1);
  });

  test("is nothing where nothing happens, and silent instances cost nothing", () => {
    expect(samplingCost(1, [])).toEqual({ measured: 0, coreShare: 0 });
    expect(samplingCost(1, [instance("a", { alive: false, rates: { operations: 9, batches: 9, casRetries: 0, timedOut: 0 } })])).toEqual({ measured: 0, coreShare: 0 });
  });
});
