import { describe, expect, test } from "vitest";
import { BUCKETS, bucketAt } from "@/server/contracts/demand";
import type { DishTick, DishesSnapshot } from "@/server/contracts/socket-events";
import { BEAT_MS, DishTable, firstScreen } from "./dish-table";
import { addressOf, EVERYTHING, readQuery, sortedBy } from "./query";
import type { DishQuery } from "./query";

const START_MS = 1_700_000_000_000;
const SELLING = 0;
const LOW = 1;
const SOLD_OUT = 2;
const PAUSED = 3;

interface Dish {
  id: string;
  left?: number;
  taken?: number;
  mood?: number;
  storeId?: string;
  zh?: string;
  price?: number;
}

const tickOf = ({ id, left = 100, taken = 0, mood = SELLING }: Dish, version = 1): DishTick => [id, version, 1_000, left, 0, 1_000 - left, mood, taken, 0];

function snapshotOf(dishes: Dish[], seq = 0): DishesSnapshot {
  return {
    seq,
    atMs: START_MS,
    bucket: bucketAt(START_MS),
    cards: dishes.map(({ id, storeId = "s", zh = `${id} 菜`, price = 100 }) => ({
      dishId: id,
      storeId,
      names: { en: `${id} en`, "zh-CN": zh },
      storeNames: { en: `${storeId} en`, "zh-CN": `${storeId} 店` },
      priceCents: price,
    })),
    dishes: dishes.map((dish) => ({ tick: tickOf(dish), demand: [...new Array<number>(BUCKETS - 1).fill(0), dish.taken ?? 0] })),
  };
}

function tableOf(dishes: Dish[], query: Partial<DishQuery> = {}) {
  const asked = { ...EVERYTHING, ...query };
  let nowMs = START_MS;
  const table = new DishTable(firstScreen(snapshotOf(dishes), asked, "en", 40), asked, "en", () => nowMs);
  table.reset(snapshotOf(dishes));
  let seq = 0;
  const tick = (...changed: Dish[]) => {
    seq += 1;
    return table.apply({ seq, atMs: nowMs, bucket: bucketAt(nowMs), ticks: changed.map((dish) => tickOf(dish, seq + 1)) });
  };
  const pass = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 1_000) {
      nowMs += 1_000;
      table.everySecond();
    }
  };
  return { table, tick, pass, ids: () => table.list().dishIds };
}

describe("the list", () => {
  test("changes figures at once and places only when asked", () => {
    const { table, tick, ids } = tableOf([{ id: "a", taken: 9 }, { id: "b", taken: 5 }, { id: "c" }]);
    expect(ids()).toEqual(["a", "b", "c"]);
    tick({ id: "c", left: 20, taken: 80 });
    expect(table.view("c")).toMatchObject({ available: 20, perMinute: 80 });
    expect(ids()).toEqual(["a", "b", "c"]);
    table.reorder();
    expect(ids()).toEqual(["c", "a", "b"]);
  });

  test("puts itself in order at the beat, and not while somebody points at it", () => {
    const { table, tick, pass, ids } = tableOf([{ id: "a", taken: 9 }, { id: "b" }]);
    tick({ id: "b", taken: 80 });
    table.hold(true);
    pass(BEAT_MS + 1_000);
    expect(ids()).toEqual(["a", "b"]);
    table.hold(false);
    pass(1_000);
    expect(ids()).toEqual(["b", "a"]);
  });

  test("a dish that stops matching stays in its place and is announced; so is one that begins to match", () => {
    const { table, tick, pass, ids } = tableOf([{ id: "a", mood: SOLD_OUT, left: 0 }, { id: "b" }], { state: "sold-out", sort: "name", descending: false });
    expect(ids()).toEqual(["a"]);
    tick({ id: "a", left: 50 }, { id: "b", mood: SOLD_OUT, left: 0 });
    pass(1_000);
    expect(ids()).toEqual(["a"]);
    expect(table.list()).toMatchObject({ joining: 1, leaving: 1, counts: { "sold-out": 1 } });
    table.reorder();
    expect(ids()).toEqual(["b"]);
    expect(table.list()).toMatchObject({ joining: 0, leaving: 0 });
  });

  test("asks for a snapshot when a number is missing, and a snapshot moves no row", () => {
    const { table, tick, ids } = tableOf([{ id: "a", taken: 9 }, { id: "b" }]);
    expect(tick({ id: "a", left: 90 })).toBe(true);
    expect(table.apply({ seq: 3, atMs: START_MS, bucket: bucketAt(START_MS), ticks: [tickOf({ id: "a", left: 1 })] })).toBe(false);
    expect(table.view("a")?.available).toBe(90);
    table.reset(snapshotOf([{ id: "b", taken: 99 }, { id: "a", left: 70 }], 3));
    expect(ids()).toEqual(["a", "b"]);
    expect(table.view("a")?.available).toBe(70);
  });

  test("renders the rows that changed and no others", () => {
    const { table, tick } = tableOf([{ id: "a" }, { id: "b" }]);
    let told = 0;
    const [a, b] = [table.view("a"), table.view("b")];
    table.onRow("b", () => {
      told += 1;
    });
    tick({ id: "a", left: 1 });
    expect(told).toBe(0);
    expect(table.view("b")).toBe(b);
    expect(table.view("a")).not.toBe(a);
  });

  test("the first screen keeps the whole list's height and is filled by the first snapshot, in the same order", () => {
    const dishes = Array.from({ length: 90 }, (_, n) => ({ id: `d${String(n).padStart(2, "0")}`, left: 90 - n }));
    const query = { ...EVERYTHING, sort: "left" as const, descending: false };
    const first = firstScreen(snapshotOf(dishes), query, "en", 20);
    const table = new DishTable(first, query, "en", () => START_MS);
    const before = table.list();
    expect([before.dishIds.length, before.length, before.counts.all]).toEqual([20, 90, 90]);
    table.reset(snapshotOf(dishes));
    expect(table.list().dishIds.slice(0, 20)).toEqual(before.dishIds);
    expect(table.list()).toMatchObject({ length: 90, complete: true });
  });
});

describe("a question", () => {
  const menu: Dish[] = [
    { id: "mapo", zh: "麻婆豆腐", storeId: "lantern", left: 40, taken: 20, price: 2_800 },
    { id: "tarts", zh: "蛋挞", storeId: "tea", left: 5, taken: 60, price: 900, mood: LOW },
    { id: "noodles", zh: "牛肉面", storeId: "west", left: 0, mood: SOLD_OUT, price: 1_900 },
    { id: "lamb", zh: "羊肉串", storeId: "west", left: 70, mood: PAUSED, price: 500 },
  ];
  const answer = (query: Partial<DishQuery>) => [...tableOf(menu, query).ids()];

  test.each([
    ["a Chinese name", { q: "豆腐" }, ["mapo"]],
    ["an English name, in any case", { q: "MAPO en" }, ["mapo"]],
    ["a store in either language", { q: "west 店" }, ["lamb", "noodles"]],
    ["a store", { storeId: "west" }, ["lamb", "noodles"]],
    ["what is on sale", { state: "on-sale" as const }, ["tarts", "mapo", "noodles"]],
    ["what is soon out", { state: "soon-out" as const }, ["tarts"]],
    ["what is sold out", { state: "sold-out" as const }, ["noodles"]],
    ["what is paused", { state: "paused" as const }, ["lamb"]],
    ["the soonest out: those without a forecast last", { sort: "out" as const, descending: false }, ["noodles", "tarts", "mapo", "lamb"]],
    ["the latest out: those without a forecast last again", { sort: "out" as const, descending: true }, ["mapo", "tarts", "noodles", "lamb"]],
    ["by name", { sort: "name" as const, descending: false }, ["lamb", "mapo", "noodles", "tarts"]],
    ["by store, within a store by id", { sort: "store" as const, descending: true }, ["lamb", "noodles", "tarts", "mapo"]],
    ["the dearest", { sort: "price" as const, descending: true }, ["mapo", "noodles", "tarts", "lamb"]],
  ])("%s", (_what, query, expected) => {
    expect(answer(query)).toEqual(expected);
  });

  test("survives the address it is written to", () => {
    const queries: DishQuery[] = [
      EVERYTHING,
      { q: "麻婆 50%&x=1", storeId: "s:1", state: "soon-out", sort: "name", descending: false },
      { ...EVERYTHING, sort: "rate", descending: false },
      { ...EVERYTHING, sort: "left", descending: true },
    ];
    for (const query of queries) expect(readQuery(new URL(addressOf(query), "http://x").searchParams)).toEqual(query);
    expect(addressOf(EVERYTHING)).toBe("/dishes");
  });

  test("that nobody can have asked becomes the usual one", () => {
    expect(readQuery(new URLSearchParams("state=eaten&sort=__proto__&dir=up&store="))).toEqual({ ...EVERYTHING, descending: false });
    expect(readQuery(new URLSearchParams(`q=${"x".repeat(5_000)}`)).q.length).toBe(100);
  });

  test("a column's first click gives its own direction, the second the other one", () => {
    const byLeft = sortedBy(EVERYTHING, "left");
    expect([byLeft.descending, sortedBy(byLeft, "left").descending]).toEqual([false, true]);
  });
});
