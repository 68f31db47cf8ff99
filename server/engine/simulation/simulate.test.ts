import { describe, expect, test } from "vitest";
import { simulate } from "./simulate.ts";
import { World } from "./world.ts";

const CALL = { timeoutMs: 800, traceId: "0".repeat(32) };
const basket = (txId: string, quantity: number) => ({ txId, storeId: "s", lines: [{ dishId: "d", quantity }], orderId: txId, couponId: null, ttlSeconds: 30 });

async function worldWith(supplied: number): Promise<World> {
  const world = new World(1);
  const dish = { dishId: "d", storeId: "s", names: { en: "d", "zh-CN": "d" }, priceCents: 1, supplied, actor: "test", actionKey: "make d" };
  await world.clock.run(world.ledger.createDish(dish));
  return world;
}

describe("the engine under simulation", () => {
  test("a sold-out mark does not stick: stock that comes back elsewhere sells here", async () => {
    const world = await worldWith(1);
    const here = world.start().engine;
    const there = world.start().engine;
    await world.clock.run(there.try(basket("first", 1), CALL));
    await expect(world.clock.run(here.try(basket("second", 1), CALL))).rejects.toMatchObject({ code: "SOLD_OUT" });
    // The feed loses every entry, so `here` hears nothing of the cancel.
    world.faults = { ...world.faults, feed: { ...world.faults.feed, requestLost: 1 } };
    await world.clock.run(there.cancel("first", CALL));
    await world.clock.advance(501); // the lease on the no ends
    await expect(world.clock.run(here.try(basket("third", 1), CALL))).resolves.toMatchObject({ state: "RESERVED" });
  });

  test("the death of an instance between commit and settle loses nothing and blocks nothing", async () => {
    const world = await worldWith(2);
    const dying = world.start();
    await world.clock.run(dying.engine.try(basket("warm", 2), CALL)); // so that the next call to the ledger is a batch
    await world.clock.run(dying.engine.cancel("warm", CALL));
    world.faults = { ...world.faults, ledger: { ...world.faults.ledger, diesBeforeAnswer: 1 } };
    void dying.engine.try(basket("orphan", 1), CALL).catch(() => {});
    await world.clock.advance(1_000);
    expect(dying.life.alive).toBe(false);
    world.faults = { ...world.faults, ledger: { ...world.faults.ledger, diesBeforeAnswer: 0 } };
    const heir = world.start().engine;
    // Asked again, the orphan is a replay; the other portion still sells, the third does not exist.
    await expect(world.clock.run(heir.try(basket("orphan", 1), CALL))).resolves.toMatchObject({ state: "RESERVED", replayed: true });
    await expect(world.clock.run(heir.try(basket("next", 1), CALL))).resolves.toMatchObject({ replayed: false });
    await expect(world.clock.run(heir.try(basket("last", 1), CALL))).rejects.toMatchObject({ code: "SOLD_OUT" });
  });

  test("instances know each other, and a death is noticed within ten seconds", async () => {
    const world = await worldWith(1);
    const watcher = world.start();
    const dying = world.start();
    await world.clock.advance(5_000);
    expect(watcher.engine.instances().map(({ instance, alive }) => [instance, alive])).toEqual([[watcher.name, true], [dying.name, true]]);
    dying.life.end();
    await world.clock.advance(10_000);
    expect(watcher.engine.instances().map(({ instance, alive }) => [instance, alive])).toEqual([[watcher.name, true], [dying.name, false]]);
  });

  test("the same seed plays the same run twice, event by event; another seed plays another", async () => {
    const first = await simulate(7, { operations: 150, keepLog: true });
    const second = await simulate(7, { operations: 150, keepLog: true });
    expect(second.log).toEqual(first.log);
    expect(second.digest).toBe(first.digest);
    expect((await simulate(8, { operations: 150 })).digest).not.toBe(first.digest);
  });

  test("ten seeds of customers, operators and faults break no promise", async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const report = await simulate(seed);
      expect(report.violations, `seed ${seed}`).toEqual([]);
      expect(report.counts.accepted).toBeGreaterThan(0);
    }
  });
});
