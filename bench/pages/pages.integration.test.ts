import { expect, test } from "vitest";
import { Progress } from "../measure/progress.ts";
import { runPages } from "./pages.ts";

test("orders are measured and audited while pages are rendered beside them", async () => {
  const { tables, violations } = await runPages({ rounds: 1, rampMs: 50, windowMs: 400, ordersPerSecond: 50, pagesPerSecond: 20 }, new Progress({ write: () => true }));
  expect(violations).toEqual([]);
  const rows = tables[0]?.rows.map(([name, speed, , , pages, , dropped, errors]) => [name, (speed as { median: number }).median > 0, Number(pages) > 0, dropped, errors]);
  expect(rows).toEqual([
    ["no pages", true, false, 0, 0],
    ["pages by the same process", true, true, 0, 0],
    ["pages by another process", true, true, 0, 0],
  ]);
}, 120_000);
