import { describe, expect, test } from "vitest";
import type { Conservation, DishPageDelta, DishWaits, OpenReservations, StockEvent } from "../contracts/dish-page.ts";
import { VirtualClock } from "../engine/simulation/virtual-clock.ts";
import { LiveBoard } from "./board.ts";
import type { DishPageReads } from "./dish-pages.ts";
import { fakeEngine, fakeReads, menuEntry } from "./testing.ts";

const EVENT: StockEvent = { id: "m1", atMs: 1, kind: "SUPPLY", quantity: 100, reason: null, by: { kind: "key", name: "orders" } };
const OPEN: OpenReservations = { rows: [], count: 0, portions: 0 };
const WAITS: DishWaits = { seconds: 10, waits: 0, waitMsMean: 0, waitMsMax: 0, blameMs: 0, holds: 0, holdMsMean: 0, waiting: 0, longestWaitMs: 0, heldMs: null };
const conservationOf = (available: number): Conservation => ({
  atMs: 0,
  row: { supplied: 100, available, frozen: 0, sold: 100 - available, version: 1, onSale: true },
  reservations: { frozen: 0, sold: 100 - available },
  movements: { supplied: 100 },
  memory: { instance: "i", cell: null },
  redis: { state: "away" },
});

async function boardWith(takesMs = 0) {
  const clock = new VirtualClock();
  const engine = fakeEngine();
  const read = { count: 0, events: [EVENT], fail: false };
  const dishReads: DishPageReads = {
    async stock() {
      read.count += 1;
      if (takesMs > 0) await new Promise<void>((done) => clock.schedule(takesMs, done));
      if (read.fail) throw new Error("no database");
      return { conservation: conservationOf(100), open: OPEN };
    },
    events: async () => read.events,
    waits: () => WAITS,
  };
  const errors: unknown[] = [];
  const reads = fakeReads([menuEntry({ dishId: "a" })], () => clock.nowMs());
  const board = new LiveBoard({ engine, reads, dishReads, clock, onError: (error) => errors.push(error) });
  await board.start();
  const page = await board.dishPages.open("a");
  if (page === null) throw new Error("no page");
  const heard: DishPageDelta[] = [];
  const listen = () => page.room.listen((delta) => heard.push(delta));
  const change = (sold: number) => engine.say({ instance: "i", atMs: clock.nowMs(), dishes: [menuEntry({ dishId: "a", available: 100 - sold, sold, version: 1 + sold }).row], transactions: [] });
  return { board, reads, clock, page, heard, listen, change, read, errors };
}

describe("a dish's room", () => {
  test("says the figures of each change, at most four times a second, and not a word of other dishes", async () => {
    const { clock, heard, listen, change } = await boardWith();
    listen();
    for (let sold = 1; sold <= 40; sold += 1) {
      change(sold);
      await clock.advance(25);
    }
    const ticks = heard.filter(({ tick }) => tick !== undefined);
    expect(ticks.length).toBeGreaterThanOrEqual(4);
    expect(ticks.length).toBeLessThanOrEqual(5);
    await clock.advance(250);
    expect(heard.filter(({ tick }) => tick).at(-1)?.tick?.slice(0, 6)).toEqual(["a", 41, 100, 60, 0, 40]);
  });

  test("reads once a second while somebody looks, and nothing when nobody does", async () => {
    const { clock, listen, read } = await boardWith();
    await clock.advance(5_000);
    expect(read.count).toBe(0);
    const leave = listen();
    await clock.advance(10_000);
    expect(read.count).toBeGreaterThanOrEqual(9);
    expect(read.count).toBeLessThanOrEqual(11);
    leave();
    const before = read.count;
    await clock.advance(10_000);
    expect(read.count).toBe(before);
  });

  test("a slow read rests twenty times its length", async () => {
    const { clock, listen, read } = await boardWith(400);
    listen();
    await clock.advance(30_000);
    expect(read.count).toBeGreaterThanOrEqual(3);
    expect(read.count).toBeLessThanOrEqual(5);
  });

  test("says a part again only when it differs", async () => {
    const { clock, heard, listen, read } = await boardWith();
    listen();
    await clock.advance(5_000);
    const told = () => heard.filter(({ events }) => events !== undefined).length;
    expect(told()).toBeLessThanOrEqual(1);
    const before = told();
    read.events = [{ ...EVENT, id: "m2" }, EVENT];
    await clock.advance(2_000);
    expect(told()).toBe(before + 1);
  });

  test("an outage is reported once, the figures go on, and what was read before stays", async () => {
    const { clock, page, heard, listen, change, read, errors } = await boardWith();
    await page.fresh();
    listen();
    read.fail = true;
    await clock.advance(5_000);
    change(3);
    await clock.advance(500);
    expect(errors).toHaveLength(1);
    expect(heard.at(-1)?.tick?.[3]).toBe(97);
    expect(page.room.snapshot().conservation).toBeDefined();
  });

  test("draws what happened before somebody looked", async () => {
    const { clock, page, change } = await boardWith();
    await clock.advance(10_000);
    change(30);
    await clock.advance(10_000);
    const { history } = page.snapshot();
    expect(history[0]?.slice(1)).toEqual([100, 0]);
    expect(history.at(-1)?.slice(1)).toEqual([70, 0]);
  });

  test("there is no page for a dish that does not exist, and a page nobody watches is forgotten", async () => {
    const { board, clock, page } = await boardWith();
    expect(await board.dishPages.open("nowhere")).toBeNull();
    await clock.advance(40_000);
    expect(await board.dishPages.open("a")).not.toBe(page);
  });

  test("two dishes that are new are each found by who opens them at one moment", async () => {
    const { board, reads } = await boardWith();
    reads.entries.push(menuEntry({ dishId: "b" }), menuEntry({ dishId: "c" }));
    const opened = await Promise.all(["b", "c"].map((dishId) => board.dishPages.open(dishId)));
    expect(opened.map((page) => page?.snapshot().dish.tick[0])).toEqual(["b", "c"]);
  });

  test("that a dish does not exist is not said when nobody could look; one that is known has its page", async () => {
    const { board, reads, page } = await boardWith();
    reads.fail = true;
    await expect(board.dishPages.open("nowhere")).rejects.toThrow("cannot be read");
    expect(await board.dishPages.open("a")).toBe(page);
    reads.fail = false;
    expect(await board.dishPages.open("nowhere")).toBeNull();
  });
});
