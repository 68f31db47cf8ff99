/**
 * The whole menu in the browser, live: figures change at once, rows only when asked or at a slow beat. Filled by the room
 * `dishes`; one record a dish is changed in place, and a view of it is made only for rows that are on screen.
 * It cannot scroll or draw: dish-list.tsx does.
 */
import type { Locale } from "@/server/contracts/console";
import { DemandRing, bucketAt } from "@/server/contracts/demand";
import { MOODS } from "@/server/contracts/socket-events";
import type { DishCard, DishSnapshot, DishTick, DishesDelta, DishesSnapshot } from "@/server/contracts/socket-events";
import type { DishView } from "../live/dish-views";
import { comparing, DISH_STATES, isInState, LIVE_SORTS, matches, rankNames, searchTextOf, wordsOf } from "./query";
import type { DishQuery, DishState, ListedDish } from "./query";

/** Rows keep their places this long, unless somebody asks. */
export const BEAT_MS = 30_000;

export interface FirstScreen {
  /** Only the dishes of the first screen, in their order. */
  snapshot: DishesSnapshot;
  /** How many match in all: the list has its height from the start. */
  matching: number;
  counts: Record<DishState, number>;
  stores: Store[];
}

export interface Store {
  storeId: string;
  names: DishCard["storeNames"];
  dishes: number;
}

interface Listed extends ListedDish {
  tick: DishTick;
  ring: DemandRing;
  searchText: string;
  /** Null: changed since it was last asked for. */
  view: DishView | null;
}

export interface ListState {
  /** In their order; ids beyond what is known yet are absent, `length` counts them. */
  dishIds: readonly string[];
  length: number;
  /** All dishes are here, not only the first screen. */
  complete: boolean;
  counts: Record<DishState, number>;
  stores: readonly Store[];
  /** Dishes that match now and are not in the list, and those in it that no longer match. */
  joining: number;
  leaving: number;
  /** When the rows are put in order next, by the server's clock. */
  nextBeatAtMs: number;
  /** Somebody points at the rows: the beat waits. */
  held: boolean;
}

type Listener = () => void;

export class DishTable {
  private readonly dishes = new Map<string, Listed>();
  private readonly rowListeners = new Map<string, Set<Listener>>();
  private readonly listListeners = new Set<Listener>();
  private seq = -1;
  private bucket: number;
  private holds = 0;
  /** Made when they are asked for, void when a dish comes. */
  private ranks: { name?: ReadonlyMap<string, number>; store?: ReadonlyMap<string, number> } = {};
  private state: ListState;

  constructor(first: FirstScreen, private query: DishQuery, private readonly locale: Locale, private readonly nowMs: () => number) {
    this.bucket = first.snapshot.bucket;
    this.enter(first.snapshot.cards, first.snapshot.dishes, first.snapshot.bucket);
    this.state = {
      dishIds: first.snapshot.dishes.map(({ tick }) => tick[0]),
      length: first.matching,
      complete: first.matching <= first.snapshot.dishes.length && first.counts.all <= first.snapshot.dishes.length,
      counts: first.counts,
      stores: first.stores,
      joining: 0,
      leaving: 0,
      nextBeatAtMs: first.snapshot.atMs + BEAT_MS,
      held: false,
    };
  }

  // ---- reading ------------------------------------------------------------------------------------------------------

  list = (): ListState => this.state;

  view(dishId: string): DishView | undefined {
    const dish = this.dishes.get(dishId);
    if (dish === undefined) return undefined;
    dish.view ??= viewOf(dish);
    return dish.view;
  }

  onList = (listener: Listener): (() => void) => {
    this.listListeners.add(listener);
    return () => void this.listListeners.delete(listener);
  };

  onRow(dishId: string, listener: Listener): () => void {
    const listeners = this.rowListeners.get(dishId) ?? new Set();
    this.rowListeners.set(dishId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.rowListeners.get(dishId) === listeners) this.rowListeners.delete(dishId);
    };
  }

  // ---- what the socket says -----------------------------------------------------------------------------------------

  reset(snapshot: DishesSnapshot): void {
    this.seq = snapshot.seq;
    this.bucket = snapshot.bucket;
    this.enter(snapshot.cards, snapshot.dishes, snapshot.bucket);
    for (const [dishId, listeners] of this.rowListeners) if (this.dishes.has(dishId)) for (const listener of listeners) listener();
    if (this.state.complete) this.judge();
    else this.reorder();
  }

  /** @returns false when a number is missing: ask for a snapshot. */
  apply(delta: DishesDelta): boolean {
    if (delta.seq <= this.seq) return true;
    if (this.seq < 0 || delta.seq !== this.seq + 1) return false;
    this.seq = delta.seq;
    this.advance(delta.bucket);
    if (delta.entered !== undefined) this.enter(delta.cards ?? [], delta.entered, delta.bucket);
    for (const tick of delta.ticks ?? []) {
      const dish = this.dishes.get(tick[0]);
      if (dish === undefined) continue;
      dish.ring.set(delta.bucket, tick[7]);
      this.show(dish, tick);
    }
    return true;
  }

  // ---- what the person at the screen does ---------------------------------------------------------------------------

  setQuery(query: DishQuery): void {
    if (JSON.stringify(query) === JSON.stringify(this.query)) return;
    this.query = query;
    this.reorder();
  }

  /** Somebody points at the rows, or goes through them by keyboard. */
  hold(held: boolean): void {
    this.holds = Math.max(0, this.holds + (held ? 1 : -1));
    if (this.state.held === this.holds > 0) return;
    this.say({ held: this.holds > 0 });
  }

  /** Puts the rows in order by what is known now. */
  reorder(): void {
    const words = wordsOf(this.query.q);
    const compare = comparing(this.query, this.ranksOf);
    const found: Listed[] = [];
    for (const dish of this.dishes.values()) if (matches(dish, dish.searchText, this.query, words)) found.push(dish);
    found.sort(compare);
    const dishIds = found.map(({ card }) => card.dishId);
    const complete = this.seq >= 0;
    this.say({
      dishIds,
      length: dishIds.length,
      complete,
      joining: 0,
      leaving: 0,
      nextBeatAtMs: this.nowMs() + BEAT_MS,
      ...(complete ? { counts: this.count(), stores: this.stores() } : {}),
    });
  }

  /** Once a second: demand lines move on although nothing is said, the hint is brought up to date, the beat comes. */
  everySecond(): void {
    const nowMs = this.nowMs();
    this.advance(bucketAt(nowMs));
    if (!this.state.complete) return;
    const due = nowMs >= this.state.nextBeatAtMs || this.state.nextBeatAtMs - nowMs > BEAT_MS;
    if (due && !this.state.held) {
      if (this.waits()) this.reorder();
      else this.say({ nextBeatAtMs: nowMs + BEAT_MS });
    }
    this.judge();
  }

  // -------------------------------------------------------------------------------------------------------------------

  private waits(): boolean {
    return LIVE_SORTS.has(this.query.sort) || this.state.joining > 0 || this.state.leaving > 0;
  }

  /** Who would come and who would go; nobody does. */
  private judge(): void {
    const words = wordsOf(this.query.q);
    const listed = new Set(this.state.dishIds);
    let joining = 0;
    let leaving = 0;
    for (const [dishId, dish] of this.dishes) {
      const belongs = matches(dish, dish.searchText, this.query, words);
      if (belongs && !listed.has(dishId)) joining += 1;
      else if (!belongs && listed.has(dishId)) leaving += 1;
    }
    const counts = this.count();
    const before = this.state;
    const same = joining === before.joining && leaving === before.leaving && DISH_STATES.every((state) => counts[state] === before.counts[state]);
    if (!same) this.say({ joining, leaving, counts });
  }

  private count(): Record<DishState, number> {
    const counts: Record<DishState, number> = { all: 0, "on-sale": 0, "soon-out": 0, "sold-out": 0, paused: 0 };
    for (const dish of this.dishes.values()) {
      for (const state of DISH_STATES) if (isInState(dish, state)) counts[state] += 1;
    }
    return counts;
  }

  private stores(): Store[] {
    return storesOf([...this.dishes.values()].map(({ card }) => card), this.locale);
  }

  private readonly ranksOf = (sort: "name" | "store"): ReadonlyMap<string, number> => {
    const ranks = this.ranks[sort] ?? rankNames(sort, this.dishes.values(), this.locale);
    this.ranks[sort] = ranks;
    return ranks;
  };

  private enter(cards: readonly DishCard[], snapshots: readonly DishSnapshot[], bucket: number): void {
    const known = new Map(cards.map((card) => [card.dishId, card]));
    if (snapshots.length > 0) this.ranks = {};
    for (const { tick, demand } of snapshots) {
      const card = known.get(tick[0]) ?? this.dishes.get(tick[0])?.card;
      if (card === undefined) continue;
      const ring = new DemandRing(bucket, demand);
      this.dishes.set(card.dishId, listedOf(card, tick, ring));
      this.tellRow(card.dishId);
    }
  }

  private show(dish: Listed, tick: DishTick): void {
    dish.tick = tick;
    dish.available = tick[3];
    dish.mood = MOODS[tick[6]] ?? "selling";
    dish.perMinute = dish.ring.perMinute;
    dish.view = null;
    this.tellRow(tick[0]);
  }

  private advance(bucket: number): void {
    if (bucket <= this.bucket) return;
    this.bucket = bucket;
    for (const [dishId, dish] of this.dishes) {
      if (!dish.ring.advance(bucket)) continue;
      dish.perMinute = dish.ring.perMinute;
      dish.view = null;
      this.tellRow(dishId);
    }
  }

  private tellRow(dishId: string): void {
    const listeners = this.rowListeners.get(dishId);
    if (listeners !== undefined) for (const listener of listeners) listener();
  }

  private say(change: Partial<ListState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listListeners) listener();
  }
}

/** The part of a snapshot that fills a screen, made on the server for the first picture. */
export function firstScreen(snapshot: DishesSnapshot, query: DishQuery, locale: Locale, rowsMax: number): FirstScreen {
  const cards = new Map(snapshot.cards.map((card) => [card.dishId, card]));
  const words = wordsOf(query.q);
  const counts: Record<DishState, number> = { all: 0, "on-sale": 0, "soon-out": 0, "sold-out": 0, paused: 0 };
  const found: { listed: Listed; of: DishSnapshot }[] = [];
  for (const dish of snapshot.dishes) {
    const card = cards.get(dish.tick[0]);
    if (card === undefined) continue;
    const listed = listedOf(card, dish.tick, new DemandRing(snapshot.bucket, dish.demand));
    for (const state of DISH_STATES) if (isInState(listed, state)) counts[state] += 1;
    if (matches(listed, listed.searchText, query, words)) found.push({ listed, of: dish });
  }
  const compare = comparing(query, (sort) => rankNames(sort, found.map(({ listed }) => listed), locale));
  found.sort((a, b) => compare(a.listed, b.listed));
  const shown = found.slice(0, rowsMax);
  return {
    snapshot: { ...snapshot, cards: shown.map(({ listed }) => listed.card), dishes: shown.map(({ of }) => of) },
    matching: found.length,
    counts,
    stores: storesOf(snapshot.cards, locale),
  };
}

function storesOf(cards: readonly DishCard[], locale: Locale): Store[] {
  const stores = new Map<string, Store>();
  for (const { storeId, storeNames } of cards) {
    const store = stores.get(storeId);
    if (store === undefined) stores.set(storeId, { storeId, names: storeNames, dishes: 1 });
    else store.dishes += 1;
  }
  const collator = new Intl.Collator(locale, { numeric: true });
  return [...stores.values()].sort((a, b) => collator.compare(a.names[locale], b.names[locale]) || (a.storeId < b.storeId ? -1 : 1));
}

function listedOf(card: DishCard, tick: DishTick, ring: DemandRing): Listed {
  return { card, tick, ring, available: tick[3], perMinute: ring.perMinute, mood: MOODS[tick[6]] ?? "selling", searchText: searchTextOf(card), view: null };
}

function viewOf({ card, tick, ring, mood, perMinute }: Listed): DishView {
  const [, version, supplied, available, frozen, sold, , , soldOutAtMs] = tick;
  return { card, version, supplied, available, frozen, sold, mood, soldOutAtMs, perMinute, demand: ring.toArray() };
}
