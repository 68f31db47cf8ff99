import { describe, expect, test } from "vitest";
import { BUCKETS, bucketAt } from "@/server/contracts/demand";
import type { DishPageSnapshot } from "@/server/contracts/dish-page";
import type { DishTick } from "@/server/contracts/socket-events";
import { CHART_SECONDS, DishPageStore } from "./dish-page-store";

const START_MS = 1_700_000_000_000;
const names = { en: "Rice", "zh-CN": "米饭" };
const tick = (version: number, available: number, taken = 0): DishTick => ["rice", version, 100, available, 100 - available, 0, 0, taken, 0];

function storeOf(more: Partial<DishPageSnapshot> = {}) {
  return new DishPageStore({
    seq: 4,
    atMs: START_MS,
    bucket: bucketAt(START_MS),
    card: { dishId: "rice", storeId: "s", names, storeNames: names, priceCents: 100 },
    dish: { tick: tick(1, 100), demand: new Array<number>(BUCKETS).fill(0) },
    history: [],
    ...more,
  });
}
const delta = (seq: number, atMs: number, available: number, taken = 0) => ({ seq, atMs, bucket: bucketAt(atMs), tick: tick(seq, available, taken) });

describe("a dish's page", () => {
  test("applies what comes in order, once, and asks for a snapshot when a number is missing", () => {
    const store = storeOf();
    expect(store.apply(delta(5, START_MS + 100, 90, 10))).toBe(true);
    expect(store.apply(delta(5, START_MS + 100, 50, 50))).toBe(true);
    expect(store.view().dish).toMatchObject({ available: 90, perMinute: 10 });
    expect(store.apply(delta(7, START_MS + 300, 1))).toBe(false);
    expect(store.view().dish.available).toBe(90);
  });

  test("keeps a part until it is told anew", () => {
    const open = { rows: [], count: 3, portions: 9 };
    const store = storeOf({ open });
    store.apply({ seq: 5, atMs: START_MS, bucket: bucketAt(START_MS), events: [] });
    expect(store.view().open).toBe(open);
    expect(store.view().events).toEqual([]);
  });

  test("draws at most one point a second over five minutes, however often it changes", () => {
    const store = storeOf();
    for (let n = 1; n <= 2_400; n += 1) store.apply(delta(4 + n, START_MS + n * 250, 5_000 - n));
    const { points } = store.view();
    expect(points.length).toBeLessThanOrEqual(CHART_SECONDS);
    expect(points.length).toBeGreaterThan(CHART_SECONDS - 3);
    expect(points.at(-1)).toMatchObject({ available: 2_600 });
    expect(points.every((point, index) => index === 0 || point.atMs > (points[index - 1]?.atMs as number))).toBe(true);
  });

  test("begins with what was before it was opened", () => {
    const bucket = bucketAt(START_MS);
    const store = storeOf({ atMs: START_MS + 2_500, history: [[bucket - 2, 100, 0], [bucket - 1, 98, 2], [bucket, 96, 4]], dish: { tick: tick(1, 96), demand: new Array<number>(BUCKETS).fill(0) } });
    expect(store.view().points.map(({ available }) => available)).toEqual([100, 98, 96]);
  });

  test("time passes although nothing happens", () => {
    const store = storeOf({ dish: { tick: tick(1, 100), demand: [...new Array<number>(BUCKETS - 1).fill(0), 30] } });
    expect(store.view().dish.perMinute).toBe(30);
    store.everySecond(START_MS + 90_000);
    expect(store.view().dish.perMinute).toBe(0);
    expect(store.view().points.at(-1)).toMatchObject({ atMs: START_MS + 90_000, available: 100 });
  });
});
