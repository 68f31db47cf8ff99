/** Cells put right by hand, over two engines on twins. */
import { describe, expect, test } from "vitest";
import type { FeedEntry } from "../feed/live-feed.ts";
import { CircuitBreaker } from "../guards/circuit-breaker.ts";
import type { DishRow } from "../kernel/types.ts";
import { VirtualClock } from "../simulation/virtual-clock.ts";
import { MemorySharedCells } from "../tiers/cas/memory-shared-cells.ts";
import { StockGate } from "../tiers/cas/stock-gate.ts";
import { CellCare } from "./cell-care.ts";

const ROW: DishRow = { dishId: "rice", storeId: "s", supplied: 10, available: 6, frozen: 3, sold: 1, onSale: true, version: 40 };
const OWNER = { instance: "x", sequence: 1 };

function two(row: DishRow | null = ROW) {
  const clock = new VirtualClock();
  const shared = new MemorySharedCells(clock, 1_000);
  const published: FeedEntry[] = [];
  const ledger = { row, reads: 0 };
  const make = (instance: string) => {
    const gate = new StockGate(clock, 8);
    const sharedBreaker = new CircuitBreaker(clock);
    const readDish = async () => {
      ledger.reads += 1;
      return ledger.row;
    };
    return { gate, care: new CellCare({ clock, instance, gate, shared, sharedBreaker, readDish, publish: (entry) => published.push(entry) }) };
  };
  return { clock, shared, published, ledger, one: make("one"), other: make("other") };
}

describe("a reload", () => {
  test.each([
    ["another figure under the right version", { available: 999, version: 40 }],
    ["a version that never was", { available: 0, version: 99 }],
    ["an older figure", { available: 8, version: 38 }],
  ])("puts the ledger's figure over %s, in memory and in Redis", async (_what, wrong) => {
    const { clock, shared, one } = two();
    one.gate.learn({ ...ROW, ...wrong }, clock.monotonicMs());
    await shared.take("s", OWNER, [{ dishId: "rice", wanted: 0, known: wrong }], 1_000);
    await clock.advance(10);
    await one.care.reload("rice", "s");
    const { memory, shared: read } = await one.care.look("rice", "s");
    expect(memory).toMatchObject({ available: 6, version: 40, admitted: 0 });
    expect(read).toMatchObject({ state: "read", cell: { available: 6, version: 40 } });
  });

  test("leaves what was promised to operations in flight", async () => {
    const { clock, one } = two();
    one.gate.learn({ ...ROW, available: 9 }, clock.monotonicMs());
    expect(one.gate.admit("s", [{ dishId: "rice", quantity: 4 }])).toEqual({ kind: "admitted" });
    await clock.advance(10);
    await one.care.reload("rice", "s");
    expect((await one.care.look("rice", "s")).memory).toMatchObject({ available: 6, admitted: 4 });
  });

  test("does not undo what was settled while the ledger was asked", async () => {
    const { clock, one, ledger } = two();
    await clock.advance(10);
    const askedAtMs = clock.monotonicMs();
    await clock.advance(10);
    one.gate.learn({ ...ROW, available: 5, version: 41 }, clock.monotonicMs());
    one.gate.reload(ROW, askedAtMs);
    expect(one.gate.look("rice")).toMatchObject({ available: 5, version: 41 });
    expect(ledger.reads).toBe(0);
  });

  test("reaches every instance that hears of it, and costs those that do not know the dish nothing", async () => {
    const { clock, published, ledger, one, other } = two();
    other.gate.learn({ ...ROW, available: 0 }, clock.monotonicMs());
    await clock.advance(10);
    await one.care.reload("rice", "s");
    expect(published).toMatchObject([{ dishes: [ROW], transactions: [], reload: ["rice"] }]);
    await other.care.hear(published[0]?.reload ?? []);
    expect(other.gate.look("rice")).toMatchObject({ available: 6, version: 40 });
    const reads = ledger.reads;
    await other.care.hear(["noodles"]);
    expect(ledger.reads).toBe(reads);
  });

  test("of a dish that is not there says so", async () => {
    await expect(two(null).one.care.reload("rice", "s")).rejects.toMatchObject({ code: "UNKNOWN_DISH" });
  });
});
