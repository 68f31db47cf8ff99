/**
 * What of the menu is listed, and in which order: read from the address, written to it, applied to dishes.
 * Server (first screen) and browser run the same code. It cannot know when to apply it: the list does that, so that rows keep still.
 */
import type { Locale } from "@/server/contracts/console";
import type { DishCard, Mood } from "@/server/contracts/socket-events";

export const DISH_STATES = ["all", "on-sale", "soon-out", "sold-out", "paused"] as const;
export type DishState = (typeof DISH_STATES)[number];

export const DISH_SORTS = ["rate", "out", "left", "name", "store", "price"] as const;
export type DishSort = (typeof DISH_SORTS)[number];

/** Sorts by what changes while one looks; the others stay as they are. */
export const LIVE_SORTS: ReadonlySet<DishSort> = new Set(["rate", "out", "left"]);

/** The direction a first click gives: what is most urgent comes first. */
const DESCENDING_FIRST: ReadonlySet<DishSort> = new Set(["rate", "price"]);

export interface DishQuery {
  q: string;
  /** Null: every store. */
  storeId: string | null;
  state: DishState;
  sort: DishSort;
  descending: boolean;
}

export const EVERYTHING: DishQuery = { q: "", storeId: null, state: "all", sort: "rate", descending: true };

export const SEARCH_LENGTH_MAX = 100;

/** What is compared of a dish. */
export interface ListedDish {
  card: DishCard;
  available: number;
  perMinute: number;
  mood: Mood;
}

export function readQuery(params: { get(name: string): string | null }): DishQuery {
  const state = params.get("state");
  const sort = params.get("sort");
  const direction = params.get("dir");
  const known = DISH_SORTS.find((each) => each === sort) ?? EVERYTHING.sort;
  return {
    q: (params.get("q") ?? "").slice(0, SEARCH_LENGTH_MAX),
    storeId: params.get("store")?.slice(0, 64) || null,
    state: DISH_STATES.find((each) => each === state) ?? "all",
    sort: known,
    descending: direction === null ? DESCENDING_FIRST.has(known) : direction === "desc",
  };
}

/** The address of a query, without what is as it always is. */
export function addressOf(query: DishQuery): string {
  const params = new URLSearchParams();
  if (query.q.trim() !== "") params.set("q", query.q);
  if (query.storeId !== null) params.set("store", query.storeId);
  if (query.state !== "all") params.set("state", query.state);
  const usual = DESCENDING_FIRST.has(query.sort);
  if (query.sort !== EVERYTHING.sort || query.descending !== usual) params.set("sort", query.sort);
  if (query.descending !== usual) params.set("dir", query.descending ? "desc" : "asc");
  const text = params.toString();
  return text === "" ? "/dishes" : `/dishes?${text}`;
}

/** A click on a column: its own direction first, then the other one. */
export function sortedBy(query: DishQuery, sort: DishSort): DishQuery {
  const descending = query.sort === sort ? !query.descending : DESCENDING_FIRST.has(sort);
  return { ...query, sort, descending };
}

export function isFiltered({ q, storeId, state }: DishQuery): boolean {
  return q.trim() !== "" || storeId !== null || state !== "all";
}

export function isInState({ mood }: ListedDish, state: DishState): boolean {
  switch (state) {
    case "all":
      return true;
    case "on-sale":
      return mood !== "paused";
    case "soon-out":
      return mood === "low";
    case "sold-out":
      return mood === "soldOut";
    case "paused":
      return mood === "paused";
  }
}

/** Names in both languages, the store's and the ids: a person types whatever is at hand. */
export function searchTextOf({ dishId, storeId, names, storeNames }: DishCard): string {
  return [names.en, names["zh-CN"], dishId, storeNames.en, storeNames["zh-CN"], storeId].join("\n").toLowerCase();
}

/** Every word must be found, in any order. */
export function wordsOf(q: string): string[] {
  return q.toLowerCase().split(/\s+/).filter((word) => word !== "");
}

export function matches(dish: ListedDish, searchText: string, query: DishQuery, words: readonly string[]): boolean {
  if (query.storeId !== null && dish.card.storeId !== query.storeId) return false;
  return isInState(dish, query.state) && words.every((word) => searchText.includes(word));
}

/** Fewer portions a minute than this say nothing about when a dish will be gone. */
const FORECAST_RATE_MIN = 2;

/** Minutes until the last portion goes; infinite when nothing says so. */
export function minutesToSellOut({ available, perMinute }: Pick<ListedDish, "available" | "perMinute">): number {
  if (available <= 0) return 0;
  return perMinute < FORECAST_RATE_MIN ? Number.POSITIVE_INFINITY : available / perMinute;
}

export type Compare = (a: ListedDish, b: ListedDish) => number;

/** Where each dish stands by its own or its store's name. */
export type NameRanks = (sort: "name" | "store") => ReadonlyMap<string, number>;

/** Comparing names takes a microsecond or two, so it is done once for a menu and not at every letter that is typed. */
export function rankNames(sort: "name" | "store", dishes: Iterable<ListedDish>, locale: Locale): Map<string, number> {
  const collator = new Intl.Collator(locale, { numeric: true });
  const texts = [...dishes].map(({ card }) => ({ dishId: card.dishId, text: (sort === "name" ? card.names : card.storeNames)[locale] }));
  texts.sort((a, b) => collator.compare(a.text, b.text));
  const ranks = new Map<string, number>();
  let rank = 0;
  for (const [at, { dishId, text }] of texts.entries()) {
    if (at > 0 && collator.compare((texts[at - 1] as { text: string }).text, text) !== 0) rank += 1;
    ranks.set(dishId, rank);
  }
  return ranks;
}

/** Ties go by id, so that an order is the same wherever it is made. */
export function comparing({ sort, descending }: DishQuery, ranksOf: NameRanks): Compare {
  const byId = (a: ListedDish, b: ListedDish) => (a.card.dishId < b.card.dishId ? -1 : 1);
  const sign = descending ? -1 : 1;
  const by = (value: (dish: ListedDish) => number): Compare => (a, b) => sign * difference(value(a), value(b)) || byId(a, b);
  switch (sort) {
    case "rate":
      return by((dish) => dish.perMinute);
    case "left":
      return by((dish) => dish.available);
    case "price":
      return by((dish) => dish.card.priceCents);
    case "out":
      // Those without a forecast come last in either direction: they say nothing.
      return (a, b) => {
        const [x, y] = [minutesToSellOut(a), minutesToSellOut(b)];
        if (Number.isFinite(x) !== Number.isFinite(y)) return Number.isFinite(x) ? -1 : 1;
        return (Number.isFinite(x) ? sign * difference(x, y) : difference(b.perMinute, a.perMinute)) || byId(a, b);
      };
    case "name":
    case "store": {
      const ranks = ranksOf(sort);
      return by((dish) => ranks.get(dish.card.dishId) ?? 0);
    }
  }
}

function difference(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
