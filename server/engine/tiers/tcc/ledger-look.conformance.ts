/**
 * What any ledger must say when transactions and dishes are asked for together. Run by the same tests as `ledger.conformance.ts`.
 */
import { expect, test } from "vitest";
import { Bench, type LedgerUnderTest } from "./ledger-testing.ts";

export function describeLook(name: string, setUp: () => Promise<LedgerUnderTest>): void {
  test(`ledger: ${name}: one look at transactions and dishes says what two say, in the order of the questions`, async () => {
    const { ledger, other } = await setUp();
    const bench = new Bench("look");
    for (const [dish, supplied] of [["rice", 3], ["tofu", 1]] as const) await ledger.createDish(bench.newDish(dish, supplied));
    await ledger.runBatch(bench.batch([], { trys: [bench.try("a", { rice: 1, tofu: 1 }), bench.try("b", { rice: 2 })] }));
    const txIds = ["b", "nobody", "a"].map((tx) => bench.id(tx));
    const dishIds = ["tofu", "nothing", "rice"].map((dish) => bench.id(dish));
    const look = await other.look(txIds, dishIds);
    expect(look).toEqual({ transactions: await ledger.findTransactions(txIds), dishes: await ledger.readDishes(dishIds) });
    expect(look.transactions.map((found) => found?.lines.length)).toEqual([1, undefined, 2]);
    expect(look.dishes.map((found) => found?.available)).toEqual([0, undefined, 0]);
    expect(await ledger.look([], [])).toEqual({ transactions: [], dishes: [] });
  });
}
