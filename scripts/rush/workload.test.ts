import { describe, expect, it } from "vitest";
import { mergedLines, SCRIPT_SHARES, Workload } from "./workload.ts";

const MENU = Array.from({ length: 60 }, (_, n) => ({ dishId: `dish-${n}`, storeId: `store-${n % 3}` }));
const plansOf = (seed: number, count = 3_000) => {
  const workload = new Workload(seed, MENU);
  return Array.from({ length: count }, (_, n) => workload.plan(n % 50, Math.floor(n / 50)));
};

describe("the workload", () => {
  it("repeats every decision under the same seed, in whatever order the menu is read", () => {
    const again = new Workload(42, [...MENU].reverse());
    expect(plansOf(42, 200)).toEqual(Array.from({ length: 200 }, (_, n) => again.plan(n % 50, Math.floor(n / 50))));
    expect(plansOf(42, 200)).not.toEqual(plansOf(43, 200));
  });

  it("orders 1 to 4 lines of one store", () => {
    const storeOf = new Map(MENU.map(({ dishId, storeId }) => [dishId, storeId]));
    for (const { lines, storeId } of plansOf(1)) {
      expect(lines.length).toBeGreaterThanOrEqual(1);
      expect(lines.length).toBeLessThanOrEqual(4);
      expect(new Set(lines.map(({ dishId }) => storeOf.get(dishId)))).toEqual(new Set([storeId]));
    }
  });

  it("has hot dishes: the hottest is wanted several times as often as the tenth", () => {
    const counts = new Map<string, number>();
    for (const { lines } of plansOf(5)) counts.set(lines[0]!.dishId, (counts.get(lines[0]!.dishId) ?? 0) + 1);
    const hottest = new Workload(5, MENU).dishes;
    expect(counts.get(hottest[0]!.dishId)!).toBeGreaterThan(5 * counts.get(hottest[9]!.dishId)!);
  });

  it("plays every script about as often as its share says", () => {
    const plans = plansOf(9, 10_000);
    const total = Object.values(SCRIPT_SHARES).reduce((sum, share) => sum + share, 0);
    expect(total).toBe(100);
    for (const [script, share] of Object.entries(SCRIPT_SHARES)) {
      const played = plans.filter((plan) => plan.script === script).length / 100;
      expect(Math.abs(played - share)).toBeLessThan(1.5);
    }
  });

  it("merges lines of one dish in order of first appearance", () => {
    const line = (dishId: string, quantity: number) => ({ dishId, quantity });
    expect(mergedLines([line("b", 1), line("a", 2), line("b", 3)])).toEqual([line("b", 4), line("a", 2)]);
  });
});
