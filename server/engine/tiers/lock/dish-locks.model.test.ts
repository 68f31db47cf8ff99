/** DishLocks against its rules, whatever the order in which batches land: fast-check decides it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Clock } from "../../kernel/clock.ts";
import { ContentionProfile } from "./contention-profile.ts";
import { BATCH_LINES_MAX, BATCH_OPERATIONS_MAX, BATCHES_IN_FLIGHT_MAX, DishLocks, type Lockable, type Waiting } from "./dish-locks.ts";

interface ModelOp extends Lockable {
  arrival: number;
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("enter" as const), lane: fc.constantFrom("move" as const, "try" as const), dishes: fc.subarray(["a", "b", "c", "d"], { minLength: 1 }), tx: fc.nat(12), early: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("withdraw" as const), nth: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(40) }) },
);

const keysOf = (op: ModelOp): string[] => [...op.sharedKeys, ...op.exclusiveKeys];

describe("dish locks, however batches end", () => {
  test("no two batches in flight share a key, everybody leaves once, and nobody is overtaken by who wants the same and more", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(step, { maxLength: 60 }), async (scheduler, steps) => {
        let nowMs = 0;
        const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, schedule: () => ({ cancel: () => {} }), soon: (task) => void scheduler.schedule(Promise.resolve(), "soon").then(task) };
        const flying = new Set<ModelOp[]>();
        const left = new Map<ModelOp, number>();
        const waiting: ModelOp[] = [];
        const entered: Waiting<ModelOp>[] = [];
        const withdrawn = new Set<ModelOp>();
        let batches = 0;
        let broken: unknown = null;

        const run = async (batch: ModelOp[], _flight: unknown, release: () => void): Promise<void> => {
          batches++;
          expect(batch.length).toBeLessThanOrEqual(BATCH_OPERATIONS_MAX);
          expect(batch.reduce((sum, { weight }) => sum + weight, 0)).toBeLessThanOrEqual(BATCH_LINES_MAX);
          const exclusive = batch.flatMap((op) => op.exclusiveKeys);
          expect(new Set(exclusive).size).toBe(exclusive.length);
          for (const op of batch) {
            expect(left.has(op) || withdrawn.has(op)).toBe(false);
            left.set(op, batches);
            waiting.splice(waiting.indexOf(op), 1);
          }
          for (const op of batch) {
            for (const other of waiting) {
              // `other` could have left whenever `op` could: it wants nothing that `op` does not want.
              const wantsNoMore = keysOf(other).every((key) => keysOf(op).includes(key));
              expect(other.arrival < op.arrival && other.lane === op.lane && wantsNoMore, "somebody was overtaken").toBe(false);
            }
          }
          const held = new Set(batch.flatMap(keysOf));
          for (const others of flying) for (const op of others) expect(keysOf(op).some((key) => held.has(key)), "a key is in two batches").toBe(false);
          flying.add(batch);
          expect(flying.size).toBeLessThanOrEqual(BATCHES_IN_FLIGHT_MAX);
          await scheduler.schedule(Promise.resolve(), `batch ${batches} is decided`);
          flying.delete(batch);
          release();
          await scheduler.schedule(Promise.resolve(), `batch ${batches} is answered`);
        };
        const locks = new DishLocks<ModelOp>(clock, run, (_batch, error) => void (broken ??= error), new ContentionProfile(clock));

        for (const what of steps) {
          if (what.kind === "wait") nowMs += what.ms;
          else if (what.kind === "withdraw") {
            const place = entered[what.nth];
            if (!place) continue;
            const { op } = place;
            const stillWaits = waiting.includes(op);
            expect(locks.withdraw(place)).toBe(stillWaits);
            if (!stillWaits) continue;
            withdrawn.add(op);
            waiting.splice(waiting.indexOf(op), 1);
          } else {
            const op: ModelOp = { arrival: entered.length, lane: what.lane, sharedKeys: what.dishes, exclusiveKeys: [`tx ${what.tx}`], weight: what.dishes.length, dishIds: what.dishes };
            waiting.push(op);
            const place = locks.enter(op);
            if (!place) throw new Error("the queue is not full");
            entered.push(place);
            if (what.early && scheduler.count() > 0) await scheduler.waitOne();
          }
        }
        const idle = locks.idle();
        await scheduler.waitFor(idle);
        if (broken) throw broken;
        expect(waiting).toEqual([]);
        expect(entered.every(({ op }) => left.has(op) !== withdrawn.has(op))).toBe(true);
        expect(locks.waiting + locks.inFlight).toBe(0);
      }),
      { numRuns: 150 },
    );
  });
});
