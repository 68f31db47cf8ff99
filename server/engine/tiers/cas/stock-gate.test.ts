import { describe, expect, test } from "vitest";
import type { DishRow } from "../../kernel/types.ts";
import { VirtualClock } from "../../simulation/virtual-clock.ts";
import { HELD_ELSEWHERE_MS, REFUSAL_AGE_MS_MAX, StockGate, TURNED_BACK_MAX } from "./stock-gate.ts";

const row = (dishId: string, available: number, version: number, extra: Partial<DishRow> = {}): DishRow => ({
  dishId,
  storeId: "s",
  supplied: available,
  available,
  frozen: 0,
  sold: 0,
  onSale: true,
  version,
  ...extra,
});
const lines = (...wants: [dishId: string, quantity: number][]) => wants.map(([dishId, quantity]) => ({ dishId, quantity }));

async function gateWith(...rows: DishRow[]) {
  const clock = new VirtualClock();
  await clock.advance(10_000);
  const gate = new StockGate(clock);
  for (const known of rows) gate.learn(known, clock.monotonicMs());
  return { clock, gate };
}

describe("the stock gate", () => {
  test("admits every line or none", async () => {
    const { gate } = await gateWith(row("noodles", 5, 1), row("rice", 1, 1));
    expect(gate.admit("s", lines(["noodles", 2], ["rice", 2]))).toMatchObject({ kind: "refused", code: "SOLD_OUT" });
    expect(gate.admittedTotal()).toBe(0);
    expect(gate.admit("s", lines(["noodles", 5], ["rice", 1]))).toEqual({ kind: "admitted" });
    expect(gate.admittedTotal()).toBe(6);
  });

  test("names every dish that is short, with what was wanted and what there is", async () => {
    const { gate } = await gateWith(row("noodles", 1, 1), row("rice", 0, 1), row("soup", 9, 1));
    expect(gate.admit("s", lines(["noodles", 2], ["soup", 1], ["rice", 1]))).toMatchObject({
      dishes: [
        { dishId: "noodles", wanted: 2, available: 1 },
        { dishId: "rice", wanted: 1, available: 0 },
      ],
    });
  });

  test("a no older than its lease is not final: the dish is read again", async () => {
    const { clock, gate } = await gateWith(row("noodles", 0, 1), row("rice", 5, 1, { onSale: false }));
    expect(gate.admit("s", lines(["noodles", 1]))).toMatchObject({ kind: "refused", code: "SOLD_OUT" });
    expect(gate.admit("s", lines(["rice", 1]))).toMatchObject({ kind: "refused", code: "DISH_PAUSED" });
    await clock.advance(REFUSAL_AGE_MS_MAX);
    expect(gate.admit("s", lines(["noodles", 1]))).toEqual({ kind: "unsure", dishIds: ["noodles"] });
    expect(gate.admit("s", lines(["rice", 1]))).toEqual({ kind: "unsure", dishIds: ["rice"] });
  });

  test("hearsay changes stock but renews no lease", async () => {
    const { clock, gate } = await gateWith(row("noodles", 5, 1));
    await clock.advance(REFUSAL_AGE_MS_MAX);
    gate.learn(row("noodles", 0, 2), null);
    expect(gate.admit("s", lines(["noodles", 1]))).toEqual({ kind: "unsure", dishIds: ["noodles"] });
  });

  test("an unknown dish is refused from memory while the lease lasts, and sells as soon as it is made", async () => {
    const { clock, gate } = await gateWith();
    expect(gate.admit("s", lines(["new", 1]))).toEqual({ kind: "unsure", dishIds: ["new"] });
    gate.learnUnknown("new", clock.monotonicMs());
    expect(gate.admit("s", lines(["new", 1]))).toMatchObject({ kind: "refused", code: "UNKNOWN_DISH" });
    gate.learn(row("new", 1, 1), null);
    expect(gate.admit("s", lines(["new", 1]))).toEqual({ kind: "admitted" });
  });

  test("a dish of another store is refused", async () => {
    const { gate } = await gateWith(row("noodles", 5, 1, { storeId: "other" }));
    expect(gate.admit("s", lines(["noodles", 1]))).toMatchObject({ kind: "refused", code: "WRONG_STORE" });
  });

  test("promised portions make a basket wait, not fail; it wakes when they come back", async () => {
    const { gate } = await gateWith(row("noodles", 2, 1));
    gate.admit("s", lines(["noodles", 2]));
    expect(gate.admit("s", lines(["noodles", 1]))).toEqual({ kind: "promised", dishId: "noodles", quantity: 1 });
    const { woken } = gate.park("noodles", 1);
    gate.giveBack(lines(["noodles", 2]));
    await woken;
    expect(gate.admit("s", lines(["noodles", 1]))).toEqual({ kind: "admitted" });
  });

  test("who waits is woken too when nothing is left to wait for, and in order of arrival while something is", async () => {
    const { clock, gate } = await gateWith(row("noodles", 3, 1));
    gate.admit("s", lines(["noodles", 3]));
    const woken: string[] = [];
    for (const [name, quantity] of [["first", 1], ["large", 3], ["third", 1]] as const) {
      void gate.park("noodles", quantity).woken.then(() => woken.push(name));
    }
    gate.settle([row("noodles", 2, 2)], new Map([["noodles", 3]]), clock.monotonicMs());
    await clock.advance(0);
    expect(woken).toEqual(["first", "large", "third"]); // "large" can no longer be served
  });

  test("a batch that the ledger did not answer returns its promises and changes no stock", async () => {
    const { clock, gate } = await gateWith(row("noodles", 3, 1));
    gate.admit("s", lines(["noodles", 3]));
    gate.settle([], new Map([["noodles", 3]]), clock.monotonicMs());
    expect(gate.admittedTotal()).toBe(0);
    expect(gate.reading("noodles")).toEqual({ available: 3, version: 1 });
  });

  test("an older reading is ignored, unless the ledger was asked after the cell was written: then it was set back", async () => {
    const { clock, gate } = await gateWith(row("noodles", 3, 9));
    const beforeMs = clock.monotonicMs() - 1;
    gate.learn(row("noodles", 8, 8), beforeMs);
    expect(gate.reading("noodles")).toEqual({ available: 3, version: 9 });
    await clock.advance(5);
    gate.learn(row("noodles", 8, 8), clock.monotonicMs());
    expect(gate.reading("noodles")).toEqual({ available: 8, version: 8 });
  });

  test("portions that Redis holds for another instance count as promised until there is news of the dish", async () => {
    const { clock, gate } = await gateWith(row("noodles", 5, 1));
    gate.turnedBack("noodles");
    expect(gate.admit("s", lines(["noodles", 1]))).toMatchObject({ kind: "promised", dishId: "noodles" });
    let woken = false;
    void gate.park("noodles", 1).woken.then(() => {
      woken = true;
    });
    gate.learn(row("noodles", 5, 1), clock.monotonicMs()); // what was known already is no news
    await clock.advance(1);
    expect(woken).toBe(false);
    gate.learn(row("noodles", 3, 2), null);
    await clock.advance(1);
    expect(woken).toBe(true);
    expect(gate.admit("s", lines(["noodles", 1]))).toEqual({ kind: "admitted" });
  });

  test("or until the time for it is over; after two such waits in a row the ledger is to decide, until there is news", async () => {
    const { clock, gate } = await gateWith(row("noodles", 5, 1));
    const wanted = lines(["noodles", 1]);
    for (let wait = 0; wait < TURNED_BACK_MAX; wait++) {
      expect(gate.ignoresHolds(wanted)).toBe(false);
      gate.turnedBack("noodles");
      gate.turnedBack("noodles"); // another order of the same batch says nothing new
      const { woken } = gate.park("noodles", 1);
      await clock.advance(HELD_ELSEWHERE_MS);
      await woken;
    }
    expect(gate.admit("s", wanted)).toEqual({ kind: "admitted" });
    expect(gate.ignoresHolds(wanted)).toBe(true);
    gate.learn(row("noodles", 4, 2), null);
    expect(gate.ignoresHolds(wanted)).toBe(false);
  });

  test("after a gap in the feed no refusal is final before the ledger is asked", async () => {
    const { gate } = await gateWith(row("noodles", 0, 1));
    gate.distrust();
    expect(gate.admit("s", lines(["noodles", 1]))).toEqual({ kind: "unsure", dishIds: ["noodles"] });
  });
});
