/** The limiter against the promise that it makes: so many a second, and who waits as long as it was told gets through. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../engine/simulation/virtual-clock.ts";
import { TransactionRate } from "./rate-limit.ts";

describe("the rate of one key, whatever is asked and when", () => {
  const asks = fc.array(fc.record({ afterMs: fc.nat(400), count: fc.integer({ min: 1, max: 30 }), key: fc.constantFrom("a", "b") }), { maxLength: 60 });

  test("in no stretch of time is more granted than its seconds allow, one bucket and one overdraft besides", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 20 }), asks, async (perSecond, plan) => {
        const clock = new VirtualClock({ closed: true });
        const rate = new TransactionRate(clock, perSecond);
        const granted: { atMs: number; count: number }[] = [];
        for (const { afterMs, count, key } of plan) {
          await clock.advance(afterMs);
          if (rate.take(key, count) === 0 && key === "a") granted.push({ atMs: clock.monotonicMs(), count });
        }
        granted.forEach((first, from) => {
          let sum = 0;
          for (const { atMs, count } of granted.slice(from)) {
            // What a batch overdraws is paid back before the next is granted.
            expect(sum).toBeLessThanOrEqual(perSecond + ((atMs - first.atMs) / 1_000) * perSecond + 1e-6);
            sum += count;
          }
        });
      }),
    );
  });

  test("who waits as long as it was told, alone, is let through", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 20 }), asks, async (perSecond, plan) => {
        const clock = new VirtualClock({ closed: true });
        const rate = new TransactionRate(clock, perSecond);
        for (const { afterMs, count } of plan) {
          await clock.advance(afterMs);
          const waitMs = rate.take("a", count);
          expect(waitMs).toBeGreaterThanOrEqual(0);
          if (waitMs === 0) continue;
          await clock.advance(waitMs + 1e-6);
          expect(rate.take("a", count)).toBe(0);
        }
      }),
    );
  });
});
