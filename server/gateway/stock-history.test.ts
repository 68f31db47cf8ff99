import { describe, expect, test } from "vitest";
import { HISTORY_POINTS, StockHistory } from "./stock-history.ts";

describe("a dish's history", () => {
  test("begins when the dish was first seen, and holds the last figure while nothing changes", () => {
    const history = new StockHistory(100, { available: 9, frozen: 0 });
    history.note(102, { available: 5, frozen: 4 });
    history.note(102, { available: 4, frozen: 5 });
    expect(history.toPoints(104)).toEqual([[100, 9, 0], [101, 9, 0], [102, 4, 5], [103, 4, 5], [104, 4, 5]]);
  });

  test("keeps five minutes and no more, over a long silence too", () => {
    const history = new StockHistory(0, { available: 9, frozen: 0 });
    for (let bucket = 1; bucket <= 200; bucket += 1) history.note(bucket, { available: 1_000 - bucket, frozen: bucket });
    const points = history.toPoints(200);
    expect(points).toHaveLength(HISTORY_POINTS);
    expect([points[0], points.at(-1)]).toEqual([[141, 859, 141], [200, 800, 200]]);
    expect(new Set(history.toPoints(10_000).map(([, available]) => available))).toEqual(new Set([800]));
  });

  test("a change that comes late, or with a clock set back, changes the newest point", () => {
    const history = new StockHistory(50, { available: 9, frozen: 0 });
    history.note(40, { available: 7, frozen: 2 });
    expect(history.toPoints(50)).toEqual([[50, 7, 2]]);
  });
});
