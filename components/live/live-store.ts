/**
 * The overview's live state in the browser: one socket fills it, components subscribe to the part they show.
 * A missed number in a room's sequence, a reconnect or a tab that comes back is healed by a snapshot.
 * It cannot send commands: those are HTTP (console-client.ts).
 */
import { bucketAt } from "@/server/contracts/demand";
import { TICKER_MAX } from "@/server/contracts/socket-events";
import type {
  Dependencies,
  MenuTotals,
  OverviewDelta,
  OverviewSnapshot,
  PendingTotals,
  TierGauges,
  TierSample,
  TickerEvent,
  TransactionsDelta,
  TransactionsSnapshot,
} from "@/server/contracts/socket-events";
import type { TransactionState } from "@/server/contracts/console";
import { DishViews, minutesLeft } from "./dish-views";
import type { DishView } from "./dish-views";
import { PendingViews } from "./pending-views";
import type { Hold, PendingView } from "./pending-views";
import { ServerClock } from "./server-clock";

export type ConnectionStatus = "connecting" | "live" | "reconnecting" | "offline" | "signedOut";
export type Connection = { status: ConnectionStatus; sinceMs: number };

export const DISH_ORDERS = ["hot", "left", "name"] as const;
export type DishOrder = (typeof DISH_ORDERS)[number];

export interface Urgent {
  soldOut: string[];
  low: string[];
}

type Topic = `dish:${string}` | "order" | "urgent" | "tiers" | "pending" | "connection" | "dependencies" | "totals" | "events";

const TIER_SAMPLES_MAX = 180;

const NOTHING_PENDING: PendingTotals = { pending: 0, ageing: 0, expiring: 0, capped: false, oldestCreatedAtMs: null, stranded: 0, strandedPortions: 0, strandedCents: 0 };

export class LiveStore {
  readonly clock: ServerClock;
  private readonly dishes = new DishViews();
  private readonly pendingRows = new PendingViews();
  private readonly listeners = new Map<Topic, Set<() => void>>();
  private serverHot: string[] = [];
  private orderHeld = false;
  private overviewSeq = 0;
  private transactionsSeq = 0;

  order: string[] = [];
  orderBy: DishOrder = "hot";
  /** An order came while somebody pointed at the rows. */
  orderWaits = false;
  nextOrderAtMs = 0;
  urgent: Urgent = { soldOut: [], low: [] };
  totals: MenuTotals;
  tiers: TierSample[];
  gauges: TierGauges;
  dependencies: Dependencies;
  /** Newest first. */
  events: readonly TickerEvent[];
  pendingTotals: PendingTotals;
  connection: Connection;
  /** When the socket last said anything, by the server's clock. */
  heardAtMs: number;

  /** @param transactions null on a page that does not follow them. */
  constructor(overview: OverviewSnapshot, transactions: TransactionsSnapshot | null, ownMs?: () => number) {
    this.clock = new ServerClock(overview.atMs, ownMs);
    this.totals = overview.totals;
    this.tiers = overview.tiers;
    this.gauges = overview.gauges;
    this.dependencies = overview.dependencies;
    this.events = overview.events;
    this.pendingTotals = transactions?.totals ?? NOTHING_PENDING;
    this.heardAtMs = overview.atMs;
    this.connection = { status: "connecting", sinceMs: overview.atMs };
    this.resetOverview(overview);
    if (transactions !== null) this.resetTransactions(transactions);
  }

  // ---- reading ------------------------------------------------------------------------------------------------------

  subscribe(topic: Topic, listener: () => void): () => void {
    const listeners = this.listeners.get(topic) ?? new Set();
    this.listeners.set(topic, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.listeners.get(topic) === listeners) this.listeners.delete(topic);
    };
  }

  dish(dishId: string): DishView | undefined {
    return this.dishes.get(dishId);
  }

  pending(): PendingView[] {
    return this.pendingRows.current();
  }

  // ---- what the socket says -----------------------------------------------------------------------------------------

  heard(atMs: number): void {
    this.clock.heard(atMs);
    this.heardAtMs = Math.max(this.heardAtMs, atMs);
  }

  resetOverview(snapshot: OverviewSnapshot): void {
    this.heard(snapshot.atMs);
    this.overviewSeq = snapshot.seq;
    this.dishes.clear();
    const entered = this.dishes.enter(snapshot.cards, snapshot.dishes, snapshot.bucket);
    this.serverHot = snapshot.hot;
    this.nextOrderAtMs = snapshot.nextOrderAtMs;
    this.totals = snapshot.totals;
    this.tiers = snapshot.tiers;
    this.gauges = snapshot.gauges;
    this.dependencies = snapshot.dependencies;
    this.events = snapshot.events;
    if (this.order.length === 0) this.reorder();
    else this.newOrder();
    this.tell(...entered.map((dishId) => `dish:${dishId}` as const), "totals", "tiers", "dependencies", "events");
  }

  /** @returns false when a number is missing: ask for a snapshot. */
  applyOverview(delta: OverviewDelta): boolean {
    if (delta.seq <= this.overviewSeq) return true;
    if (delta.seq !== this.overviewSeq + 1) return false;
    this.overviewSeq = delta.seq;
    this.heard(delta.atMs);
    const changed = new Set(this.dishes.advance(delta.bucket));
    for (const dishId of this.dishes.enter(delta.cards ?? [], delta.entered ?? [], delta.bucket)) changed.add(dishId);
    for (const tick of delta.ticks ?? []) {
      const dishId = this.dishes.tick(tick, delta.bucket);
      if (dishId !== null) changed.add(dishId);
    }
    for (const dishId of delta.left ?? []) {
      if (this.order.includes(dishId)) continue; // still on screen until the order changes
      this.dishes.leave(dishId);
      changed.add(dishId);
    }
    this.tell(...[...changed].map((dishId) => `dish:${dishId}` as const));
    if (delta.hot !== undefined) {
      this.serverHot = delta.hot;
      this.nextOrderAtMs = delta.nextOrderAtMs ?? this.nextOrderAtMs;
      this.newOrder();
    } else if (changed.size > 0) {
      this.judgeUrgent(false);
    }
    if (delta.totals !== undefined) {
      this.totals = delta.totals;
      this.tell("totals");
    }
    if (delta.tier !== undefined) {
      this.tiers = [...this.tiers.slice(1 - TIER_SAMPLES_MAX), delta.tier];
      this.gauges = delta.gauges ?? this.gauges;
      this.tell("tiers");
    }
    if (delta.events !== undefined) {
      this.events = [...delta.events, ...this.events].slice(0, TICKER_MAX);
      this.tell("events");
    }
    if (delta.dependencies !== undefined) {
      this.dependencies = delta.dependencies;
      this.tell("dependencies");
    }
    return true;
  }

  resetTransactions(snapshot: TransactionsSnapshot): void {
    this.heard(snapshot.atMs);
    this.transactionsSeq = snapshot.seq;
    this.pendingTotals = snapshot.totals;
    this.pendingRows.reset(snapshot.rows, this.clock.nowMs());
    this.tell("pending");
  }

  /** @returns false when a number is missing: ask for a snapshot. */
  applyTransactions(delta: TransactionsDelta): boolean {
    if (delta.seq <= this.transactionsSeq) return true;
    if (delta.seq !== this.transactionsSeq + 1) return false;
    this.transactionsSeq = delta.seq;
    this.heard(delta.atMs);
    this.pendingTotals = delta.totals ?? this.pendingTotals;
    this.pendingRows.apply(delta, this.clock.nowMs());
    this.tell("pending");
    return true;
  }

  connected(status: ConnectionStatus): void {
    if (status === this.connection.status) return;
    this.connection = { status, sinceMs: this.clock.nowMs() };
    this.tell("connection");
  }

  // ---- what the person at the screen does ---------------------------------------------------------------------------

  acted(txId: string, state: TransactionState): void {
    this.pendingRows.acted(txId, state, this.clock.nowMs());
    this.tell("pending");
  }

  /** Somebody points at the pending list, or decides about one of its rows: nothing moves meanwhile. */
  holdPending(hold: Hold, held: boolean): void {
    this.pendingRows.hold(hold, held);
  }

  /** Somebody points at the dishes: a new order waits. */
  holdOrder(held: boolean): void {
    this.orderHeld = held;
    if (!held && this.orderWaits) this.reorder();
  }

  setOrderBy(orderBy: DishOrder): void {
    this.orderBy = orderBy;
    this.reorder();
  }

  /** Once a second: demand lines move on although nothing is said, and ended rows go. */
  everySecond(): void {
    const moved = this.dishes.advance(bucketAt(this.clock.nowMs()));
    this.tell(...moved.map((dishId) => `dish:${dishId}` as const));
    if (this.pendingRows.sweep(this.clock.nowMs())) this.tell("pending");
  }

  /** Puts the rows in order by what is known now. */
  reorder(): void {
    const views = this.serverHot.map((dishId) => this.dishes.get(dishId)).filter((view) => view !== undefined);
    const compare = {
      hot: (a: DishView, b: DishView) => b.perMinute - a.perMinute,
      left: (a: DishView, b: DishView) => a.available - b.available || b.perMinute - a.perMinute,
      name: (a: DishView, b: DishView) => (a.card.dishId < b.card.dishId ? -1 : 1),
    }[this.orderBy];
    // The server's order decides ties: sort() is stable.
    this.order = views.sort(compare).map((view) => view.card.dishId);
    this.orderWaits = false;
    this.judgeUrgent(true);
    this.tell("order");
  }

  // -------------------------------------------------------------------------------------------------------------------

  private newOrder(): void {
    if (this.orderHeld) {
      this.orderWaits = true;
      this.judgeUrgent(false);
      this.tell("order");
    } else {
      this.reorder();
    }
  }

  /** Who is in the lists changes at once; places in them only together with the announced order. */
  private judgeUrgent(sort: boolean): void {
    const soldOut: DishView[] = [];
    const low: DishView[] = [];
    for (const view of this.dishes.all()) {
      if (view.mood === "soldOut") soldOut.push(view);
      else if (view.mood === "low") low.push(view);
    }
    soldOut.sort((a, b) => b.soldOutAtMs - a.soldOutAtMs || (a.card.dishId < b.card.dishId ? -1 : 1));
    low.sort((a, b) => (minutesLeft(a) ?? 1e6 + a.available) - (minutesLeft(b) ?? 1e6 + b.available));
    const place = (before: string[], views: DishView[]) => {
      const ids = views.map((view) => view.card.dishId);
      if (sort) return ids;
      const present = new Set(ids);
      const kept = before.filter((dishId) => present.has(dishId));
      const known = new Set(kept);
      return [...kept, ...ids.filter((dishId) => !known.has(dishId))];
    };
    const next = {
      soldOut: soldOut.map((view) => view.card.dishId), // newest first: only joins and leaves move it
      low: place(this.urgent.low, low),
    };
    if (next.soldOut.join() === this.urgent.soldOut.join() && next.low.join() === this.urgent.low.join()) return;
    this.urgent = next;
    this.tell("urgent");
  }

  private tell(...topics: Topic[]): void {
    for (const topic of topics) for (const listener of this.listeners.get(topic) ?? []) listener();
  }
}
