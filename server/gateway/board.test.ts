import { describe, expect, test } from "vitest";
import type { OverviewDelta, TransactionsDelta } from "../contracts/socket-events.ts";
import type { FeedEntry } from "../engine/feed/live-feed.ts";
import type { DishRow } from "../engine/kernel/types.ts";
import { VirtualClock } from "../engine/simulation/virtual-clock.ts";
import { LiveBoard } from "./board.ts";
import { ORDER_INTERVAL_MS } from "./dish-rooms.ts";
import { UPDATE_INTERVAL_MS } from "./room.ts";
import { fakeEngine, fakeReads, menuEntry, pendingRecord } from "./testing.ts";

async function boardWith(dishes: Partial<DishRow>[]) {
  const clock = new VirtualClock();
  const engine = fakeEngine();
  const reads = fakeReads(dishes.map(menuEntry), () => clock.nowMs());
  const errors: unknown[] = [];
  const board = new LiveBoard({ engine, reads, clock, onError: (error) => errors.push(error) });
  await board.start();
  const overview: OverviewDelta[] = [];
  const transactions: TransactionsDelta[] = [];
  const change = (row: Partial<DishRow>, more: Partial<FeedEntry> = {}) =>
    engine.say({ instance: "i", atMs: clock.nowMs(), dishes: [menuEntry(row).row], transactions: [], ...more });
  return { board, clock, engine, reads, errors, overview, transactions, change };
}

describe("the overview's room", () => {
  test("says at most four updates a second, numbered without gaps, and the last one is the truth", async () => {
    const { board, clock, overview, change } = await boardWith([{ dishId: "a", available: 5_000, supplied: 5_000 }]);
    const first = board.overview.snapshot();
    const saidAtMs: number[] = [];
    board.overview.listen((delta) => {
      overview.push(delta);
      saidAtMs.push(clock.monotonicMs());
    });
    for (let n = 1; n <= 400; n += 1) {
      change({ dishId: "a", supplied: 5_000, available: 5_000 - n, frozen: n, version: 1 + n });
      await clock.advance(5);
    }
    await clock.advance(UPDATE_INTERVAL_MS);
    expect(overview.map((delta) => delta.seq)).toEqual(overview.map((_, index) => first.seq + 1 + index));
    for (let n = 1; n < saidAtMs.length; n += 1) {
      expect((saidAtMs[n] as number) - (saidAtMs[n - 1] as number)).toBeGreaterThanOrEqual(UPDATE_INTERVAL_MS);
    }
    const ticks = overview.flatMap((delta) => delta.ticks ?? []);
    expect(ticks.length).toBeLessThan(12);
    expect(ticks.at(-1)?.slice(0, 6)).toEqual(["a", 401, 5_000, 4_600, 400, 0]);
  });

  test("keeps its order until the announced time", async () => {
    const { board, clock, overview, change } = await boardWith([
      { dishId: "a", sold: 50, available: 50 },
      { dishId: "b" },
    ]);
    board.overview.listen((delta) => overview.push(delta));
    const { hot, nextOrderAtMs } = board.overview.snapshot();
    expect(hot).toEqual(["a", "b"]);
    change({ dishId: "b", available: 40, frozen: 60, version: 2 });
    await clock.advance(nextOrderAtMs - clock.nowMs() - 1_000);
    expect(overview.some((delta) => delta.hot !== undefined)).toBe(false);
    await clock.advance(ORDER_INTERVAL_MS / 10);
    expect(overview.findLast((delta) => delta.hot !== undefined)?.hot).toEqual(["b", "a"]);
  });

  test("shows a dish that sells out although it is not among the hottest", async () => {
    const many = Array.from({ length: 40 }, (_, n) => ({ dishId: `d${String(n).padStart(2, "0")}` }));
    const { board, clock, overview, change } = await boardWith(many);
    board.overview.listen((delta) => overview.push(delta));
    expect(board.overview.snapshot().cards.map((card) => card.dishId)).not.toContain("d39");
    change({ dishId: "d39", available: 0, sold: 100, version: 2 });
    await clock.advance(UPDATE_INTERVAL_MS);
    const last = overview.at(-1);
    expect(last?.cards?.map((card) => card.dishId)).toEqual(["d39"]);
    expect(last?.totals).toMatchObject({ soldOut: 1 });
  });

  test("costs nothing while nobody listens, and starts again without a gap", async () => {
    const { board, clock, overview, change } = await boardWith([{ dishId: "a" }]);
    const stop = board.overview.listen((delta) => overview.push(delta));
    await clock.advance(1_000);
    stop();
    const said = overview.length;
    change({ dishId: "a", available: 90, frozen: 10, version: 2 });
    await clock.advance(5_000);
    expect(overview).toHaveLength(said);
    const snapshot = board.overview.snapshot();
    expect(snapshot.dishes[0]?.tick.slice(3, 5)).toEqual([90, 10]);
    board.overview.listen((delta) => overview.push(delta));
    await clock.advance(1_000);
    expect(overview[said]?.seq).toBe(snapshot.seq + 1);
  });

  test("tells the engine of every dish it reads, so that its first order finds a cell", async () => {
    const { engine } = await boardWith([{ dishId: "a" }, { dishId: "b" }]);
    expect([...engine.told]).toEqual(["a", "b"]);
  });

  test("reads a dish it hears of for the first time", async () => {
    const { board, clock, reads, change } = await boardWith([{ dishId: "a" }]);
    reads.entries.push(menuEntry({ dishId: "new", available: 7 }));
    change({ dishId: "new", available: 6, frozen: 1, version: 2 });
    board.overview.listen(() => {});
    await clock.advance(1_500);
    expect(board.overview.snapshot().totals.dishes).toBe(2);
  });

  test("while nobody watches, takes its time to read a new dish, but has it for whoever comes", async () => {
    const { board, clock, reads, change } = await boardWith([{ dishId: "a" }]);
    reads.entries.push(menuEntry({ dishId: "new", available: 7 }));
    change({ dishId: "new", available: 6, frozen: 1, version: 2 });
    await clock.advance(5_000);
    expect(board.overview.snapshot().totals.dishes).toBe(1);
    await board.freshPending();
    expect(board.overview.snapshot().totals.dishes).toBe(2);
  });

  test("samples the tiers once a second", async () => {
    const { board, clock, engine } = await boardWith([{ dishId: "a" }]);
    await clock.advance(1_000);
    engine.counters.cas.admitted += 30;
    engine.counters.cas.refused += 4;
    engine.counters.lock.batches += 2;
    engine.counters.lock.batched += 31;
    await clock.advance(1_000);
    const { tiers, gauges } = board.overview.snapshot();
    expect(tiers.at(-1)).toMatchObject({ cas: { accepted: 30, refused: 4 }, lock: { accepted: 31, refused: 0 } });
    expect(gauges.meanBatch).toBe(15.5);
  });

  test("calls Postgres down when it cannot be read, says so once, and up again when it can", async () => {
    const { board, clock, reads, errors } = await boardWith([{ dishId: "a" }]);
    board.transactions.listen(() => undefined);
    reads.fail = true;
    await clock.advance(4_000);
    expect(board.overview.snapshot().dependencies.postgres).toBe("down");
    expect(errors).toHaveLength(1);
    reads.fail = false;
    await clock.advance(2_000);
    expect(board.overview.snapshot().dependencies.postgres).toBe("up");
  });
});

describe("the transactions' room", () => {
  test("reads nothing while it is empty, and at most once a second while it is not", async () => {
    const { board, clock, reads } = await boardWith([{ dishId: "a" }]);
    await clock.advance(10_000);
    expect(reads.pendingReads).toBe(0);
    const stop = board.transactions.listen(() => undefined);
    await clock.advance(10_000);
    expect(reads.pendingReads).toBe(10);
    stop();
    await clock.advance(10_000);
    expect(reads.pendingReads).toBe(10);
  });

  test("a confirmed transaction goes as soon as the feed tells, and an older read does not bring it back", async () => {
    const { board, clock, reads, transactions, engine } = await boardWith([{ dishId: "a" }]);
    reads.rows = [pendingRecord("t1"), pendingRecord("t2")];
    await board.freshPending();
    board.transactions.listen((delta) => transactions.push(delta));
    engine.say({ instance: "i", atMs: clock.nowMs(), dishes: [], transactions: [{ txId: "t1", storeId: "s1", state: "CONFIRMED" }] });
    await clock.advance(UPDATE_INTERVAL_MS);
    expect(transactions[0]?.gone).toEqual([{ txId: "t1", state: "CONFIRMED" }]);
    await clock.advance(3_000); // reads still list t1
    expect(board.transactions.snapshot().rows.map((row) => row.txId)).toEqual(["t2"]);
  });

  test("a read that overtakes the feed does not hide what became of a row", async () => {
    const { board, clock, reads, transactions, engine } = await boardWith([{ dishId: "a" }]);
    reads.rows = [pendingRecord("t1")];
    await board.freshPending();
    board.transactions.listen((delta) => transactions.push(delta));
    reads.rows = [];
    await clock.advance(1_100); // the read has seen the commit, the feed has not told of it
    expect(transactions.flatMap((delta) => delta.gone ?? [])).toEqual([]);
    engine.say({ instance: "i", atMs: clock.nowMs(), dishes: [], transactions: [{ txId: "t1", storeId: "s1", state: "CANCELLED" }] });
    await clock.advance(UPDATE_INTERVAL_MS);
    expect(transactions.flatMap((delta) => delta.gone ?? [])).toEqual([{ txId: "t1", state: "CANCELLED" }]);
  });

  test("a row goes although the feed lost what became of it", async () => {
    const { board, clock, reads, transactions } = await boardWith([{ dishId: "a" }]);
    reads.rows = [pendingRecord("t1")];
    await board.freshPending();
    board.transactions.listen((delta) => transactions.push(delta));
    reads.rows = [];
    await clock.advance(2_500);
    expect(transactions.flatMap((delta) => delta.gone ?? [])).toEqual([{ txId: "t1", state: null }]);
  });

  test("names its dishes in both languages and follows the database's clock", async () => {
    const { board, reads, clock } = await boardWith([{ dishId: "a" }]);
    reads.rows = [pendingRecord("t1")];
    reads.aheadMs = 90_000;
    await board.freshPending();
    expect(board.transactions.snapshot().rows[0]?.lines[0]).toMatchObject({ names: { en: "a en", "zh-CN": "a zh" }, quantity: 2 });
    expect(board.nowMs() - clock.nowMs()).toBe(90_000);
  });
});
