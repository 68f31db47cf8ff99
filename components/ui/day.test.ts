import { expect, test } from "vitest";
import { dayOf, isDay } from "./day";

test.each([
  ["2026-11-23", "2026-11-23"],
  [" 2026-1-3 ", "2026-01-03"],
  ["2026/11/23", "2026-11-23"],
  ["2026.11.23", "2026-11-23"],
  ["2026年11月23日", "2026-11-23"],
  ["2026 年 1 月 3 日", "2026-01-03"],
  ["20261123", "2026-11-23"],
  ["2028-02-29", "2028-02-29"],
  ["2026-02-29", null],
  ["2026-02-31", null],
  ["2026-13-01", null],
  ["23.11.2026", null],
  ["11/23/2026", null],
  ["yesterday", null],
  ["", null],
])("%s is the day %s", (text, day) => {
  expect(dayOf(text)).toBe(day);
});

test("an address says no day that the calendar does not have", () => {
  expect(["2026-11-23", "2026-02-31", "2026-11-3", "2026-11-23T00:00"].map(isDay)).toEqual([true, false, false, false]);
});
