import { expect, test } from "vitest";
import { Progress } from "../measure/progress.ts";
import { runHttp } from "./http.ts";

test("single calls and batches over HTTP are measured beside an empty handler and the engine inside, and the books balance", async () => {
  const scale = { rounds: 1, windowMs: 80, rampMs: 20, connections: 3, batchConnections: 1 };
  const { tables, violations } = await runHttp(scale, new Progress({ write: () => true }), false);
  expect(violations).toEqual([]);
  const [speeds] = tables;
  expect(speeds?.rows.length).toBe(5);
  expect(speeds?.rows.map((row) => row.at(-1))).toEqual([0, 0, 0, 0, 0]); // errors
}, 120_000);
