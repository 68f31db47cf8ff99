import { expect, test } from "vitest";
import type { Load } from "../load/load.ts";
import { emptyTally, type TallyData } from "../load/tally.ts";
import { audit } from "./audit.ts";
import type { BookedDish } from "./menu.ts";

const LOAD: Load = { picking: "hot", dishes: 1, lines: 1, coupons: false, confirms: false };
const DISH: BookedDish = { supplied: 10, available: 7, frozen: 3, sold: 0, open: 3, confirmed: 0 };
const tally = (reserved: number, uncertain = 0): TallyData => Object.assign(emptyTally(1), { reserved: Float64Array.of(reserved), uncertain: Float64Array.of(uncertain) });
const verdict = (dish: Partial<BookedDish>, seen: TallyData, coupons = 0) => audit("r", LOAD, seen, { dishes: [{ ...DISH, ...dish }], coupons });

test("books that say what clients were told balance", () => {
  expect(verdict({}, tally(3))).toEqual({ oversold: 0, violation: null });
});

test("an order whose end is unknown may be in the books or not", () => {
  expect(verdict({}, tally(2, 1)).violation).toBeNull();
  expect(verdict({}, tally(3, 1)).violation).toBeNull();
});

test.each<[string, Partial<BookedDish>, TallyData, number]>([
  ["a portion deducted for nobody", {}, tally(2), 0],
  ["a portion promised and not deducted", {}, tally(4), 0],
  ["a row that does not add up", { available: 8 }, tally(3), 0],
  ["a reservation without its portion", { open: 4 }, tally(3), 0],
  ["a sale without its reservation", { frozen: 2, sold: 1, open: 2 }, tally(3), 0],
  ["a negative stock", { available: -1, frozen: 11, open: 11 }, tally(11), 0],
  ["a coupon taken for nobody", {}, tally(3), 1],
])("%s is a violation", (_what, dish, seen, coupons) => {
  expect(verdict(dish, seen, coupons).violation).not.toBeNull();
});

test("what was promised beyond the supply is counted as oversold", () => {
  expect(verdict({ available: -2, frozen: 12, open: 12 }, tally(12)).oversold).toBe(2);
});
