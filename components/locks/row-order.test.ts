import { describe, expect, test } from "vitest";
import { LINGER_MS, RANK_EVERY_MS, Ranking, Slots } from "./row-order";

describe("a ranking", () => {
  test("keeps its order until it is due, whatever the figures say", () => {
    const ranking = new Ranking(10);
    expect(ranking.rank(["a", "b"], 0, false)).toEqual(["a", "b"]);
    expect(ranking.rank(["b", "a"], RANK_EVERY_MS - 1, false)).toEqual(["a", "b"]);
    expect(ranking.rank(["b", "a"], RANK_EVERY_MS, false)).toEqual(["b", "a"]);
  });

  test("keeps it longer while somebody points at it", () => {
    const ranking = new Ranking(10);
    ranking.rank(["a", "b"], 0, false);
    expect(ranking.rank(["b", "a"], 60_000, true)).toEqual(["a", "b"]);
    expect(ranking.rank(["b", "a"], 60_001, false)).toEqual(["b", "a"]);
  });

  test("puts who comes meanwhile at the end, and lets go who left", () => {
    const ranking = new Ranking(3);
    ranking.rank(["a", "b"], 0, false);
    expect(ranking.rank(["c", "b", "a"], 100, false)).toEqual(["a", "b", "c"]);
    expect(ranking.rank(["d", "c", "b"], 200, false)).toEqual(["b", "c", "d"]);
    expect(ranking.rank(["e", "d", "c", "b"], 300, false)).toEqual(["b", "c", "d"]);
  });

  test("is made at once when there was nothing to rank before", () => {
    const ranking = new Ranking(3);
    expect(ranking.rank([], 0, false)).toEqual([]);
    expect(ranking.rank(["a", "b"], 1, false)).toEqual(["a", "b"]);
  });
});

describe("slots", () => {
  const items = (...ids: string[]) => ids.map((id) => ({ id, value: id }));
  const ids = (slots: readonly ({ id: string; here: boolean } | null)[]) => slots.map((slot) => slot && `${slot.id}${slot.here ? "" : " gone"}`);

  test("what ended keeps its place for a while, then it is free", () => {
    const slots = new Slots<string>(3);
    slots.fill(items("a", "b"), 0);
    expect(ids(slots.fill(items("b"), 100))).toEqual(["a gone", "b", null]);
    expect(ids(slots.fill(items("b", "a"), 200))).toEqual(["a", "b", null]);
    expect(ids(slots.fill(items("b"), 200 + LINGER_MS))).toEqual([null, "b", null]);
  });

  test("what comes takes a free place, or that of what ended longest ago, never that of what goes on", () => {
    const slots = new Slots<string>(2);
    slots.fill(items("a", "b"), 0);
    slots.fill(items("b"), 100);
    expect(ids(slots.fill(items("c", "b"), 200))).toEqual(["c", "b"]);
    expect(ids(slots.fill(items("d", "c", "b"), 300))).toEqual(["c", "b"]);
  });
});
