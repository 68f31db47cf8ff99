import { describe, expect, test } from "vitest";
import { type Load, Orders, supplyOf } from "./load.ts";
import { addUp, emptyTally } from "./tally.ts";

const EVEN: Load = { picking: "even", dishes: 1_000, lines: 1, coupons: false, confirms: false };
const positionsOf = (load: Load, count: number): number[][] => {
  const orders = new Orders(load, "r", 0, count, 5);
  return Array.from({ length: count }, () => orders.next()?.positions ?? []);
};

describe("orders", () => {
  test("are the same for the same seed, and no id comes twice, in any share", () => {
    expect(positionsOf(EVEN, 50)).toEqual(positionsOf(EVEN, 50));
    const shares = [0, 1].map((share) => new Orders(EVEN, "r", share, 0, 5));
    const ids = shares.flatMap((orders) => Array.from({ length: 50 }, () => orders.next()?.orderId));
    expect(new Set(ids).size).toBe(100);
  });

  test("of a hot dish are all for it, and with more lines it is in every basket", () => {
    expect(positionsOf({ ...EVEN, picking: "hot" }, 20).every(([first]) => first === 0)).toBe(true);
    expect(positionsOf({ ...EVEN, picking: "hot", lines: 4 }, 20).every((positions) => positions[0] === 0 && new Set(positions).size === 4)).toBe(true);
  });

  test("by Zipf want the first dish about twice as often as the second", () => {
    const firsts = positionsOf({ ...EVEN, picking: "zipf" }, 20_000).map(([first]) => first);
    const [one, two] = [0, 1].map((position) => firsts.filter((first) => first === position).length) as [number, number];
    expect(one / two).toBeGreaterThan(1.7);
    expect(one / two).toBeLessThan(2.3);
  });

  test("of a storm want what is sold out 99 times in 100", () => {
    const storm: Load = { ...EVEN, picking: "storm", dishes: 2 };
    const wanted = positionsOf(storm, 10_000).filter(([first]) => supplyOf(storm, first as number) === 0).length;
    expect(wanted / 10_000).toBeCloseTo(0.99, 2);
  });

  test("of one basket come from one store, in the order of their ids", () => {
    for (const positions of positionsOf({ ...EVEN, lines: 4 }, 200)) {
      expect(positions).toEqual([...positions].sort((a, b) => a - b));
      expect(new Set(positions.map((position) => Math.floor(position / 50))).size).toBe(1);
    }
  });

  test("end with their coupons", () => {
    const orders = new Orders({ ...EVEN, coupons: true }, "r", 1, 2, 5);
    expect([orders.next()?.couponId, orders.next()?.couponId, orders.next()]).toEqual(["r.coupon-2", "r.coupon-3", null]);
  });
});

test("tallies of several processes add up", () => {
  const [one, two] = [emptyTally(2), emptyTally(2)];
  one.endings.done = 3;
  two.endings.done = 4;
  one.reserved[1] = 3;
  two.reserved[1] = 4;
  two.errors.push("broken");
  const sum = addUp([one, two]);
  expect([sum.endings.done, sum.reserved[1], sum.errors]).toEqual([7, 7, ["broken"]]);
});
