/** Waits that end in time, too late, in any order, and of which only one list is kept. */
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { VirtualClock } from "../simulation/virtual-clock.ts";
import { Deadline } from "./deadline.ts";
import { DeadlineWatch } from "./deadline-watch.ts";

/** A wait may end a tick of 8 ms after its deadline. */
const LATE_MS_MAX = 8;

interface Asked {
  beginsAtMs: number;
  timeoutMs: number;
  /** Null: nobody ever answers. */
  answerMs: number | null;
  fails: boolean;
}

const asked = fc.record({ beginsAtMs: fc.integer({ min: 0, max: 50 }), timeoutMs: fc.integer({ min: 1, max: 60 }), answerMs: fc.option(fc.integer({ min: 0, max: 90 })), fails: fc.boolean() });

test("each wait ends as its answer does, or as late, whatever ends before, between and after it", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(asked, { maxLength: 30 }), async (waits: Asked[]) => {
      const clock = new VirtualClock();
      const watch = new DeadlineWatch(clock);
      const ends = waits.map(async ({ beginsAtMs, timeoutMs, answerMs, fails }, number) => {
        await new Promise<void>((begin) => void clock.schedule(beginsAtMs, begin));
        const answer = new Promise<string>((resolve, reject) => {
          if (answerMs !== null) clock.schedule(answerMs, () => (fails ? reject(new Error(`failed ${number}`)) : resolve(`answer ${number}`)));
        });
        const end = await watch.race(answer, Deadline.after(clock, timeoutMs), () => new Error(`late ${number}`)).catch((error: Error) => error.message);
        return { end, atMs: clock.monotonicMs() - beginsAtMs };
      });
      await clock.advance(200);
      for (const [number, { end, atMs }] of (await Promise.all(ends)).entries()) {
        const { timeoutMs, answerMs, fails } = waits[number] as Asked;
        const inTime = `${fails ? "failed" : "answer"} ${number}`;
        if (answerMs !== null && answerMs < timeoutMs) expect([end, atMs]).toEqual([inTime, answerMs]);
        else if (answerMs !== null && answerMs <= timeoutMs + LATE_MS_MAX) expect([inTime, `late ${number}`]).toContain(end);
        else expect(end).toBe(`late ${number}`);
        expect(atMs).toBeLessThanOrEqual(timeoutMs + LATE_MS_MAX);
      }
      // Nobody is forgotten in the list: it would be looked through for ever.
      const ticks = vi.spyOn(clock, "schedule");
      await clock.advance(100);
      expect(ticks).not.toHaveBeenCalled();
    }),
    { numRuns: 200 },
  );
});

test("those that run out together are told in the order in which they came", async () => {
  const clock = new VirtualClock();
  const watch = new DeadlineWatch(clock);
  const told: number[] = [];
  const never = new Promise<never>(() => {});
  const ends = [0, 1, 2, 3].map((number) => watch.race(number === 2 ? Promise.resolve() : never, Deadline.after(clock, 20 - number), () => new Error("late")).catch(() => told.push(number)));
  await clock.advance(40);
  await Promise.all(ends);
  expect(told).toEqual([0, 1, 3]);
});
