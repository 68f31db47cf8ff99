import { describe, expect, test } from "vitest";
import { BUCKETS, bucketAt } from "@/server/contracts/demand";
import type { DishTick, OverviewDelta, OverviewSnapshot, PendingTransaction, TransactionsSnapshot } from "@/server/contracts/socket-events";
import { LiveStore } from "./live-store";
import { OUTCOME_SHOWN_MS } from "./pending-views";

const START_MS = 1_700_000_000_000;
let ownMs = START_MS;

const names = (id: string) => ({ en: `${id} en`, "zh-CN": `${id} zh` });
const tick = (dishId: string, version: number, available: number, taken = 0, mood = 0): DishTick => [dishId, version, 100, available, 100 - available, 0, mood, taken, 0];
const card = (dishId: string) => ({ dishId, storeId: "s", names: names(dishId), storeNames: names("s"), priceCents: 1 });

function overview(ids: string[], seq = 0): OverviewSnapshot {
  return {
    seq,
    atMs: START_MS,
    bucket: bucketAt(START_MS),
    cards: ids.map(card),
    dishes: ids.map((dishId) => ({ tick: tick(dishId, 1, 100), demand: new Array<number>(BUCKETS).fill(0) })),
    hot: ids,
    nextOrderAtMs: START_MS + 30_000,
    totals: { dishes: ids.length, soldOut: 0, low: 0, paused: 0 },
    tiers: [],
    gauges: { parked: 0, casRetries: 0, meanBatch: 0, waiting: 0, inFlight: 0, replayed: 0, confirmed: 0, cancelled: 0, expired: 0, tryMs: null },
    dependencies: { postgres: "up", redis: "up" },
    events: [],
  };
}

const pending = (txId: string, createdAtMs = START_MS - 60_000): PendingTransaction => ({
  txId,
  orderId: txId,
  storeId: "s",
  storeNames: names("s"),
  state: "RESERVED",
  couponId: null,
  lines: [],
  createdAtMs,
  expiresAtMs: createdAtMs + 900_000,
});

function transactions(rows: PendingTransaction[] = []): TransactionsSnapshot {
  const totals = { pending: rows.length, ageing: 0, expiring: 0, capped: false, oldestCreatedAtMs: null, stranded: 0, strandedPortions: 0, strandedCents: 0 };
  return { seq: 0, atMs: START_MS, rows, totals };
}

function storeOf(ids = ["a", "b", "c"], rows: PendingTransaction[] = []) {
  ownMs = START_MS;
  return new LiveStore(overview(ids), transactions(rows), () => ownMs);
}

const delta = (seq: number, more: Partial<OverviewDelta> = {}): OverviewDelta => ({
  seq,
  atMs: START_MS + seq,
  bucket: bucketAt(START_MS),
  ...more,
});

describe("the live store", () => {
  test("one dish's tick is told to that dish alone", () => {
    const store = storeOf();
    const told: string[] = [];
    for (const topic of ["dish:a", "dish:b", "order", "urgent", "tiers", "pending"] as const) {
      store.subscribe(topic, () => told.push(topic));
    }
    const b = store.dish("b");
    expect(store.applyOverview(delta(1, { ticks: [tick("a", 2, 90, 10)] }))).toBe(true);
    expect(told).toEqual(["dish:a"]);
    expect(store.dish("a")).toMatchObject({ available: 90, perMinute: 10 });
    expect(store.dish("b")).toBe(b);
  });

  test("a missing number asks for a snapshot and changes nothing; one heard before is nothing new", () => {
    const store = storeOf();
    expect(store.applyOverview(delta(2, { ticks: [tick("a", 9, 1)] }))).toBe(false);
    expect(store.dish("a")?.available).toBe(100);
    store.resetOverview({ ...overview(["a", "b", "c"], 7), dishes: [{ tick: tick("a", 9, 5), demand: [] }] });
    expect(store.applyOverview(delta(7, { ticks: [tick("a", 10, 1)] }))).toBe(true);
    expect(store.dish("a")?.available).toBe(5);
    expect(store.applyOverview(delta(8, { ticks: [tick("a", 10, 1)] }))).toBe(true);
    expect(store.dish("a")?.available).toBe(1);
  });

  test("rows keep their places until a new order is announced, however hot a dish gets", () => {
    const store = storeOf();
    store.applyOverview(delta(1, { ticks: [tick("c", 2, 10, 90)] }));
    expect(store.order).toEqual(["a", "b", "c"]);
    store.applyOverview(delta(2, { hot: ["c", "a", "b"], nextOrderAtMs: START_MS + 60_000 }));
    expect(store.order).toEqual(["c", "a", "b"]);
  });

  test("a new order waits while somebody points at the rows", () => {
    const store = storeOf();
    store.holdOrder(true);
    store.applyOverview(delta(1, { hot: ["c", "b", "a"] }));
    expect(store.order).toEqual(["a", "b", "c"]);
    expect(store.orderWaits).toBe(true);
    store.holdOrder(false);
    expect(store.order).toEqual(["c", "b", "a"]);
  });

  test("a dish on screen stays although the server lets go of it", () => {
    const store = storeOf();
    store.applyOverview(delta(1, { left: ["b"] }));
    expect(store.dish("b")).toBeDefined();
  });

  test("a dish that sells out joins its list at once, newest first", () => {
    const store = storeOf();
    const gone = (dishId: string, atMs: number): DishTick => [dishId, 2, 100, 0, 0, 100, 2, 0, atMs];
    store.applyOverview(delta(1, { ticks: [gone("a", START_MS + 1)] }));
    store.applyOverview(delta(2, { ticks: [gone("c", START_MS + 2)] }));
    expect(store.urgent.soldOut).toEqual(["c", "a"]);
  });

  test("demand passes although nothing is said", () => {
    const store = storeOf();
    store.applyOverview(delta(1, { ticks: [tick("a", 2, 90, 10)] }));
    ownMs += 61_000;
    store.everySecond();
    expect(store.dish("a")?.perMinute).toBe(0);
  });

  test("ages follow the server's clock, not this computer's", () => {
    ownMs = START_MS - 3_600_000;
    const store = new LiveStore(overview(["a"]), transactions(), () => ownMs);
    expect(store.clock.nowMs()).toBe(START_MS);
    ownMs += 5_000;
    store.clock.measured(START_MS + 5_100, 40);
    expect(store.clock.nowMs()).toBe(START_MS + 5_120);
    store.clock.measured(START_MS + 5_000, 400); // a slow answer says less
    expect(store.clock.nowMs()).toBe(START_MS + 5_120);
  });
});

describe("pending rows", () => {
  test("one that ends keeps its place with its outcome for a while, then goes", () => {
    const store = storeOf(["a"], [pending("t1"), pending("t2")]);
    ownMs += 3_000;
    store.applyTransactions({ seq: 1, atMs: ownMs, gone: [{ txId: "t1", state: "CONFIRMED" }] });
    expect(store.pending().map((row) => [row.transaction.txId, row.outcome])).toEqual([["t1", "CONFIRMED"], ["t2", null]]);
    ownMs += OUTCOME_SHOWN_MS;
    store.everySecond();
    expect(store.pending().map((row) => row.transaction.txId)).toEqual(["t2"]);
  });

  test("nothing is taken away while somebody points at the list", () => {
    const store = storeOf(["a"], [pending("t1"), pending("t2")]);
    store.holdPending("pointer", true);
    store.applyTransactions({ seq: 1, atMs: ownMs, gone: [{ txId: "t1", state: "EXPIRED" }] });
    ownMs += 60_000;
    store.everySecond();
    expect(store.pending()).toHaveLength(2);
    store.holdPending("pointer", false);
    store.everySecond();
    expect(store.pending()).toHaveLength(1);
  });

  test("a dialog about a row holds it, although the pointer and the focus left the list to get there", () => {
    const store = storeOf(["a"], [pending("t1")]);
    store.holdPending("pointer", true);
    store.holdPending("dialog", true);
    store.holdPending("pointer", false);
    store.applyTransactions({ seq: 1, atMs: ownMs, gone: [{ txId: "t1", state: "CANCELLED" }] }); // before the answer comes
    store.acted("t1", "CANCELLED");
    store.holdPending("dialog", false);
    store.everySecond();
    expect(store.pending()[0]?.outcome).toBe("CANCELLED");
  });

  test("the operator's own act shows at once, before the feed tells, and only once", () => {
    const store = storeOf(["a"], [pending("t1")]);
    store.acted("t1", "CANCELLED");
    expect(store.pending()[0]?.outcome).toBe("CANCELLED");
    ownMs += 1_000;
    store.applyTransactions({ seq: 1, atMs: ownMs, gone: [{ txId: "t1", state: "CANCELLED" }] });
    expect(store.pending()[0]?.outcome).toBe("CANCELLED");
    ownMs += OUTCOME_SHOWN_MS;
    store.everySecond();
    expect(store.pending()).toEqual([]);
  });

  test("in a rush, what was here for a blink goes without a farewell", () => {
    const store = storeOf(["a"]);
    const rows = Array.from({ length: 30 }, (_, n) => pending(`t${n}`));
    store.applyTransactions({ seq: 1, atMs: ownMs, upserted: rows });
    ownMs += 500;
    store.applyTransactions({ seq: 2, atMs: ownMs, gone: rows.map(({ txId }) => ({ txId, state: "CONFIRMED" as const })) });
    expect(store.pending()).toEqual([]);
  });
});
