import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../simulation/virtual-clock.ts";
import { ContentionProfile } from "./contention-profile.ts";
import { DishLocks, type Flight, type Lockable, type Waiting } from "./dish-locks.ts";
import { HOLD_SUSPECT_MS, LockLog, STARVED_MS } from "./lock-log.ts";

const op = (dishIds: string[]): Lockable => ({ lane: "try", sharedKeys: dishIds, exclusiveKeys: [], weight: 1, dishIds });

/** Locks whose batches fly until the test lands them, oldest first. */
function lab() {
  const clock = new VirtualClock();
  const landings: (() => void)[] = [];
  const fly = () => new Promise<void>((resolve) => void landings.push(resolve));
  const locks = new DishLocks<Lockable>(clock, fly, () => {}, new ContentionProfile(clock));
  const land = async () => {
    landings.shift()?.();
    await clock.advance(0);
  };
  const enter = async (...dishIds: string[]) => {
    const place = locks.enter(op(dishIds)) as Waiting<Lockable>;
    await clock.advance(0);
    return place;
  };
  return { clock, locks, log: locks.log, land, enter };
}

describe("a batch that holds its dishes too long", () => {
  test("is an event while it holds, which ends with the time that it took", async () => {
    const { clock, log, enter, land } = lab();
    await enter("noodles", "rice");
    await clock.advance(HOLD_SUSPECT_MS - 1);
    expect(log.events()).toEqual([]);
    await clock.advance(501);
    const startedAtMs = clock.nowMs() - 500;
    const event = { number: 1, kind: "HELD_TOO_LONG", atMs: startedAtMs, dishIds: ["noodles", "rice"], batch: 1, lane: 1, operations: 1 };
    expect(log.events()).toEqual([{ ...event, untilMs: startedAtMs, over: false, ms: HOLD_SUSPECT_MS + 500 }]);
    await land();
    await clock.advance(60_000);
    expect(log.events()).toEqual([{ ...event, untilMs: startedAtMs + 500, over: true, ms: HOLD_SUSPECT_MS + 500 }]);
  });

  test("one that lands in time is none", async () => {
    const { clock, log, enter, land } = lab();
    await enter("noodles");
    await clock.advance(HOLD_SUSPECT_MS - 1);
    await land();
    await clock.advance(HOLD_SUSPECT_MS);
    expect(log.events()).toEqual([]);
  });
});

describe("waiters", () => {
  test("who run out of time are one event per dish, counted, under the dish that was in their way", async () => {
    const { clock, locks, log, enter } = lab();
    const events = () => log.events().filter(({ kind }) => kind === "PAST_DEADLINE");
    await enter("noodles");
    const waiting = [await enter("rice", "noodles"), await enter("noodles")];
    await clock.advance(300);
    for (const each of waiting) expect(locks.withdraw(each)).toBe(true);
    expect(events()).toMatchObject([{ dishIds: ["noodles"], operations: 2, ms: 300, over: false }]);
    await clock.advance(5_001);
    expect(events()).toMatchObject([{ over: true }]);
    const late = await enter("noodles");
    locks.withdraw(late);
    expect(events()).toMatchObject([{ operations: 2 }, { operations: 1, ms: 0 }]);
  });

  test("who leave after the whole service stage have starved; who leave before have not", async () => {
    const { clock, log, enter, land } = lab();
    await enter("noodles");
    await enter("noodles");
    await clock.advance(STARVED_MS);
    await land();
    expect(log.events()).toEqual([]);
    await enter("noodles");
    await clock.advance(STARVED_MS + 1);
    await land();
    expect(log.events()).toMatchObject([{ kind: "STARVED", dishIds: ["noodles"], operations: 1, ms: STARVED_MS + 1 }]);
  });

  test("of a thousand dishes leave a bounded list, the newest of them", async () => {
    const { clock, locks, log } = lab();
    for (let n = 0; n < 1_000; n++) {
      locks.withdraw(locks.enter(op([`dish ${n}`])) as Waiting<Lockable>);
    }
    await clock.advance(0);
    expect(log.events().length).toBeLessThan(100);
    expect(log.events().at(-1)).toMatchObject({ number: 1_000, dishIds: ["dish 999"] });
  });
});

describe("who woke whom", () => {
  test("is known by the dish that one batch gave back and the next one took", async () => {
    const { clock, log, enter, land } = lab();
    await enter("noodles", "rice");
    await enter("noodles");
    await clock.advance(10);
    await enter("noodles");
    await clock.advance(20);
    await land();
    expect(log.handovers()).toEqual([{ atMs: clock.nowMs(), dishId: "noodles", from: 1, to: 2, lane: 1, woken: 2, waitMsMax: 30 }]);
  });

  test("those who came after it landed were woken by nobody", async () => {
    const { log, enter, land } = lab();
    await enter("noodles");
    await land();
    await enter("noodles");
    expect(log.handovers()).toEqual([]);
  });

  test("nor are they counted among the woken when they leave with those who had waited", async () => {
    const clock = new VirtualClock();
    const log = new LockLog(clock);
    const flight = (number: number, startedAtMs: number): Flight => ({ number, lane: 1, startedAtMs, operations: 1, dishIds: new Set(["noodles"]), wokenBy: null });
    const released = log.held(flight(1, 0));
    await clock.advance(10);
    released();
    await clock.advance(10);
    const [before, after] = [{ op: op(["noodles"]), sinceMs: 5 }, { op: op(["noodles"]), sinceMs: 15 }];
    expect(log.left(flight(2, 20), [before, after])).toMatchObject({ from: 1, to: 2, woken: 1, waitMsMax: 15 });
    expect(log.left(flight(3, 20), [after])).toBe(null);
  });
});
