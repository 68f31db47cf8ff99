import { expect, test } from "vitest";
import { BATCH_OPERATIONS_MAX } from "../tiers/lock/dish-locks.ts";
import { Histogram, SIZE_BOUNDS, TIME_BOUNDS_MS } from "./histogram.ts";

test("a value on a bound belongs to the bucket below it, one above all bounds to the last", () => {
  const histogram = new Histogram([1, 10]);
  for (const value of [0, 1, 1.001, 10, 10.5, 1e9]) histogram.observe(value);
  expect(histogram.snapshot().counts).toEqual([2, 2, 2]);
});

test("an observation may count many times", () => {
  const histogram = new Histogram([1, 10]);
  histogram.observe(4, 3);
  expect(histogram.snapshot()).toMatchObject({ counts: [0, 3, 0], sum: 12 });
});

test("a snapshot stays as it was", () => {
  const histogram = new Histogram([1]);
  const before = histogram.snapshot();
  histogram.observe(1);
  expect(before).toMatchObject({ counts: [0, 0], sum: 0 });
});

test("the buckets reach to what they measure", () => {
  expect(SIZE_BOUNDS.at(-1)).toBe(BATCH_OPERATIONS_MAX);
  for (const bounds of [SIZE_BOUNDS, TIME_BOUNDS_MS]) expect([...bounds].sort((a, b) => a - b)).toEqual([...bounds]);
});
