/**
 * A full queue as a caller sees it: the row "the queue is full" of the engine's README, through the whole engine.
 */
import { expect, test } from "vitest";
import { WAITING_MAX } from "../tiers/lock/dish-locks.ts";
import { lab } from "./testing.ts";

test("a Try that finds the queue full is OVERLOADED at once, by the lock tier, and keeps nothing; a cancel finds a place", async () => {
  const { engine, ledger, start, attempt, clock } = await lab(2 * WAITING_MAX);
  let land = (): void => {};
  const landed = new Promise<void>((resolve) => {
    land = resolve;
  });
  ledger.before = () => landed;
  const first = start("first");
  await clock.advance(1); // it has left, and holds the dish
  const waiting = Array.from({ length: WAITING_MAX }, (_, n) => start(`t${n}`, { timeoutMs: 60_000 }));
  const cancel = engine.cancel("warm", { timeoutMs: 60_000, traceId: "" });
  const admitted = engine.admittedTotal();
  const askedAtMs = clock.monotonicMs();
  expect(await attempt("one more")).toMatchObject({ how: "OVERLOADED", retryAfterMs: 1_000, atMs: askedAtMs });
  expect(engine.stats().refusals).toMatchObject({ lock: { OVERLOADED: 1 } });
  expect(engine.admittedTotal()).toBe(admitted);
  land();
  await clock.run(Promise.all([first, cancel, ...waiting]));
  expect(engine.admittedTotal()).toBe(0);
});
