import { expect, it } from "vitest";
import { seededRandom } from "../../server/engine/kernel/random.ts";
import { Histogram } from "./histogram.ts";

it("a quantile is never below the exact one and at most 1.6 % above", () => {
  const random = seededRandom(7);
  const histogram = new Histogram();
  const values = Array.from({ length: 20_000 }, () => Math.round(10 ** (random.next() * 7)) / 1000);
  for (const ms of values) histogram.record(ms);
  values.sort((a, b) => a - b);
  for (const share of [0.001, 0.5, 0.9, 0.99, 0.999, 1]) {
    const exact = values[Math.ceil(share * values.length) - 1]!;
    expect(histogram.quantileMs(share)).toBeGreaterThanOrEqual(exact);
    expect(histogram.quantileMs(share)).toBeLessThanOrEqual(exact * 1.016 + 0.001);
  }
  expect(histogram.maxMs).toBe(values.at(-1));
});

it("an empty histogram says 0, and hours fit in", () => {
  const histogram = new Histogram();
  expect(histogram.quantileMs(0.99)).toBe(0);
  histogram.record(0);
  histogram.record(3_600_000);
  expect(histogram.quantileMs(0.5)).toBe(0);
  expect(histogram.quantileMs(1)).toBe(3_600_000);
});
