import { describe, expect, test } from "vitest";
import type { DishRow } from "../engine/kernel/types.ts";
import { DishBook, moodOf } from "./dish-book.ts";
import type { MenuEntry } from "./live-reads.ts";

const row = (more: Partial<DishRow> = {}): DishRow => ({
  dishId: "tofu",
  storeId: "s1",
  supplied: 100,
  available: 100,
  frozen: 0,
  sold: 0,
  onSale: true,
  version: 1,
  ...more,
});

const entry = (more: Partial<DishRow> = {}): MenuEntry => {
  const dish = row(more);
  const names = { en: dish.dishId, "zh-CN": dish.dishId };
  return { card: { dishId: dish.dishId, storeId: dish.storeId, names, storeNames: names, priceCents: 100 }, row: dish };
};

describe("the book of dishes", () => {
  test("an older row never overwrites a newer one, whatever order they come in", () => {
    const book = new DishBook(0);
    book.load([entry()], 0);
    book.apply(row({ available: 90, frozen: 10, version: 5 }), 0);
    book.apply(row({ available: 95, frozen: 5, version: 4 }), 0);
    expect(book.get("tofu")?.row.available).toBe(90);
    expect(book.get("tofu")?.demand.perMinute).toBe(10);
  });

  test("portions that come back are no demand", () => {
    const book = new DishBook(0);
    book.load([entry({ available: 90, frozen: 10 })], 0);
    book.apply(row({ available: 100, version: 2 }), 0);
    expect(book.get("tofu")?.demand.perMinute).toBe(0);
  });

  test("a dish that sells its last portion is sold out since then, and no longer once it is restocked", () => {
    const book = new DishBook(0);
    book.load([entry({ available: 1, sold: 99 })], 0);
    book.apply(row({ available: 0, sold: 100, version: 2 }), 777);
    expect(book.get("tofu")).toMatchObject({ mood: "soldOut", soldOutAtMs: 777 });
    expect([...book.withMood("soldOut")]).toEqual(["tofu"]);
    book.apply(row({ supplied: 200, available: 100, sold: 100, version: 3 }), 888);
    expect(book.get("tofu")).toMatchObject({ mood: "selling", soldOutAtMs: 0 });
    expect(book.totals()).toEqual({ dishes: 1, soldOut: 0, low: 0, paused: 0 });
  });

  test("a dish runs low by its forecast too, and the forecast passes when demand does", () => {
    const book = new DishBook(0);
    book.load([entry({ supplied: 100, available: 100 })], 0);
    book.apply(row({ available: 60, frozen: 40, version: 2 }), 0); // 40 a minute: 1.5 minutes left
    expect(book.get("tofu")?.mood).toBe("low");
    book.advance(12, 60_000);
    expect(book.get("tofu")?.mood).toBe("selling");
  });

  test("a dish the book does not know is reported, not invented", () => {
    const book = new DishBook(0);
    expect(book.apply(row({ dishId: "new" }), 0)).toBe(false);
    expect(book.size).toBe(0);
  });

  test("the hottest come first: by the last minute, then by two, then by all that was ever taken", () => {
    const book = new DishBook(0);
    book.load([entry({ dishId: "a", available: 50, sold: 50 }), entry({ dishId: "b" }), entry({ dishId: "c" })], 0);
    book.apply(row({ dishId: "c", available: 97, frozen: 3, version: 2 }), 0);
    expect(book.hottest(3)).toEqual(["c", "a", "b"]);
    expect(book.hottest(1)).toEqual(["c"]);
  });
});

describe("mood", () => {
  const at = (available: number, before: Parameters<typeof moodOf>[2], perMinute = 0) =>
    moodOf(row({ available }), perMinute, before);

  test.each([
    ["a tenth left is low", at(10, "selling"), "low"],
    ["an eleventh hour is not", at(11, "selling"), "selling"],
    ["what is low stays low until it clearly is not", at(15, "low"), "low"],
    ["above that it is not", at(16, "low"), "selling"],
    ["nothing left is sold out", at(0, "low"), "soldOut"],
    ["one portion back is low, not plenty", at(1, "soldOut"), "low"],
    ["three minutes left are low", at(60, "selling", 20), "low"],
    ["a single sale a minute is no forecast", at(20, "selling", 1), "selling"],
    ["paused is paused, whatever is left", moodOf(row({ available: 0, onSale: false }), 0, "selling"), "paused"],
  ])("%s", (_guarantee, mood, expected) => {
    expect(mood).toBe(expected);
  });
});
