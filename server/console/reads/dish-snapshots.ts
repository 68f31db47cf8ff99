/**
 * DishSnapshots is the last that was seen of dishes and of pages of dishes: what reads answer from while the database does not.
 * It is bounded, it invents nothing (a dish it never saw is not there), and it cannot say whether a dish has changed since.
 */
import { LRUCache } from "lru-cache";
import type { Dish, DishesPage, DishesQuery } from "../../contracts/dishes.ts";
import type { FeedEntry } from "../../engine/feed/live-feed.ts";
import type { Clock } from "../../engine/kernel/clock.ts";

/** Dishes remembered: twice what a city's open restaurants show at lunch; about 15 MiB at 0.7 KiB each. */
export const SNAPSHOT_DISHES_MAX = 20_000;

/** Pages remembered: each is a list of at most 500 of those dishes, so all of them together have at most 2 MiB. */
export const SNAPSHOT_PAGES_MAX = 500;

interface Remembered {
  dish: Dish;
  /** When this was written, on the monotonic clock. */
  writtenAtMs: number;
}

interface RememberedPage {
  dishIds: string[];
  nextCursor: string | null;
}

export class DishSnapshots {
  private readonly dishes: LRUCache<string, Remembered>;
  private readonly pages: LRUCache<string, RememberedPage>;

  constructor(
    private readonly clock: Clock,
    bounds = { dishes: SNAPSHOT_DISHES_MAX, pages: SNAPSHOT_PAGES_MAX },
  ) {
    this.dishes = new LRUCache({ max: bounds.dishes });
    this.pages = new LRUCache({ max: bounds.pages });
  }

  get size(): number {
    return this.dishes.size;
  }

  /**
   * Takes in what the database said.
   * @param askedAtMs when it was asked, on the monotonic clock.
   */
  sawDish(dishId: string, dish: Dish | null, askedAtMs: number): void {
    if (dish) this.learn(dish, askedAtMs);
    else this.dishes.delete(dishId);
  }

  sawPage(query: DishesQuery, { dishes, nextCursor }: DishesPage, askedAtMs: number): void {
    for (const dish of dishes) this.learn(dish, askedAtMs);
    this.pages.set(keyOf(query), { dishIds: dishes.map(({ dishId }) => dishId), nextCursor });
  }

  /** Takes in a settled change, this instance's or another's, of dishes that are remembered. */
  sawEntry({ atMs, dishes }: FeedEntry): void {
    for (const row of dishes) {
      const known = this.dishes.peek(row.dishId);
      if (!known || known.dish.version >= row.version) continue;
      const { supplied, available, frozen, sold, onSale, version } = row;
      this.keep({ ...known.dish, supplied, available, frozen, sold, onSale, version, asOf: new Date(atMs).toISOString() });
    }
  }

  /** As it was last seen; null when it never was, or was forgotten. */
  dish(dishId: string): Dish | null {
    const known = this.dishes.get(dishId);
    return known ? { ...known.dish, stale: true } : null;
  }

  /** The page as it was last seen, its dishes as they were last seen; null when any of them is not remembered. */
  page(query: DishesQuery): DishesPage | null {
    const page = this.pages.get(keyOf(query));
    if (!page) return null;
    const dishes: Dish[] = [];
    for (const dishId of page.dishIds) {
      const dish = this.dish(dishId);
      if (!dish) return null;
      dishes.push(dish);
    }
    return { dishes, nextCursor: page.nextCursor };
  }

  /** A change may have overtaken the read. A read that was asked after it and knows less is right: the database was set back. */
  private learn(dish: Dish, askedAtMs: number): void {
    const known = this.dishes.peek(dish.dishId);
    if (known && known.dish.version > dish.version && known.writtenAtMs >= askedAtMs) return;
    this.keep(dish);
  }

  private keep(dish: Dish): void {
    this.dishes.set(dish.dishId, { dish, writtenAtMs: this.clock.monotonicMs() });
  }
}

function keyOf({ storeId, q, limit, cursor }: DishesQuery): string {
  return JSON.stringify([storeId ?? null, q ?? null, limit, cursor?.createdAtMs ?? null, cursor?.id ?? null]);
}
