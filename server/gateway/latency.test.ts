import { expect, test } from "vitest";
import { Histogram, TIME_BOUNDS_MS } from "../engine/kernel/histogram.ts";
import { Latency, LATENCY_SECONDS } from "./latency.ts";

test("percentiles are of the last seconds, within the bucket they fall in, and nothing is told when nothing was decided", () => {
  const times = new Histogram(TIME_BOUNDS_MS);
  const latency = new Latency();
  times.observe(700, 1_000); // before anybody looked
  expect(latency.sample(times.snapshot())).toBeNull();
  times.observe(4, 980);
  times.observe(90, 20);
  const shown = latency.sample(times.snapshot());
  expect(shown?.p50Ms).toBeGreaterThan(2.5);
  expect(shown?.p50Ms).toBeLessThanOrEqual(5);
  expect(shown?.p99Ms).toBeGreaterThan(50);
  expect(shown?.p99Ms).toBeLessThanOrEqual(100);
  for (let second = 0; second < LATENCY_SECONDS; second += 1) latency.sample(times.snapshot());
  expect(latency.sample(times.snapshot())).toBeNull();
});

test("what took longer than the last bound is told as that bound", () => {
  const times = new Histogram(TIME_BOUNDS_MS);
  const latency = new Latency();
  latency.sample(times.snapshot());
  times.observe(5_000, 10);
  expect(latency.sample(times.snapshot())).toEqual({ p50Ms: 800, p99Ms: 800 });
});
