/** The breaker with calls that overlap and end in any order. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../simulation/virtual-clock.ts";
import { CircuitBreaker, FAILURES_TO_OPEN, OPEN_MS } from "./circuit-breaker.ts";

describe("a circuit breaker, with calls that overlap", () => {
  test("lets one probe at a time through, rests after every failure while open, and always finds its way back", async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant("call" as const), fails: fc.boolean() }) },
      { weight: 4, arbitrary: fc.constant({ kind: "end" as const }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(2 * OPEN_MS) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(step, { maxLength: 60 }), async (scheduler, steps) => {
        const clock = new VirtualClock();
        const breaker = new CircuitBreaker(clock);
        const calls: Promise<unknown>[] = [];
        let probing = 0;
        let openedAtMs = Number.NEGATIVE_INFINITY;
        for (const what of steps) {
          const before = breaker.state;
          if (what.kind === "wait") await clock.advance(what.ms);
          else if (what.kind === "end") {
            if (scheduler.count() > 0) await scheduler.waitOne();
            if (breaker.state === "open" && before !== "open") openedAtMs = clock.monotonicMs();
          } else if (breaker.allows()) {
            const isProbe = breaker.state === "halfOpen";
            if (before === "open") expect(clock.monotonicMs() - openedAtMs).toBeGreaterThanOrEqual(OPEN_MS);
            if (isProbe) expect(++probing, "two probes at once").toBe(1);
            calls.push(
              breaker
                .call(async () => {
                  await scheduler.schedule(Promise.resolve());
                  if (isProbe) probing--;
                  if (what.fails) throw new Error("down");
                })
                .catch(() => {}),
            );
          } else expect(before).not.toBe("closed");
        }
        await scheduler.waitAll();
        await Promise.all(calls);
        // Whatever it was through: a rest and one success close it.
        await clock.advance(OPEN_MS);
        expect(breaker.allows()).toBe(true);
        await breaker.call(async () => {});
        expect(breaker.state).toBe("closed");
        for (let failures = 1; failures < FAILURES_TO_OPEN; failures++) await breaker.call(() => Promise.reject(new Error("down"))).catch(() => {});
        expect(breaker.state).toBe("closed");
      }),
      { numRuns: 200 },
    );
  });
});
