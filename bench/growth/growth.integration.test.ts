import { expect, test } from "vitest";
import { Progress } from "../measure/progress.ts";
import { runGrowth } from "./growth.ts";

test("levels are filled, measured and audited; memory is told", async () => {
  const level = (name: string, dishes: number, held: number, finished: number) => ({ name, dishes, held, finished });
  const levels = [level("small", 20, 0, 0), level("large", 200, 30, 70)];
  const { tables, violations } = await runGrowth({ levels, rounds: 1, rampMs: 50, windowMs: 250 }, new Progress({ write: () => true }));
  expect(violations).toEqual([]);
  const [table] = tables;
  expect(table?.rows.map(([name]) => name)).toEqual(["small", "large"]);
  for (const row of table?.rows ?? []) {
    expect(row).toHaveLength(table?.columns.length ?? 0);
    expect((row[1] as { median: number }).median).toBeGreaterThan(0);
    expect(row[5]).toBeGreaterThan(1);
  }
}, 120_000);
