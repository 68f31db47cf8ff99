import { describe, expect, test } from "vitest";
import { ENGINE } from "../contenders/engine.ts";
import { PG_CONDITIONAL } from "../contenders/pg-conditional.ts";
import { bestOf, type CaseResult } from "./case.ts";
import { FULL, QUICK } from "./cases.ts";
import { plot } from "./plot.ts";
import { tableOf } from "./tables.ts";
import { TARGETS, targetsTable } from "./targets.ts";

const figures = (perSecond: number, p99Ms: number) => ({ perSecond, p50Ms: p99Ms / 2, p99Ms, refused: 1, dropped: 2, failed: 3, oversold: 0, batch: 0 });
const result = (name: string, ours: number, theirs: number): CaseResult => ({
  case: { ...(FULL.find((each) => each.name === name) as (typeof FULL)[number]) },
  measured: [
    { name: ENGINE.name, rounds: [figures(ours, 5)], violations: [] },
    { name: PG_CONDITIONAL.name, rounds: [figures(theirs, 50), figures(theirs, 50)], violations: [] },
  ],
  calibration: { [PG_CONDITIONAL.name]: { 4: 10, 8: 30, 16: 20 } },
  pools: { [ENGINE.name]: 0, [PG_CONDITIONAL.name]: 8 },
  errors: { [PG_CONDITIONAL.name]: ["a deadlock"] },
});

test("the best pool is the fastest", () => {
  expect(bestOf({ 4: 10, 8: 30, 16: 20 })).toBe(8);
  expect(bestOf({})).toBe(0);
});

test("a table names pools, ratios, and what was not served, over all rounds", () => {
  const { rows, remarks } = tableOf(result("hot-64", 1_000, 100));
  expect(rows[1]?.slice(0, 2)).toEqual([PG_CONDITIONAL.name, "8"]);
  expect(rows[1]?.slice(5, 10)).toEqual(["10 ×", 2, 4, 6, 0]);
  expect(remarks).toEqual([`${PG_CONDITIONAL.name}, orders/s by connections: 4: 10, 8: 30, 16: 20`, `${PG_CONDITIONAL.name} said: a deadlock`]);
});

describe("targets", () => {
  test("are met from their figure on, and those of cases that were not run are left out", () => {
    const verdicts = (ours: number) => targetsTable([result("hot-64", ours, 100)]).rows.map((row) => row.at(-1));
    expect(verdicts(1_000)).toEqual(["met"]);
    expect(verdicts(999)).toEqual(["NOT MET"]);
  });

  test("are all of cases that full runs", () => {
    const names = FULL.map(({ name }) => name);
    for (const { ours, theirs } of TARGETS) expect(names).toEqual(expect.arrayContaining([ours.in, theirs.in]));
  });
});

test("the engine goes before the limit, whose batches it forms", () => {
  for (const { contenders } of [...QUICK, ...FULL]) expect(contenders[0]).toBe(ENGINE);
});

test("a plot has a line and a mark for every contender and point, and nothing that is not a number", () => {
  const points = [8, 64, 512].map((clients) => ({ clients, value: clients * 10 }));
  const svg = plot([{ title: "orders/s", lines: [{ name: "A & B", points }, { name: "C", points: points.slice(1, 2) }] }], "a plot");
  expect(svg.match(/<circle/g)?.length).toBe(4);
  expect(svg).toContain("A &amp; B");
  expect(svg).not.toContain("NaN");
});
