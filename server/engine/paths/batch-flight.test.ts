import { expect, test } from "vitest";
import { lab } from "../guards/testing.ts";
import { PLENTY } from "./batch-flight.ts";

test("a dish of which there is plenty leaves without a hold; one that may run short takes one", async () => {
  const rich = await lab(PLENTY + 10);
  await rich.attempt("warm again");
  const plain = rich.engine.stats().redis.takes;
  expect((await rich.attempt("plenty")).how).toBe("RESERVED");
  expect(rich.engine.stats().redis.takes).toBe(plain);

  const poor = await lab(PLENTY);
  const before = poor.engine.stats().redis.takes;
  expect((await poor.attempt("scarce")).how).toBe("RESERVED");
  expect(poor.engine.stats().redis.takes).toBe(before + 1);
});

test("of plenty, no more is sold than there is: the ledger decides as always", async () => {
  const { start, clock, engine } = await lab(PLENTY + 2);
  const all = await clock.run(Promise.all(Array.from({ length: 3 }, (_, n) => start(`t${n}`, { quantity: 4_000 }))));
  const sold = all.filter(({ how }) => how === "RESERVED").length;
  expect(sold).toBe(Math.floor((PLENTY + 1) / 4_000)); // one was sold to warm up
  expect(engine.admittedTotal()).toBe(0);
});
