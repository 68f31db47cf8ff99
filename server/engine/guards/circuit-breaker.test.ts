import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../simulation/virtual-clock.ts";
import { CircuitBreaker, FAILURES_TO_OPEN, OPEN_MS } from "./circuit-breaker.ts";

const fail = () => Promise.reject(new Error("down"));
const answer = () => Promise.resolve("up");

async function opened(clock: VirtualClock): Promise<CircuitBreaker> {
  const breaker = new CircuitBreaker(clock);
  for (let i = 0; i < FAILURES_TO_OPEN; i++) await breaker.call(fail).catch(() => {});
  return breaker;
}

describe("a circuit breaker", () => {
  test("opens after three failures in a row, not after three in all", async () => {
    const breaker = new CircuitBreaker(new VirtualClock());
    for (const action of [fail, fail, answer, fail, fail]) await breaker.call<unknown>(action).catch(() => {});
    expect(breaker.state).toBe("closed");
    await breaker.call(fail).catch(() => {});
    expect(breaker.state).toBe("open");
    expect(breaker.allows()).toBe(false);
  });

  test("lets one probe through after its rest, and closes when that succeeds", async () => {
    const clock = new VirtualClock();
    const breaker = await opened(clock);
    await clock.advance(OPEN_MS);
    expect(breaker.allows()).toBe(true);
    expect(breaker.allows()).toBe(false);
    await breaker.call(answer);
    expect(breaker.state).toBe("closed");
  });

  test("a failed probe opens it for another rest", async () => {
    const clock = new VirtualClock();
    const breaker = await opened(clock);
    await clock.advance(OPEN_MS);
    breaker.allows();
    await breaker.call(fail).catch(() => {});
    expect(breaker.allows()).toBe(false);
    await clock.advance(OPEN_MS);
    expect(breaker.allows()).toBe(true);
  });

  test("an answer that says no is a success", async () => {
    const breaker = new CircuitBreaker(new VirtualClock(), (error) => (error as Error).message === "down");
    for (let i = 0; i < 10; i++) await breaker.call(() => Promise.reject(new Error("sold out"))).catch(() => {});
    expect(breaker.state).toBe("closed");
  });

  test("whatever happens, it is open exactly after three failures in a row and until a probe succeeds", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(fc.constant("fail"), fc.constant("answer"), fc.constant("rest")), { maxLength: 40 }), async (steps) => {
        const clock = new VirtualClock();
        const breaker = new CircuitBreaker(clock);
        let failures = 0;
        let rested = true;
        for (const step of steps) {
          if (step === "rest") {
            await clock.advance(OPEN_MS);
            rested = true;
            continue;
          }
          const mayCall = failures < FAILURES_TO_OPEN || rested;
          expect(breaker.allows()).toBe(mayCall);
          if (!mayCall) continue;
          await breaker.call<unknown>(step === "fail" ? fail : answer).catch(() => {});
          failures = step === "fail" ? failures + 1 : 0;
          rested = false;
        }
      }),
    );
  });
});
