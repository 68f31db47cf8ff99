import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../simulation/virtual-clock.ts";
import { ContentionProfile } from "./contention-profile.ts";
import { BATCH_OPERATIONS_MAX, BATCHES_IN_FLIGHT_MAX, DishLocks, type Lockable, MOVES_SHARE, PASSED_OVER_MS_MAX, WAITING_MAX } from "./dish-locks.ts";
import { HOLD_SUSPECT_MS } from "./lock-log.ts";

interface TestOp extends Lockable {
  name: string;
}

const op = (name: string, dishes: string[], extra: Partial<TestOp> = {}): TestOp => ({
  name,
  lane: "try",
  sharedKeys: dishes,
  exclusiveKeys: [],
  weight: dishes.length,
  dishIds: dishes,
  ...extra,
});

/** Locks whose batches fly until the test lands them. */
function lab() {
  const clock = new VirtualClock();
  const flying: { names: string[]; release(): void; land(): void; crash(): void }[] = [];
  const abandoned: string[] = [];
  const profile = new ContentionProfile(clock);
  profile.sampleEvery = 1;
  const locks = new DishLocks<TestOp>(
    clock,
    (batch, _flight, release) =>
      new Promise((resolve, reject) => {
        flying.push({ names: batch.map(({ name }) => name), release, land: resolve, crash: () => reject(new Error("crash")) });
      }),
    (batch) => abandoned.push(...batch.map(({ name }) => name)),
    profile,
  );
  const settle = () => clock.advance(0);
  const land = async () => {
    flying.shift()?.land();
    await settle();
  };
  return { clock, locks, profile, flying, abandoned, settle, land, names: () => flying.map(({ names }) => names) };
}

describe("dish locks", () => {
  test("what arrives together for one dish leaves together, in order of arrival", async () => {
    const { locks, settle, names } = lab();
    for (const name of ["1", "2", "3"]) locks.enter(op(name, ["noodles"]));
    await settle();
    expect(names()).toEqual([["1", "2", "3"]]);
  });

  test("while a dish is in flight, those who come for it wait and leave together", async () => {
    const { locks, settle, land, names } = lab();
    locks.enter(op("1", ["noodles"]));
    await settle();
    locks.enter(op("2", ["noodles"]));
    locks.enter(op("3", ["noodles"]));
    await settle();
    expect(names()).toEqual([["1"]]);
    await land();
    expect(names()).toEqual([["2", "3"]]);
  });

  test("a batch that is decided lets the next one leave before its own callers are answered", async () => {
    const { locks, flying, settle, names } = lab();
    locks.enter(op("1", ["noodles"]));
    await settle();
    locks.enter(op("2", ["noodles"]));
    flying[0]?.release();
    expect(names()).toEqual([["1"], ["2"]]);
    let idle = false;
    void locks.idle().then(() => (idle = true));
    flying[1]?.land();
    await settle();
    expect(idle).toBe(false); // the first batch's callers still wait
    flying[0]?.land();
    await settle();
    expect(idle).toBe(true);
  });

  test("batches in flight never share a dish", async () => {
    const { locks, settle, names } = lab();
    locks.enter(op("1", ["noodles", "rice"]));
    await settle();
    locks.enter(op("2", ["rice"]));
    locks.enter(op("3", ["soup"]));
    await settle();
    expect(names()).toEqual([["1"], ["3"]]);
  });

  test("a batch passes over a blocked basket", async () => {
    const { locks, settle, names } = lab();
    locks.enter(op("1", ["noodles"]));
    await settle();
    locks.enter(op("blocked", ["noodles", "rice"]));
    locks.enter(op("free", ["rice"]));
    await settle();
    expect(names()).toEqual([["1"], ["free"]]);
  });

  test("a basket passed over for too long closes its dishes to those behind it, so it cannot starve", async () => {
    const { clock, locks, settle, land, names } = lab();
    locks.enter(op("1", ["noodles"]));
    await settle();
    locks.enter(op("large", ["noodles", "rice"]));
    locks.enter(op("rice 1", ["rice"]));
    await settle();
    await clock.advance(PASSED_OVER_MS_MAX + 1);
    locks.enter(op("rice 2", ["rice"]));
    await land(); // noodles are free, rice still flies: "large" must wait, and "rice 2" behind it
    locks.enter(op("rice 3", ["rice"]));
    expect(names()).toEqual([["rice 1"]]);
    await land();
    expect(names()).toEqual([["large", "rice 2", "rice 3"]]);
  });

  test("one order is in a batch at most once", async () => {
    const { locks, settle, land, names } = lab();
    locks.enter(op("1", ["noodles"], { exclusiveKeys: ["order 7"] }));
    locks.enter(op("2", ["noodles"], { exclusiveKeys: ["order 7"] }));
    await settle();
    expect(names()).toEqual([["1"]]);
    await land();
    expect(names()).toEqual([["2"]]);
  });

  test("moves have their share however many Trys wait", async () => {
    const { locks, settle, land, names } = lab();
    locks.enter(op("first", ["noodles"]));
    await settle();
    for (let i = 0; i < 2 * BATCH_OPERATIONS_MAX; i++) locks.enter(op("try", ["noodles"]));
    for (let i = 0; i < BATCH_OPERATIONS_MAX; i++) locks.enter(op("move", ["noodles"], { lane: "move" }));
    await land();
    const batch = names()[0] ?? [];
    expect(batch.length).toBe(BATCH_OPERATIONS_MAX);
    expect(batch.filter((name) => name === "move").length).toBe(MOVES_SHARE);
  });

  test("a batch that crashed is answered, and its locks are free again", async () => {
    const { locks, settle, flying, abandoned, names } = lab();
    locks.enter(op("1", ["noodles"]));
    await settle();
    locks.enter(op("2", ["noodles"]));
    flying.shift()?.crash();
    await settle();
    expect(abandoned).toEqual(["1"]);
    expect(names()).toEqual([["2"]]);
  });

  test("who withdraws in time never runs; who left with a batch cannot withdraw", async () => {
    const { locks, settle, land, names } = lab();
    const first = locks.enter(op("1", ["noodles"]));
    await settle();
    const second = locks.enter(op("2", ["noodles"]));
    expect(locks.withdraw(first!)).toBe(false);
    expect(locks.withdraw(second!)).toBe(true);
    await land();
    expect(names()).toEqual([]);
    expect(locks.waiting).toBe(0);
  });

  test("no more batches fly than the bound", async () => {
    const { locks, settle, names } = lab();
    for (let i = 0; i < BATCHES_IN_FLIGHT_MAX + 2; i++) {
      locks.enter(op(`${i}`, [`dish ${i}`]));
      await settle();
    }
    expect(names().length).toBe(BATCHES_IN_FLIGHT_MAX);
  });

  test("the profile blames the holder's dish and pities all dishes of the waiter", async () => {
    const { clock, locks, profile, settle, land } = lab();
    locks.enter(op("holder", ["noodles"]));
    await settle();
    await clock.advance(10);
    locks.enter(op("waiter", ["noodles", "rice"]));
    await clock.advance(30);
    await land();
    const { dishes } = profile.window(60);
    expect(dishes.find(({ dishId }) => dishId === "noodles")).toMatchObject({ blameMs: 30, painMs: 30, holds: 1, holdMs: 40, waitMsMax: 30 });
    expect(dishes.find(({ dishId }) => dishId === "rice")).toMatchObject({ blameMs: 0, painMs: 30 });
  });

  test("wait chains name the dish, who holds it, and how many stand behind it for how long", async () => {
    const { clock, locks, settle } = lab();
    locks.enter(op("holder", ["noodles"]));
    await settle();
    locks.enter(op("1", ["noodles"], { exclusiveKeys: ["tx 1", "order 1"] }));
    locks.enter(op("2", ["noodles", "rice"], { exclusiveKeys: ["tx 2"], lane: "move" }));
    await clock.advance(20);
    const [first, second] = [{ key: "tx 1", lane: "try", waitedMs: 20 }, { key: "tx 2", lane: "move", waitedMs: 20 }];
    expect(locks.waitChains(10)).toEqual([
      { dishId: "noodles", heldMs: 20, lane: 1, batch: 1, operations: 1, waiting: 2, longestWaitMs: 20, queue: [first, second] },
      { dishId: "rice", heldMs: null, lane: null, batch: null, operations: null, waiting: 1, longestWaitMs: 20, queue: [second] },
    ]);
  });

  test("a batch that holds its dishes for too long is a suspect, and keeps them", async () => {
    const { clock, locks, settle, names } = lab();
    locks.enter(op("stuck", ["noodles"]));
    await settle();
    expect(locks.suspects()).toEqual([]);
    await clock.advance(HOLD_SUSPECT_MS + 1);
    expect(locks.suspects()).toMatchObject([{ lane: 1, operations: 1 }]);
    locks.enter(op("next", ["noodles"]));
    await settle();
    expect(names()).toEqual([["stuck"]]);
  });

  test("a million dishes once touched leave nothing behind", async () => {
    const clock = new VirtualClock({ closed: true });
    const profile = new ContentionProfile(clock);
    profile.sampleEvery = 1;
    const locks = new DishLocks<TestOp>(clock, async () => {}, () => {}, profile);
    for (let i = 0; i < 1_000_000; i += 1_000) {
      const dishes = Array.from({ length: 10 }, (_, j) => op("", Array.from({ length: 100 }, (_, k) => `dish ${i + 100 * j + k}`)));
      for (const basket of dishes) locks.enter(basket);
      await clock.run(locks.idle());
    }
    expect(locks.waiting).toBe(0);
    expect(JSON.stringify([...Object.values(locks)].map((value) => (value instanceof Map || value instanceof Set ? value.size : 0)))).not.toMatch(/[1-9]/);
    expect(profile.window(300).dishes.length).toBeLessThan(300);
  }, 30_000);

  test("a full queue turns Trys away and still takes moves", () => {
    const { locks } = lab();
    for (let i = 0; i < WAITING_MAX; i++) if (!locks.enter(op("try", ["noodles"]))) throw new Error(`no place for number ${i}`);
    expect(locks.enter(op("one more", ["noodles"]))).toBeNull();
    expect(locks.enter(op("move", ["noodles"], { lane: "move" }))).not.toBeNull();
  });
});
