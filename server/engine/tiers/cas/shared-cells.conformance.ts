/** What any shared-cell adapter must do. Both the Redis one and its twin run it. */
import { beforeEach, describe, expect, test } from "vitest";
import type { SharedCellCare, SharedCells } from "./shared-cells.ts";

export interface CellsUnderTest {
  cells: SharedCells & SharedCellCare;
  /** Makes `ms` milliseconds pass for the store. */
  pass(ms: number): Promise<void>;
  wipe(): Promise<void>;
}

/** Short, so that the real store can be waited for; far above what a call takes. */
export const TEST_HOLD_MS = 150;

const a = (sequence: number) => ({ instance: "a", sequence });
const b = (sequence: number) => ({ instance: "b", sequence });

export function describeSharedCells(name: string, setUp: () => Promise<CellsUnderTest>): void {
  describe(`shared cells: ${name}`, () => {
    let store: CellsUnderTest;
    let run = 0;
    let dish = "";
    const takeAll = (owner: { instance: string; sequence: number }, wanted: number, known: { available: number; version: number } | null = null) =>
      store.cells.take("store", owner, [{ dishId: dish, wanted, known }], TEST_HOLD_MS);
    const take = async (owner: { instance: string; sequence: number }, wanted: number, known: { available: number; version: number } | null = null) =>
      (await takeAll(owner, wanted, known)).grants[0];
    const settle = (owner: { instance: string; sequence: number }, reading: { available: number; version: number } | null) =>
      store.cells.settle("store", owner, [{ dishId: dish, reading }]);

    beforeEach(async () => {
      store ??= await setUp();
      dish = `dish-${++run}`;
    });

    test("an unknown dish is not loaded, unless the caller knows it", async () => {
      expect(await take(a(1), 2)).toBeNull();
      expect(await take(a(2), 2, { available: 5, version: 7 })).toEqual({ granted: 2, available: 5, version: 7 });
    });

    test("grants what no other batch holds, and never more than that", async () => {
      await take(a(1), 4, { available: 5, version: 1 });
      expect(await take(b(1), 4)).toMatchObject({ granted: 1 });
      expect(await take(b(2), 4)).toMatchObject({ granted: 0 });
    });

    test("a settled hold is free again, and the newer reading stays", async () => {
      await take(a(1), 4, { available: 5, version: 1 });
      await settle(a(1), { available: 1, version: 2 });
      expect(await take(b(1), 4)).toEqual({ granted: 1, available: 1, version: 2 });
    });

    test("a failed batch gives its hold back and changes no reading", async () => {
      await take(a(1), 4, { available: 5, version: 1 });
      await settle(a(1), null);
      expect(await take(b(1), 5)).toEqual({ granted: 5, available: 5, version: 1 });
    });

    test("an older reading never replaces a newer one, in take and in settle", async () => {
      await take(a(1), 0, { available: 5, version: 9 });
      expect(await take(a(2), 0, { available: 8, version: 8 })).toMatchObject({ available: 5, version: 9 });
      await settle(a(2), { available: 8, version: 8 });
      expect(await take(a(3), 0)).toMatchObject({ available: 5, version: 9 });
    });

    test("a take sent twice grants the same again and holds once", async () => {
      await take(a(1), 3, { available: 5, version: 1 });
      expect(await take(a(1), 3)).toMatchObject({ granted: 3 });
      expect(await take(b(1), 5)).toMatchObject({ granted: 2 });
    });

    test("a take that arrives after its settle revives nothing", async () => {
      await take(a(1), 3, { available: 5, version: 1 });
      await settle(a(1), null);
      await take(a(1), 3);
      expect(await take(b(1), 5)).toMatchObject({ granted: 5 });
    });

    test("a settle sent twice changes nothing the second time", async () => {
      await take(a(1), 3, { available: 5, version: 1 });
      await settle(a(1), { available: 2, version: 2 });
      await take(a(2), 1);
      await settle(a(1), { available: 2, version: 2 });
      expect(await take(b(1), 2)).toMatchObject({ granted: 1, available: 2 });
    });

    test("the hold of a dead batch ends by itself", async () => {
      await take(a(1), 5, { available: 5, version: 1 });
      expect(await take(b(1), 1)).toMatchObject({ granted: 0 });
      await store.pass(TEST_HOLD_MS + 50);
      expect(await take(b(2), 5)).toMatchObject({ granted: 5 });
    });

    test("a hold that ends by itself is counted once, by the take that finds it; a settled one and one's own never", async () => {
      await take(a(1), 2, { available: 5, version: 1 });
      await settle(a(1), null);
      await take(a(2), 2);
      await take(b(1), 2);
      expect((await takeAll(a(2), 2)).expiredHolds).toBe(0);
      await store.pass(TEST_HOLD_MS + 50);
      expect((await takeAll(b(2), 1)).expiredHolds).toBe(2);
      expect((await takeAll(a(3), 1)).expiredHolds).toBe(0);
    });

    test("a hold that ends impossibly late was written under another clock, and does not count", async () => {
      await store.cells.take("store", a(1), [{ dishId: dish, wanted: 5, known: { available: 5, version: 1 } }], 1_000 * TEST_HOLD_MS);
      expect(await take(b(1), 5)).toMatchObject({ granted: 5 });
    });

    test("after a wipe the caller's reading loads the cell again", async () => {
      await take(a(1), 1, { available: 5, version: 3 });
      await store.wipe();
      expect(await take(a(2), 1)).toBeNull();
      expect(await take(a(3), 1, { available: 4, version: 4 })).toEqual({ granted: 1, available: 4, version: 4 });
    });

    describe("by hand", () => {
      const read = () => store.cells.read("store", dish);
      const reload = (available: number, version: number, seenVersion: number | null) => store.cells.reload("store", dish, { available, version }, seenVersion);

      test("looking at a cell says what it has and what is held of it, and changes nothing", async () => {
        expect(await read()).toBeNull();
        await take(a(1), 2, { available: 5, version: 2 ** 41 });
        expect([await read(), await read()]).toEqual([{ available: 5, version: 2 ** 41, held: 2 }, { available: 5, version: 2 ** 41, held: 2 }]);
        await settle(a(1), { available: 3, version: 2 ** 41 + 1 });
        expect(await read()).toEqual({ available: 3, version: 2 ** 41 + 1, held: 0 });
        await take(a(2), 1);
        await store.pass(TEST_HOLD_MS + 50);
        expect(await read()).toMatchObject({ held: 0 });
      });

      test("a reload writes over another figure of the same version, and over a version that never was; holds stay", async () => {
        await take(a(1), 2, { available: 999, version: 7 });
        expect(await reload(5, 7, 7)).toBe(true);
        expect(await read()).toEqual({ available: 5, version: 7, held: 2 });
        await settle(a(1), { available: 999, version: 40 });
        expect(await reload(5, 7, 40)).toBe(true);
        expect(await read()).toEqual({ available: 5, version: 7, held: 0 });
      });

      test("a reload does not undo what was settled while the ledger was asked", async () => {
        await take(a(1), 2, { available: 5, version: 7 });
        await settle(a(1), { available: 3, version: 8 });
        expect(await reload(5, 7, 7)).toBe(false);
        expect(await read()).toMatchObject({ available: 3, version: 8 });
      });

      test("a reload fills a cell that is gone", async () => {
        expect(await reload(5, 7, null)).toBe(true);
        expect(await take(a(1), 9)).toEqual({ granted: 5, available: 5, version: 7 });
      });
    });

    test("many dishes of a store are one call, answered in order", async () => {
      const requests = [3, 1, 2].map((n) => ({ dishId: `${dish}-${n}`, wanted: n, known: { available: 2, version: 2 ** 41 + n } }));
      expect((await store.cells.take("store", a(1), requests, TEST_HOLD_MS)).grants).toEqual([
        { granted: 2, available: 2, version: 2 ** 41 + 3 },
        { granted: 1, available: 2, version: 2 ** 41 + 1 },
        { granted: 2, available: 2, version: 2 ** 41 + 2 },
      ]);
    });
  });
}
