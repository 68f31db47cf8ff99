import { expect, test } from "vitest";
import { HEAT_LEVELS, heatLabel, heatLevel } from "./heat";

test.each([
  [0, 10, 0, "·"],
  [0.5, 10, 1, "<1"],
  [5, 10, 1, "<1"],
  [20, 10, 2, "2"],
  [300, 10, 3, "30"],
  [9_994, 10, 4, "999"],
  [10_000, 10, 5, "1.0k"],
  [10_000, 60, 4, "167"],
  [99_400, 10, 5, "9.9k"],
  [6_000_000, 60, 5, "100k"],
])("%d ms waited in %d s are level %d and read %s", (waitedMs, seconds, level, label) => {
  expect([heatLevel(waitedMs, seconds), heatLabel(waitedMs, seconds)]).toEqual([level, label]);
  expect(heatLabel(waitedMs, seconds).length).toBeLessThanOrEqual(4);
});

test("no heat is off the scale", () => {
  expect([heatLevel(1e12, 10), heatLevel(1e-9, 300)]).toEqual([HEAT_LEVELS - 1, 1]);
});
