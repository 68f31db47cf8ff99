import { expect, test } from "vitest";
import { TICKER_MAX } from "../contracts/socket-events.ts";
import type { Dependencies, Mood } from "../contracts/socket-events.ts";
import type { BookedDish } from "./dish-book.ts";
import { Ticker } from "./ticker.ts";

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
