import { describe, expect, test } from "vitest";
import type { ContentionWindow, InstanceLocks, LocksSnapshot } from "@/server/contracts/contention";
import { LocksStore } from "./locks-store";

const contentionWindow = (seconds: number, sampleEvery = 8): ContentionWindow => ({ seconds, sampleEvery, dishes: [], segments: [] });

const instance = (name: string, more: Partial<InstanceLocks> = {}): InstanceLocks => ({
  instance: name, alive: true, startedAtMs: 0, heardAtMs: 0, waiting: 0, inFlight: 0, circuits: { postgres: "closed", redis: "closed" }, troubled: [],
  rates: { operations: 0, batches: 0, casRetries: 0, timedOut: 0 }, batchSizes: [], sampleEvery: 8,
  windows: [contentionWindow(10), contentionWindow(60)], chains: [], handovers: [], events: [], ...more,
});

const snapshot = (seq: number, instances: InstanceLocks[]): LocksSnapshot => ({ seq, atMs: 0, own: "a", cards: [], instances });

describe("what the page of locks knows", () => {
  test("a delta changes what it names and keeps the windows it does not", () => {
    const store = new LocksStore(snapshot(1, [instance("a"), instance("b", { startedAtMs: 5 })]));
    const before = store.view();
    expect(store.apply({ seq: 2, atMs: 9, changed: [instance("b", { startedAtMs: 5, waiting: 3, windows: [contentionWindow(60, 1)] })] })).toBe(true);
    const [a, b] = store.view().instances;
    expect(a).toBe(before.instances[0]);
    expect(b).toMatchObject({ waiting: 3 });
    expect(b?.windows).toHaveLength(2);
    expect(b?.windows.find(({ seconds }) => seconds === 60)?.sampleEvery).toBe(1);
    expect(b?.windows.find(({ seconds }) => seconds === 10)?.sampleEvery).toBe(8);
  });

  test("a missing number is noticed, an old one does no harm, a snapshot heals", () => {
    const store = new LocksStore(snapshot(4, [instance("a")]));
    expect(store.apply({ seq: 4, atMs: 9, gone: ["a"] })).toBe(true);
    expect(store.view().instances).toHaveLength(1);
    expect(store.apply({ seq: 6, atMs: 9, gone: ["a"] })).toBe(false);
    expect(store.view().instances).toHaveLength(1);
    store.reset(snapshot(6, []));
    expect(store.apply({ seq: 7, atMs: 9, changed: [instance("c")] })).toBe(true);
    expect(store.view().instances.map((one) => one.instance)).toEqual(["c"]);
  });

  test("instances stand in the order of their start, and go when they are forgotten", () => {
    const store = new LocksStore(snapshot(1, [instance("b", { startedAtMs: 5 })]));
    store.apply({ seq: 2, atMs: 9, changed: [instance("a", { startedAtMs: 1 }), instance("c", { startedAtMs: 9 })] });
    expect(store.view().instances.map((one) => one.instance)).toEqual(["a", "b", "c"]);
    store.apply({ seq: 3, atMs: 9, gone: ["b"] });
    expect(store.view().instances.map((one) => one.instance)).toEqual(["a", "c"]);
  });
});
