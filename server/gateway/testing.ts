/** Stand-ins for the board's two sources, to be told what happens. For tests only. */
import type { InstanceView } from "../engine/feed/instances.ts";
import type { FeedEntry } from "../engine/feed/live-feed.ts";
import type { DishRow, EngineStats } from "../engine/kernel/types.ts";
import type { BoardEngine } from "./board.ts";
import type { LiveReads, MenuEntry, PendingRead, PendingRecord } from "./live-reads.ts";

export function menuEntry(more: Partial<DishRow>): MenuEntry {
  const row: DishRow = {
    dishId: "dish",
    storeId: "s1",
    supplied: 100,
    available: 100,
    frozen: 0,
    sold: 0,
    onSale: true,
    version: 1,
    ...more,
  };
  const names = { en: `${row.dishId} en`, "zh-CN": `${row.dishId} zh` };
  return { card: { dishId: row.dishId, storeId: row.storeId, names, storeNames: names, priceCents: 1_000 }, row };
}

export function pendingRecord(txId: string, more: Partial<PendingRecord> = {}): PendingRecord {
  return {
    txId,
    orderId: `o-${txId}`,
    storeId: "s1",
    state: "RESERVED",
    couponId: null,
    lines: [{ dishId: "a", quantity: 2 }],
    createdAtMs: 1_000,
    expiresAtMs: 901_000,
    ...more,
  };
}

export interface FakeEngine extends BoardEngine {
  counters: EngineStats;
  /** What `instances()` answers. */
  views: InstanceView[];
  say(entry: FeedEntry): void;
  /** Dishes it was told of. */
  told: Set<string>;
}

export function fakeEngine(): FakeEngine {
  const listeners = new Set<{ entry(entry: FeedEntry): void }>();
  return {
    instance: "i1",
    views: [],
    instances() {
      return this.views;
    },
    counters: {
      refusals: { access: {}, cas: {}, lock: {}, redis: {}, tcc: {} },
      cas: { admitted: 0, refused: 0, parked: 0, casRetries: 0, cellReads: 0 },
      lock: { batches: 0, batched: 0, timedOut: 0, shed: 0, waiting: 0, inFlight: 0 },
      redis: { takes: 0, short: 0, failures: 0, expiredHolds: 0, circuit: "closed" },
      tcc: {
        reserved: 0,
        replayed: 0,
        refused: 0,
        confirmed: 0,
        cancelled: 0,
        expired: 0,
        reversed: 0,
        resent: 0,
        bisected: 0,
        calls: { try: {}, confirm: {}, cancel: {}, reverse: {} },
        tickets: 0,
        recovered: 0,
        circuit: "closed",
      },
      feed: { dropped: 0, gaps: 0 },
    },
    told: new Set(),
    hear(rows) {
      for (const { dishId } of rows) this.told.add(dishId);
    },
    stats() {
      return this.counters;
    },
    histograms: () => ({ tryMs: { bounds: [1], counts: [0, 0], sum: 0 } }),
    onEntry(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    say(entry) {
      for (const listener of listeners) listener.entry(entry);
    },
  };
}

/** What an instance in which nothing happens says of itself. */
export function instanceView(instance: string, more: Partial<InstanceView> = {}): InstanceView {
  const contention = (seconds: number) => ({ seconds, sampleEvery: 8, dishes: [], segments: Array.from({ length: 64 }, () => ({ blameMs: 0, painMs: 0 })) });
  return {
    instance,
    atMs: 0,
    startedAtMs: 0,
    silentMs: 0,
    alive: true,
    stats: fakeEngine().counters,
    batchSizes: { bounds: [1, 2], counts: [0, 0, 0], sum: 0 },
    sampling: { every: 8, version: 0, by: "" },
    troubled: [],
    contention: contention(10),
    longer: [contention(60), contention(300)],
    chains: [],
    handovers: [],
    events: [],
    ...more,
  };
}

export interface FakeReads extends LiveReads {
  entries: MenuEntry[];
  rows: PendingRecord[];
  pendingReads: number;
  aheadMs: number;
  fail: boolean;
}

export function fakeReads(entries: MenuEntry[], nowMs: () => number): FakeReads {
  return {
    entries,
    rows: [],
    pendingReads: 0,
    aheadMs: 0,
    fail: false,
    async menu(dishIds) {
      if (this.fail) throw new Error("no database");
      return this.entries.filter((entry) => dishIds === null || dishIds.includes(entry.card.dishId));
    },
    async pending(): Promise<PendingRead> {
      this.pendingReads += 1;
      if (this.fail) throw new Error("no database");
      return {
        atMs: nowMs() + this.aheadMs,
        rows: this.rows,
        pending: this.rows.length,
        ageing: 0,
        expiring: 0,
        capped: false,
        oldestCreatedAtMs: this.rows[0]?.createdAtMs ?? null,
        stranded: { transactions: 0, portions: 0, cents: 0 },
      };
    },
  };
}
