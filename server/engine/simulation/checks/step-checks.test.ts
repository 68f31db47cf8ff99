/** What is checked of Redis as it happens: that a hold outlives its batch, and that nothing is asked of who has none. */
import { expect, test } from "vitest";
import { SimulatedRedis } from "../simulated-redis.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { watchedCells } from "../watcher.ts";
import { StepChecks } from "./step-checks.ts";
import { request, Scribe, SUPPLY } from "./testing.ts";

const HOLD_MS = 100;

function bench() {
  const clock = new VirtualClock();
  const redis = new SimulatedRedis(clock, HOLD_MS);
  const checks = new StepChecks(clock, () => redis, SUPPLY);
  const cells = watchedCells(redis, "i1", checks);
  const owner = (sequence: number) => ({ instance: "i1", sequence });
  const take = (sequence: number) => cells.take("s", owner(sequence), [{ dishId: "noodles", wanted: 1, known: { available: 3, version: 1 } }], HOLD_MS);
  const settle = (sequence: number) => cells.settle("s", owner(sequence), [{ dishId: "noodles", reading: null }]);
  /** Batch 1 commits. */
  const commit = (): string => {
    const [made] = new Scribe().commit(clock.monotonicMs(), { trys: [[request("a"), "ACCEPTED"]] }, [2, 1, 0]).commits;
    if (made?.kind === "batch") checks.committed("i1", made.batch, made.result);
    return checks.wrong.join("; ");
  };
  return { clock, take, settle, commit };
}

test("a batch that commits while it holds what it took is right", async () => {
  const { take, commit } = bench();
  await take(1);
  expect(commit()).toBe("");
});

test("one that commits after its hold has ended is noticed", async () => {
  const { clock, take, commit } = bench();
  await take(1);
  await clock.advance(HOLD_MS + 1);
  expect(commit()).toMatch(/batch i1\.1 commits after its hold on noodles has ended/);
});

test("seed 31124: a take that comes after a later batch was settled gets no hold, and is owed none", async () => {
  const { take, settle, commit } = bench();
  await take(2);
  await settle(2);
  await take(1);
  expect(commit()).toBe("");
});
