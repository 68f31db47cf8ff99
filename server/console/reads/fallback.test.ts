/**
 * When reads of dishes fall back, when they must not, and what they then say. On a clock that is moved by hand.
 */
import { describe, expect, test } from "vitest";
import type { Dish, DishesQuery } from "../../contracts/dishes.ts";
import { REQUEST_TIMEOUT_MS_MAX } from "../../contracts/limits.ts";
import type { FeedEntry } from "../../engine/feed/live-feed.ts";
import { CircuitBreaker, FAILURES_TO_OPEN, OPEN_MS } from "../../engine/guards/circuit-breaker.ts";
import { Deadline } from "../../engine/kernel/deadline.ts";
import { VirtualClock } from "../../engine/simulation/virtual-clock.ts";
import type { ApiReadModels } from "./api-reads.ts";
import { DishSnapshots } from "./dish-snapshots.ts";
import { FALLBACK_MS_MAX, READ_MS_MAX, withFallback } from "./fallback.ts";

const dish = (dishId: string, more: Partial<Dish> = {}): Dish => ({
  dishId,
  storeId: "s1",
  names: { en: dishId, "zh-CN": dishId },
  priceCents: 100,
  supplied: 10,
  available: 10,
  frozen: 0,
  sold: 0,
  version: 1,
  onSale: true,
  stale: false,
  asOf: "2026-01-01T00:00:00.000Z",
  ...more,
});
const menu: DishesQuery = { limit: 100 };

/** A database that is up, down or silent, and reads in front of it. */
function lab(bounds?: { dishes: number; pages: number }) {
  const clock = new VirtualClock();
  const rows = new Map<string, Dish>();
  const database = { mode: "up" as "up" | "down" | "silent", delayMs: 1, asked: 0 };
  const ask = <T>(answer: () => T): Promise<T> => {
    database.asked++;
    if (database.mode === "down") return Promise.reject(new Error("no connection"));
    if (database.mode === "silent") return new Promise(() => {});
    const value = answer(); // as of now, whatever happens on the way back
    return new Promise((resolve) => void clock.schedule(database.delayMs, () => resolve(value)));
  };
  const listeners: ((entry: FeedEntry) => void)[] = [];
  const troubles: unknown[] = [];
  const snapshots = new DishSnapshots(clock, bounds);
  const breaker = new CircuitBreaker(clock);
  const plain = {
    dish: (dishId: string) => ask(() => rows.get(dishId) ?? null),
    dishes: (query: DishesQuery) => ask(() => ({ dishes: [...rows.values()].filter(({ storeId }) => !query.storeId || storeId === query.storeId), nextCursor: null })),
  } as unknown as ApiReadModels;
  const engine = { onEntry: (listener: { entry(entry: FeedEntry): void }) => (listeners.push(listener.entry), () => {}) };
  const reads = withFallback(plain, { clock, snapshots, breaker, engine, onTrouble: (error) => troubles.push(error) });
  return {
    clock,
    rows,
    database,
    breaker,
    reads,
    troubles,
    say: (atMs: number, ...dishes: FeedEntry["dishes"]) => listeners.forEach((entry) => entry({ instance: "i2", atMs, dishes, transactions: [] })),
    read: (dishId: string, timeoutMs = REQUEST_TIMEOUT_MS_MAX) => clock.run(reads.dish(dishId, Deadline.after(clock, timeoutMs))),
    list: (query = menu) => clock.run(reads.dishes(query, Deadline.after(clock, REQUEST_TIMEOUT_MS_MAX))),
  };
}

describe("a read of a dish", () => {
  test("while the database answers is fresh, and never from a snapshot", async () => {
    const { rows, read, reads } = lab();
    rows.set("noodles", dish("noodles"));
    await read("noodles");
    rows.set("noodles", dish("noodles", { available: 4, version: 2 }));
    expect(await read("noodles")).toMatchObject({ available: 4, stale: false });
    expect(await read("nowhere")).toBeNull();
    expect(reads.fallback.answered).toBe(0);
  });

  test("that fails is answered from the last snapshot: stale, and as of then", async () => {
    const { rows, database, read, reads, troubles } = lab();
    rows.set("noodles", dish("noodles", { available: 7, asOf: "2026-02-02T02:02:02.000Z" }));
    await read("noodles");
    database.mode = "down";
    expect(await read("noodles")).toEqual(dish("noodles", { available: 7, stale: true, asOf: "2026-02-02T02:02:02.000Z" }));
    expect([reads.fallback.answered, troubles.length]).toEqual([1, 1]);
  });

  test("of a dish that was never seen fails, and says nothing of whether it exists", async () => {
    const { database, read } = lab();
    database.mode = "down";
    await expect(read("noodles")).rejects.toThrow("no connection");
  });

  test("of a dish that the database no longer has is not answered from an old snapshot", async () => {
    const { rows, database, read } = lab();
    rows.set("noodles", dish("noodles"));
    await read("noodles");
    rows.delete("noodles");
    expect(await read("noodles")).toBeNull();
    database.mode = "down";
    await expect(read("noodles")).rejects.toThrow("no connection");
  });

  test("waits for a slow database as long as there is time, and does not degrade early", async () => {
    const { clock, rows, database, read } = lab();
    rows.set("noodles", dish("noodles"));
    await read("noodles");
    database.delayMs = READ_MS_MAX - 1;
    rows.set("noodles", dish("noodles", { available: 1, version: 2 }));
    const askedAtMs = clock.monotonicMs();
    expect(await read("noodles")).toMatchObject({ available: 1, stale: false });
    expect(clock.monotonicMs() - askedAtMs).toBe(READ_MS_MAX - 1);
  });

  test("of a silent database is answered from the snapshot in the last hundred milliseconds of the caller's time", async () => {
    const { clock, rows, database, read } = lab();
    rows.set("noodles", dish("noodles"));
    await read("noodles");
    database.mode = "silent";
    for (const timeoutMs of [REQUEST_TIMEOUT_MS_MAX, 80]) {
      const askedAtMs = clock.monotonicMs();
      expect(await read("noodles", timeoutMs)).toMatchObject({ stale: true });
      const tookMs = clock.monotonicMs() - askedAtMs;
      expect(tookMs).toBeLessThan(timeoutMs);
      expect(tookMs).toBeGreaterThanOrEqual(timeoutMs - FALLBACK_MS_MAX);
      expect(tookMs).toBe((timeoutMs * 7) / 8);
    }
  });

  test("whose caller has no time left is not answered at all", async () => {
    const { clock, rows, database, read, reads } = lab();
    rows.set("noodles", dish("noodles"));
    await read("noodles");
    database.mode = "down";
    const deadline = Deadline.after(clock, 10);
    await clock.advance(10);
    await expect(clock.run(reads.dish("noodles", deadline))).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    expect(reads.fallback.answered).toBe(0);
  });

  test("asks a database that is away no more, until a probe finds it back", async () => {
    const { clock, rows, database, read, breaker } = lab();
    rows.set("noodles", dish("noodles"));
    await read("noodles");
    database.mode = "silent";
    for (let i = 0; i < FAILURES_TO_OPEN; i++) await read("noodles");
    expect(breaker.state).toBe("open");
    const { asked } = database;
    const askedAtMs = clock.monotonicMs();
    expect(await read("noodles")).toMatchObject({ stale: true });
    expect([database.asked - asked, clock.monotonicMs() - askedAtMs]).toEqual([0, 0]);
    await expect(read("nowhere")).rejects.toThrow("known to be away");
    database.mode = "up";
    await clock.advance(OPEN_MS);
    expect(await read("noodles")).toMatchObject({ stale: false });
    expect(breaker.state).toBe("closed");
  });

  test("by impatient callers does not open the circuit for the others", async () => {
    const { clock, rows, database, read, breaker } = lab();
    rows.set("noodles", dish("noodles"));
    await read("noodles");
    database.delayMs = 50;
    for (let i = 0; i < 2 * FAILURES_TO_OPEN; i++) expect(await read("noodles", 8)).toMatchObject({ stale: true });
    await clock.advance(100);
    expect(breaker.state).toBe("closed");
    expect(await read("noodles")).toMatchObject({ stale: false });
  });

  test("that comes after its caller left is remembered", async () => {
    const { clock, rows, database, read } = lab();
    rows.set("noodles", dish("noodles", { available: 3 }));
    database.delayMs = 50;
    await expect(read("noodles", 8)).rejects.toThrow("in time");
    await clock.advance(100);
    database.mode = "down";
    expect(await read("noodles")).toMatchObject({ available: 3, stale: true });
  });
});

describe("a snapshot", () => {
  const row = (dishId: string, available: number, version: number) => ({ dishId, storeId: "s1", supplied: 10, available, frozen: 10 - available, sold: 0, onSale: true, version });

  test("follows the feed: stock and its instant change, names and price stay", async () => {
    const { rows, database, read, say } = lab();
    rows.set("noodles", dish("noodles"));
    await read("noodles");
    say(Date.UTC(2026, 2, 3, 4, 5, 6), row("noodles", 2, 9), row("rice", 5, 9));
    database.mode = "down";
    expect(await read("noodles")).toEqual(dish("noodles", { available: 2, frozen: 8, version: 9, stale: true, asOf: "2026-03-03T04:05:06.000Z" }));
    await expect(read("rice")).rejects.toThrow("no connection"); // the feed knows no names
  });

  test("does not go back by an entry that comes late, or twice", async () => {
    const { rows, database, read, say } = lab();
    rows.set("noodles", dish("noodles", { version: 5, available: 6 }));
    await read("noodles");
    for (const version of [4, 5]) say(0, row("noodles", 9, version));
    database.mode = "down";
    expect(await read("noodles")).toMatchObject({ version: 5, available: 6 });
  });

  test("does not go back by a read that a change overtook", async () => {
    const { clock, rows, database, reads, read, say } = lab();
    rows.set("noodles", dish("noodles", { version: 5, available: 6 }));
    await read("noodles");
    const reading = reads.dish("noodles", Deadline.after(clock, REQUEST_TIMEOUT_MS_MAX));
    say(0, row("noodles", 1, 7)); // while the read of version 5 is on its way
    expect(await clock.run(reading)).toMatchObject({ version: 5, stale: false });
    database.mode = "down";
    expect(await read("noodles")).toMatchObject({ version: 7, available: 1 });
  });

  test("goes back with a database that was set back", async () => {
    const { clock, rows, database, read, say } = lab();
    rows.set("noodles", dish("noodles", { version: 5 }));
    await read("noodles");
    say(0, row("noodles", 1, 7));
    await clock.advance(1);
    await read("noodles");
    database.mode = "down";
    expect(await read("noodles")).toMatchObject({ version: 5, available: 10 });
  });

  test("of a page is the page, with its dishes as they were last seen", async () => {
    const { rows, database, list, read, say } = lab();
    for (const dishId of ["noodles", "rice"]) rows.set(dishId, dish(dishId));
    rows.set("soup", dish("soup", { storeId: "s2" }));
    await list();
    await list({ ...menu, storeId: "s2" });
    say(0, row("rice", 1, 8));
    database.mode = "down";
    const { dishes } = await list();
    expect(dishes.map(({ dishId, available, stale }) => [dishId, available, stale])).toEqual([["noodles", 10, true], ["rice", 1, true], ["soup", 10, true]]);
    expect((await list({ ...menu, storeId: "s2" })).dishes.map(({ dishId }) => dishId)).toEqual(["soup"]);
    expect(await read("rice")).toMatchObject({ available: 1, stale: true });
    await expect(list({ ...menu, storeId: "s1" })).rejects.toThrow("known to be away"); // never asked for: not guessed from what is known
  });

  test("is bounded: what was not looked at longest is forgotten, and a page with a hole is no page", async () => {
    const { rows, database, list, read, reads } = lab({ dishes: 2, pages: 1 });
    for (const dishId of ["noodles", "rice", "soup"]) rows.set(dishId, dish(dishId));
    await list();
    expect(reads.fallback.remembered).toBe(2);
    database.mode = "down";
    await expect(list()).rejects.toThrow("no connection");
    expect(await read("soup")).toMatchObject({ stale: true });
    await expect(read("noodles")).rejects.toThrow("no connection");
  });
});

test("the fallback's share and the database's are the whole of a request", () => {
  expect(FALLBACK_MS_MAX + READ_MS_MAX).toBe(REQUEST_TIMEOUT_MS_MAX);
  expect(FALLBACK_MS_MAX).toBeLessThanOrEqual(100);
});
