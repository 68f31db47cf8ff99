import { expect, test } from "vitest";
import { Progress } from "../measure/progress.ts";
import { runRemote } from "./remote.ts";

test("orders with a participant, without one, and calls of it are measured and audited", async () => {
  const { tables, violations } = await runRemote({ rounds: 1, rampMs: 50, windowMs: 250, clients: 8 }, new Progress({ write: () => true }));
  expect(violations).toEqual([]);
  for (const [name, speed, , , , errors] of tables[0]?.rows ?? []) {
    expect([name, (speed as { median: number }).median > 0, errors]).toEqual([name, true, 0]);
  }
  expect(tables[1]?.rows).toHaveLength(1);
}, 120_000);
