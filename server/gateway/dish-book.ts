/**
 * Every dish as the feed last told it: figures, demand and mood, in memory.
 * It cannot decide anything about stock: it is a picture for people, and may be a moment old.
 */
import { DemandRing } from "../contracts/demand.ts";
import { MOODS } from "../contracts/socket-events.ts";
import type { DishCard, DishSnapshot, DishTick, MenuTotals, Mood } from "../contracts/socket-events.ts";
import type { DishRow } from "../engine/kernel/types.ts";
import type { MenuEntry } from "./live-reads.ts";
import { StockHistory } from "./stock-history.ts";

/** Below this share of what was supplied a dish is low … */
const LOW_SHARE = 0.1;
/** … and it is not, again, above this one. */
const LOW_SHARE_LEFT = 0.15;
/** So few minutes of stock at the demand of the last minute are low, whatever the share. */
const LOW_MINUTES = 3;
const LOW_MINUTES_LEFT = 5;
/** Fewer portions a minute than this say nothing about when a dish will be gone. */
const FORECAST_RATE_MIN = 2;

export interface BookedDish {
  card: DishCard;
  row: DishRow;
  demand: DemandRing;
  /** Null: it never changed since `sinceBucket`, when the book first had it. */
  history: StockHistory | null;
  sinceBucket: number;
  mood: Mood;
  /** 0: not sold out, or sold out before we looked. */
  soldOutAtMs: number;
}

export function moodOf(row: DishRow, perMinute: number, before: Mood): Mood {
  if (!row.onSale) return "paused";
  if (row.available <= 0) return "soldOut";
  const share = row.available / Math.max(1, row.supplied);
  const minutes = perMinute >= FORECAST_RATE_MIN ? row.available / perMinute : Number.POSITIVE_INFINITY;
  const stays = before === "low" || before === "soldOut";
  if (stays) return share > LOW_SHARE_LEFT && minutes > LOW_MINUTES_LEFT ? "selling" : "low";
  return share <= LOW_SHARE || minutes <= LOW_MINUTES ? "low" : "selling";
}

export class DishBook {
  private readonly dishes = new Map<string, BookedDish>();
  private readonly byMood: Record<Mood, Set<string>> = {
    selling: new Set(),
    low: new Set(),
    soldOut: new Set(),
    paused: new Set(),
  };
  private readonly changeListeners = new Set<(dishId: string) => void>();
  private bucket: number;

  constructor(bucket: number) {
    this.bucket = bucket;
  }

  /** Adds what is new and brings what is known up to date. */
  load(entries: readonly MenuEntry[], atMs: number): void {
    for (const { card, row } of entries) {
      const known = this.dishes.get(card.dishId);
      if (known === undefined) {
        const mood = moodOf(row, 0, "selling");
        this.dishes.set(card.dishId, { card, row, demand: new DemandRing(this.bucket), history: null, sinceBucket: this.bucket, mood, soldOutAtMs: 0 });
        this.byMood[mood].add(card.dishId);
        this.changed(card.dishId);
      } else {
        known.card = card;
        this.apply(row, atMs);
      }
    }
  }

  /** @returns false when the dish is not in the book yet. */
  apply(row: DishRow, atMs: number): boolean {
    const dish = this.dishes.get(row.dishId);
    if (dish === undefined) return false;
    if (row.version <= dish.row.version) return true;
    const taken = row.frozen + row.sold - dish.row.frozen - dish.row.sold;
    if (taken > 0) dish.demand.add(this.bucket, taken);
    dish.history ??= new StockHistory(dish.sinceBucket, dish.row);
    dish.row = row;
    dish.history.note(this.bucket, row);
    this.judge(dish, atMs);
    this.changed(row.dishId);
    return true;
  }

  /** Opens the next bucket: rates fall although nothing is sold, and with them moods change. */
  advance(bucket: number, atMs: number): void {
    if (bucket <= this.bucket) return;
    this.bucket = bucket;
    for (const dish of this.dishes.values()) {
      if (!dish.demand.advance(bucket)) continue;
      if (this.judge(dish, atMs)) this.changed(dish.card.dishId);
    }
  }

  /** The hottest first: demand of the last minute, then of two, then all that was ever taken; ties by id. */
  hottest(count: number): string[] {
    return [...this.dishes.values()]
      .map((dish) => ({
        dishId: dish.card.dishId,
        perMinute: dish.demand.perMinute,
        total: dish.demand.total,
        taken: dish.row.frozen + dish.row.sold,
      }))
      .sort(
        (a, b) =>
          b.perMinute - a.perMinute || b.total - a.total || b.taken - a.taken || (a.dishId < b.dishId ? -1 : 1),
      )
      .slice(0, count)
      .map((dish) => dish.dishId);
  }

  get(dishId: string): BookedDish | undefined {
    return this.dishes.get(dishId);
  }

  get size(): number {
    return this.dishes.size;
  }

  ids(): IterableIterator<string> {
    return this.dishes.keys();
  }

  withMood(mood: Mood): ReadonlySet<string> {
    return this.byMood[mood];
  }

  totals(): MenuTotals {
    return {
      dishes: this.dishes.size,
      soldOut: this.byMood.soldOut.size,
      low: this.byMood.low.size,
      paused: this.byMood.paused.size,
    };
  }

  onChange(listener: (dishId: string) => void): void {
    this.changeListeners.add(listener);
  }

  private judge(dish: BookedDish, atMs: number): boolean {
    const mood = moodOf(dish.row, dish.demand.perMinute, dish.mood);
    if (mood === dish.mood) return false;
    this.byMood[dish.mood].delete(dish.card.dishId);
    this.byMood[mood].add(dish.card.dishId);
    if (mood === "soldOut") dish.soldOutAtMs = atMs;
    else if (dish.row.available > 0) dish.soldOutAtMs = 0;
    dish.mood = mood;
    return true;
  }

  private changed(dishId: string): void {
    for (const listener of this.changeListeners) listener(dishId);
  }
}

export function toTick({ card, row, demand, mood, soldOutAtMs }: BookedDish): DishTick {
  return [
    card.dishId,
    row.version,
    row.supplied,
    row.available,
    row.frozen,
    row.sold,
    MOODS.indexOf(mood),
    demand.current,
    soldOutAtMs,
  ];
}

export function toSnapshot(dish: BookedDish): DishSnapshot {
  return { tick: toTick(dish), demand: dish.demand.toArray() };
}
