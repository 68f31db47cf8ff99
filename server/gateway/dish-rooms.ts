/**
 * What the rooms `overview` and `dishes` tell of. The overview watches the hottest dishes and those that run out, a bounded
 * number; `dishes` watches the whole menu. Neither decides an order more often than it announced.
 */
import type {
  DishesDelta,
  DishesSnapshot,
  OverviewDelta,
  OverviewSnapshot,
  Dependencies,
  TierGauges,
  TierSample,
} from "../contracts/socket-events.ts";
import { toSnapshot, toTick } from "./dish-book.ts";
import type { BookedDish, DishBook } from "./dish-book.ts";
import type { RoomSource } from "./room.ts";
import { Ticker } from "./ticker.ts";

/** What fits on a wall without scrolling, twice. */
const HOT_DISHES_MAX = 24;
/** Per kind. More than this is not a list to read but a number: the totals say it. */
const URGENT_DISHES_MAX = 60;
/** Rows keep their places this long; the screen counts it down. */
export const ORDER_INTERVAL_MS = 30_000;

type Unnumbered<T> = Omit<T, "seq" | "atMs">;

export interface OverviewFigures {
  bucket(): number;
  nowMs(): number;
  tiers(): TierSample[];
  gauges(): TierGauges;
  dependencies(): Dependencies;
}

export class OverviewSource implements RoomSource<Unnumbered<OverviewSnapshot>, Unnumbered<OverviewDelta>> {
  private readonly book: DishBook;
  private readonly figures: OverviewFigures;
  private hot: string[] = [];
  private nextOrderAtMs = 0;
  private watched = new Set<string>();
  private readonly changed = new Set<string>();
  private orderChanged = false;
  private totalsSaid = "";
  private dependenciesSaid = "";
  private tier: TierSample | null = null;
  private readonly ticker = new Ticker();

  constructor(book: DishBook, figures: OverviewFigures) {
    this.book = book;
    this.figures = figures;
    book.onChange((dishId) => {
      this.changed.add(dishId);
      const dish = book.get(dishId);
      if (dish !== undefined) this.ticker.dish(dish, figures.nowMs());
    });
  }

  sampled(sample: TierSample): void {
    this.tier = sample;
    this.ticker.second(this.figures.dependencies(), sample.lock.refused, sample.atMs);
  }

  /** Another instance said how it fares. */
  heard(instance: string, dependencies: Dependencies, timedOut: number): void {
    this.ticker.other(instance, dependencies, timedOut, this.figures.nowMs());
  }

  /** Ranks the dishes anew when the announced time has come. @returns whether it did. */
  reorderIfDue(): boolean {
    const nowMs = this.figures.nowMs();
    // A clock that was set back must not freeze the order for hours.
    const due = nowMs >= this.nextOrderAtMs || this.nextOrderAtMs - nowMs > ORDER_INTERVAL_MS;
    if (!due && this.hot.length > 0) return false;
    this.hot = this.book.hottest(HOT_DISHES_MAX);
    this.nextOrderAtMs = nowMs + ORDER_INTERVAL_MS;
    this.orderChanged = true;
    return true;
  }

  snapshot(): Unnumbered<OverviewSnapshot> {
    const dishes = this.read(this.inView());
    return {
      bucket: this.figures.bucket(),
      cards: dishes.map((dish) => dish.card),
      dishes: dishes.map(toSnapshot),
      hot: this.hot,
      nextOrderAtMs: this.nextOrderAtMs,
      totals: this.book.totals(),
      tiers: [...this.figures.tiers()],
      gauges: this.figures.gauges(),
      dependencies: this.figures.dependencies(),
      events: this.ticker.recent(),
    };
  }

  takeDelta(): Unnumbered<OverviewDelta> | null {
    const delta: Unnumbered<OverviewDelta> = { bucket: this.figures.bucket() };
    const inView = this.inView();
    const entered = this.read([...inView].filter((dishId) => !this.watched.has(dishId)));
    const left = [...this.watched].filter((dishId) => !inView.has(dishId));
    const ticked = this.read([...this.changed].filter((dishId) => this.watched.has(dishId) && inView.has(dishId)));
    this.watched = inView;
    this.changed.clear();
    if (entered.length > 0) {
      delta.cards = entered.map((dish) => dish.card);
      delta.entered = entered.map(toSnapshot);
    }
    if (left.length > 0) delta.left = left;
    if (ticked.length > 0) delta.ticks = ticked.map(toTick);
    if (this.orderChanged) {
      delta.hot = this.hot;
      delta.nextOrderAtMs = this.nextOrderAtMs;
      this.orderChanged = false;
    }
    const totals = this.book.totals();
    if (this.totalsSaid !== (this.totalsSaid = JSON.stringify(totals))) delta.totals = totals;
    const dependencies = this.figures.dependencies();
    if (this.dependenciesSaid !== (this.dependenciesSaid = JSON.stringify(dependencies))) {
      delta.dependencies = dependencies;
    }
    if (this.tier !== null) {
      delta.tier = this.tier;
      delta.gauges = this.figures.gauges();
      this.tier = null;
    }
    const events = this.ticker.takeUntold();
    if (events.length > 0) delta.events = events;
    return Object.keys(delta).length > 1 ? delta : null;
  }

  private inView(): Set<string> {
    const inView = new Set(this.hot);
    for (const mood of ["soldOut", "low"] as const) {
      const urgent = [...this.book.withMood(mood)];
      if (urgent.length > URGENT_DISHES_MAX) urgent.sort((a, b) => this.urgency(b) - this.urgency(a));
      for (const dishId of urgent.slice(0, URGENT_DISHES_MAX)) inView.add(dishId);
    }
    return inView;
  }

  private urgency(dishId: string): number {
    const dish = this.book.get(dishId);
    return dish === undefined ? 0 : dish.demand.total + dish.soldOutAtMs / 1e13;
  }

  private read(dishIds: Iterable<string>): BookedDish[] {
    return [...dishIds].map((dishId) => this.book.get(dishId)).filter((dish) => dish !== undefined);
  }
}

export class DishesSource implements RoomSource<Unnumbered<DishesSnapshot>, Unnumbered<DishesDelta>> {
  private readonly book: DishBook;
  private readonly bucket: () => number;
  private readonly changed = new Set<string>();
  private readonly told = new Set<string>();

  constructor(book: DishBook, bucket: () => number) {
    this.book = book;
    this.bucket = bucket;
    book.onChange((dishId) => void this.changed.add(dishId));
  }

  snapshot(): Unnumbered<DishesSnapshot> {
    const dishes = [...this.book.ids()].map((dishId) => this.book.get(dishId) as BookedDish);
    return { bucket: this.bucket(), cards: dishes.map((dish) => dish.card), dishes: dishes.map(toSnapshot) };
  }

  takeDelta(): Unnumbered<DishesDelta> | null {
    if (this.changed.size === 0) return null;
    const delta: Unnumbered<DishesDelta> = { bucket: this.bucket() };
    const dishes = [...this.changed].map((dishId) => this.book.get(dishId)).filter((dish) => dish !== undefined);
    const entered = dishes.filter((dish) => !this.told.has(dish.card.dishId));
    const ticked = dishes.filter((dish) => this.told.has(dish.card.dishId));
    for (const dish of entered) this.told.add(dish.card.dishId);
    this.changed.clear();
    if (entered.length > 0) {
      delta.cards = entered.map((dish) => dish.card);
      delta.entered = entered.map(toSnapshot);
    }
    if (ticked.length > 0) delta.ticks = ticked.map(toTick);
    return delta;
  }
}
