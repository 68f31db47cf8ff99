import { expect, test } from "vitest";
import { seededRandom } from "../../kernel/random.ts";
import type { DishRow } from "../../kernel/types.ts";
import { CircuitBreaker } from "../../guards/circuit-breaker.ts";
import { VirtualClock } from "../../simulation/virtual-clock.ts";
import { type BatchItem, BatchRunner } from "./batch-runner.ts";
import { type Ledger, LedgerFailure, type LedgerBatch } from "./ledger.ts";

const change = (dishId: string): BatchItem => ({
  request: { kind: "change", change: { actionKey: `restock ${dishId}`, kind: "RESTOCK", dishId, quantity: 1, reason: null, actor: "a", requestHash: "0".repeat(32) } },
  dishIds: [dishId],
});

test("rows of a batch that was cut in two are as old as the call of its first part: news that came meanwhile is newer", async () => {
  const clock = new VirtualClock();
  const calls: { dishIds: readonly string[]; atMs: number }[] = [];
  const runBatch = async ({ dishIds }: LedgerBatch) => {
    calls.push({ dishIds, atMs: clock.monotonicMs() });
    await new Promise<void>((resolve) => clock.schedule(50, resolve));
    if (dishIds.length > 1) throw new LedgerFailure("poisoned", "one of them");
    const [dishId = ""] = dishIds;
    const dish: DishRow = { dishId, storeId: "s", supplied: 1, available: 1, frozen: 0, sold: 0, onSale: true, version: 1 };
    return { atMs: 0, moves: [], trys: [], changes: [{ verdict: "APPLIED" as const, dish }], dishes: [dish] };
  };
  const breaker = new CircuitBreaker(clock, () => false);
  const runner = new BatchRunner({ runBatch } as unknown as Ledger, clock, seededRandom(1), breaker);
  const outcome = await clock.run(runner.run("b", [change("rice"), change("tofu")], clock.monotonicMs() + 10_000));
  expect(calls.map(({ dishIds }) => dishIds)).toEqual([["rice", "tofu"], ["rice"], ["tofu"]]);
  expect([...outcome.dishes.keys()]).toEqual(["rice", "tofu"]);
  expect(outcome.askedAtMs).toBe(calls[1]?.atMs);
});
