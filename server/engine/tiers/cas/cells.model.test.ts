/** Memory cells and the gate above them against a model in plain numbers. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DishRow } from "../../kernel/types.ts";
import { VirtualClock } from "../../simulation/virtual-clock.ts";
import { MemoryCells } from "./memory-cells.ts";
import { REFUSAL_AGE_MS_MAX, StockGate } from "./stock-gate.ts";

const portions = fc.nat(6);

describe("a memory cell, whatever is done to it", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("admit" as const), quantity: portions }),
    fc.record({ kind: fc.constant("give back" as const), quantity: portions }),
    fc.record({ kind: fc.constant("settle" as const), available: portions, version: fc.nat(8), onSale: fc.boolean(), returned: portions }),
    fc.record({ kind: fc.constant("overwrite" as const), available: portions, version: fc.nat(8), onSale: fc.boolean() }),
  );

  test("holds what the model holds, promises no more than it has, and keeps the newer reading", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const cells = MemoryCells.create(3);
        for (const slot of [0, 1, 2]) cells.reset(slot);
        const model = { available: 0, admitted: 0, version: -1, onSale: false };
        for (const what of steps) {
          if (what.kind === "admit") {
            const fits = model.available - model.admitted >= what.quantity;
            expect(cells.admit(1, what.quantity)).toBe(fits ? "admitted" : "short");
            if (fits) model.admitted += what.quantity;
          } else if (what.kind === "give back") {
            const quantity = Math.min(what.quantity, model.admitted);
            cells.giveBack(1, quantity);
            model.admitted -= quantity;
          } else if (what.kind === "settle") {
            const { available, version, onSale } = what;
            const returned = Math.min(what.returned, model.admitted);
            const isNewer = version > model.version;
            expect(cells.settle(1, { available, version, onSale }, returned)).toBe(isNewer);
            model.admitted -= returned;
            if (isNewer) Object.assign(model, { available, version, onSale });
          } else {
            const { available, version, onSale } = what;
            cells.overwrite(1, { available, version, onSale });
            Object.assign(model, { available, version, onSale });
          }
          expect(cells.read(1)).toEqual(model);
        }
        for (const slot of [0, 2]) expect(cells.read(slot)).toMatchObject({ available: 0, admitted: 0, version: -1 });
      }),
    );
  });
});

describe("the gate, whatever it hears", () => {
  const dish = fc.constantFrom("a", "b");
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("try" as const), lines: fc.uniqueArray(fc.record({ dishId: dish, quantity: fc.integer({ min: 1, max: 3 }) }), { selector: ({ dishId }) => dishId, minLength: 1 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("end" as const), nth: fc.nat(10) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("asked" as const), dishId: dish, available: portions, onSale: fc.boolean(), isNews: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("hearsay" as const), dishId: dish, available: portions, onSale: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(2 * REFUSAL_AGE_MS_MAX) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("distrust" as const) }) },
  );

  test("admits all lines or none, refuses only from what was asked lately, and gives every promise back", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 50 }), async (steps) => {
        const clock = new VirtualClock({ closed: true });
        const gate = new StockGate(clock, 8);
        const model = new Map<string, { available: number; onSale: boolean; admitted: number; version: number; askedAtMs: number }>();
        const admitted: { dishId: string; quantity: number }[][] = [];
        const learn = (dishId: string, available: number, onSale: boolean, isNews: boolean, isAsked: boolean): void => {
          const before = model.get(dishId);
          const version = (before?.version ?? 0) + (isNews || !before ? 1 : 0);
          const reading = version === before?.version ? before : { available, onSale };
          const row: DishRow = { dishId, storeId: "s", supplied: reading.available, available: reading.available, frozen: 0, sold: 0, onSale: reading.onSale, version };
          const askedAtMs = clock.monotonicMs();
          gate.learn(row, isAsked ? askedAtMs : null);
          model.set(dishId, { ...reading, admitted: before?.admitted ?? 0, version, askedAtMs: isAsked ? askedAtMs : (before?.askedAtMs ?? Number.NEGATIVE_INFINITY) });
        };
        for (const what of steps) {
          if (what.kind === "wait") await clock.advance(what.ms);
          else if (what.kind === "distrust") {
            gate.distrust();
            for (const cell of model.values()) cell.askedAtMs = Number.NEGATIVE_INFINITY;
          } else if (what.kind === "hearsay") learn(what.dishId, what.available, what.onSale, true, false);
          else if (what.kind === "asked") learn(what.dishId, what.available, what.onSale, what.isNews, true);
          else if (what.kind === "end") {
            const lines = admitted.splice(what.nth % Math.max(1, admitted.length), 1)[0];
            if (!lines) continue;
            gate.giveBack(lines);
            for (const { dishId, quantity } of lines) model.get(dishId)!.admitted -= quantity;
          } else {
            const verdict = gate.admit("s", what.lines);
            const cells = what.lines.map((line) => ({ ...line, cell: model.get(line.dishId) }));
            const fits = cells.every(({ cell, quantity }) => cell?.onSale && cell.available - cell.admitted >= quantity);
            expect(verdict.kind === "admitted").toBe(fits);
            if (verdict.kind === "admitted") {
              admitted.push(what.lines);
              for (const { cell, quantity } of cells) cell!.admitted += quantity;
            }
            if (verdict.kind === "refused") {
              const isReason = ({ cell, quantity }: (typeof cells)[number]): boolean => cell !== undefined && (!cell.onSale || cell.available < quantity) && cell.askedAtMs > clock.monotonicMs() - REFUSAL_AGE_MS_MAX;
              expect(cells.some(isReason), "a no without a lease").toBe(true);
            }
            if (verdict.kind === "promised") expect(cells.every(({ cell, quantity }) => cell?.onSale && cell.available >= quantity)).toBe(true);
          }
          expect(gate.admittedTotal()).toBe([...model.values()].reduce((sum, cell) => sum + cell.admitted, 0));
        }
        for (const lines of admitted) gate.giveBack(lines);
        expect(gate.admittedTotal()).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});
