import { expect, test } from "vitest";
import { TICKER_MAX } from "../contracts/socket-events.ts";
import type { Dependencies, Mood } from "../contracts/socket-events.ts";
import type { BookedDish } from "./dish-book.ts";
import { OTHERS_SILENT_MS_MAX, Ticker } from "./ticker.ts";

const UP: Dependencies = { postgres: "up", redis: "up" };
const dish = (dishId: string, mood: Mood) => ({ card: { dishId, names: { en: dishId, "zh-CN": dishId } }, mood }) as unknown as BookedDish;
const said = (ticker: Ticker) => ticker.recent().map((event) => ("dishId" in event ? `${event.kind} ${event.dishId}` : event.kind));

test("a dish that sells out, comes back, is paused and resumed is told of once each, newest first; how it was found is no news", () => {
  const ticker = new Ticker();
  for (const [at, mood] of (["soldOut", "selling", "low", "soldOut", "soldOut", "paused", "selling"] as const).entries()) ticker.dish(dish("a", mood), at);
  expect(said(ticker)).toEqual(["RESUMED a", "PAUSED a", "SOLD_OUT a", "BACK a"]);
  expect(ticker.takeUntold()).toHaveLength(4);
  expect(ticker.takeUntold()).toEqual([]);
});

test("a store that goes and returns is told of; how it was at the start is no news", () => {
  const ticker = new Ticker();
  for (const redis of ["down", "down", "probing", "up"] as const) ticker.second({ ...UP, redis }, 0, 1);
  expect(ticker.recent().map((event) => event.kind === "DEPENDENCY" && event.state)).toEqual(["up", "probing"]);
});

test("what another instance went through is told as well: where a store is away, that it is away everywhere, and that it is back", () => {
  const ticker = new Ticker();
  const said = () => ticker.takeUntold().map((event) => event.kind === "DEPENDENCY" && [event.name, event.state, event.at]);
  const down: Dependencies = { postgres: "down", redis: "up" };
  ticker.other("b", UP, 0, 0);
  ticker.other("c", UP, 0, 0);
  ticker.second(UP, 0, 0);
  ticker.other("b", down, 0, 1_000);
  ticker.second(UP, 0, 1_000);
  ticker.second(UP, 0, 2_000);
  expect(said()).toEqual([["postgres", "down", { count: 1, of: 3 }]]);
  ticker.second(down, 0, 3_000); // a third part of the same outage is no event of its own
  expect(said()).toEqual([]);
  ticker.other("c", down, 0, 4_000);
  ticker.second(down, 0, 4_000);
  ticker.second(down, 0, 5_000);
  expect(said()).toEqual([["postgres", "down", null]]);
  for (const instance of ["b", "c"]) ticker.other(instance, UP, 0, 6_000);
  ticker.second(UP, 0, 6_000);
  expect(said()).toEqual([["postgres", "up", null]]);
});

test("an instance that is silent says nothing: its last word is not held against the store", () => {
  const ticker = new Ticker();
  ticker.other("b", { ...UP, redis: "down" }, 0, 0);
  ticker.second(UP, 0, 1);
  ticker.second(UP, 0, OTHERS_SILENT_MS_MAX + 1);
  expect(ticker.recent().map((event) => event.kind === "DEPENDENCY" && event.state)).toEqual(["up"]);
});

test("orders that ran out of time at another instance are counted once, and not those of before it was heard", () => {
  const ticker = new Ticker();
  ticker.other("b", UP, 40, 0);
  ticker.second(UP, 0, 0);
  expect(ticker.recent()).toEqual([]);
  for (const [timedOut, atMs] of [[45, 2_000], [45, 4_000], [47, 4_500]] as const) ticker.other("b", UP, timedOut, atMs);
  ticker.second(UP, 1, 5_000);
  expect(ticker.recent()).toMatchObject([{ kind: "TIMED_OUT", operations: 8 }]);
});

test("orders that run out of time are one event in ten seconds, and none of them is left out of its number", () => {
  const ticker = new Ticker();
  for (let second = 0; second < 25; second += 1) ticker.second(UP, 3, second * 1_000);
  const counts = ticker.recent().map((event) => (event.kind === "TIMED_OUT" ? event.operations : 0));
  expect(counts).toEqual([30, 30, 3]);
});

test("it keeps the last few, whatever happens", () => {
  const ticker = new Ticker();
  for (let n = 0; n < 500; n += 1) ticker.dish(dish("a", n % 2 === 0 ? "selling" : "soldOut"), n);
  expect(ticker.recent()).toHaveLength(TICKER_MAX);
  expect(ticker.takeUntold()).toHaveLength(TICKER_MAX);
  expect(ticker.recent()[0]?.atMs).toBe(499);
});
