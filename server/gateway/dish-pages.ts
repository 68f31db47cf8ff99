/**
 * The rooms of dishes' pages: one for each dish that somebody looks at. Figures come from the book at once; sums, reservations
 * and movements are read anew about once a second, and less often when that is slow: at most a twentieth of a connection's time.
 * It cannot change a dish, and nobody's order waits for it.
 */
import type { Conservation, DishPageDelta, DishPageSnapshot, DishWaits, OpenReservations, StockEvent } from "../contracts/dish-page.ts";
import type { DishCard } from "../contracts/socket-events.ts";
import type { Clock } from "../engine/kernel/clock.ts";
import { toSnapshot, toTick } from "./dish-book.ts";
import type { BookedDish, DishBook } from "./dish-book.ts";
import { LiveRoom } from "./room.ts";
import type { Numbered, RoomSource } from "./room.ts";
import { StockHistory } from "./stock-history.ts";

type Said<T> = Omit<T, "seq" | "atMs">;

/** What is read for one dish's page. `server/console/reads` has the real one. */
export interface DishPageReads {
  /** Null: there is no such dish. */
  stock(dishId: string, storeId: string): Promise<{ conservation: Conservation; open: OpenReservations } | null>;
  events(dishId: string): Promise<StockEvent[]>;
  /** Nothing is read for it: it is known already. */
  waits(dishId: string): DishWaits;
}

const NO_WAITS: DishWaits = { seconds: 0, waits: 0, waitMsMean: 0, waitMsMax: 0, blameMs: 0, holds: 0, holdMsMean: 0, waiting: 0, longestWaitMs: 0, heldMs: null };
export const FIGURES_ALONE: DishPageReads = { stock: async () => null, events: async () => [], waits: () => NO_WAITS };

const READ_EVERY_MS = 1_000;
/** A read that takes long is repeated after so many times its own length. */
const REST_TIMES = 20;
const REST_MS_MAX = 60_000;
/** A page that was rendered and whose socket never came is forgotten after this. */
const UNWATCHED_MS_MAX = 30_000;

interface Parts {
  conservation?: Conservation;
  open?: OpenReservations;
  events?: StockEvent[];
  waits?: DishWaits;
}

export interface DishPagesPorts {
  book: DishBook;
  reads: DishPageReads;
  clock: Clock;
  nowMs(): number;
  bucket(): number;
  onError(error: unknown): void;
  /** Reads one dish into the book, if it exists. @throws when that cannot be found out. */
  readDish(dishId: string): Promise<void>;
}

export class DishPages {
  private readonly pages = new Map<string, DishPage>();

  constructor(private readonly ports: DishPagesPorts) {
    ports.book.onChange((dishId) => this.pages.get(dishId)?.changed());
  }

  /** The page of a dish that may be newer than the book. Null: there is no such dish. @throws when that cannot be found out. */
  async open(dishId: string): Promise<DishPage | null> {
    if (this.ports.book.get(dishId) === undefined) await this.ports.readDish(dishId);
    return this.page(dishId);
  }

  /** Null: the book has no such dish. */
  page(dishId: string): DishPage | null {
    const known = this.pages.get(dishId);
    if (known !== undefined) return known;
    if (this.ports.book.get(dishId) === undefined) return null;
    const page = new DishPage(dishId, this.ports);
    this.pages.set(dishId, page);
    return page;
  }

  /** One pass of what happens each second. */
  async tick(): Promise<void> {
    for (const [dishId, page] of this.pages) if (page.forgotten) this.pages.delete(dishId);
    await Promise.all([...this.pages.values()].map((page) => page.refreshIfDue()));
  }

  stop(): void {
    for (const page of this.pages.values()) page.room.stop();
    this.pages.clear();
  }
}

export class DishPage implements RoomSource<Said<DishPageSnapshot>, Said<DishPageDelta>> {
  readonly room: LiveRoom<Said<DishPageSnapshot>, Said<DishPageDelta>>;
  private parts: Parts = {};
  private readonly said: Record<keyof Parts, string> = { conservation: "", open: "", events: "", waits: "" };
  private ticked = false;
  private cardSaid: DishCard;
  private flight: Promise<void> | null = null;
  private readableAtMs = Number.NEGATIVE_INFINITY;
  private watchedAtMs: number;
  private failed = false;

  constructor(private readonly dishId: string, private readonly ports: DishPagesPorts) {
    this.cardSaid = this.dish.card;
    this.watchedAtMs = ports.clock.monotonicMs();
    this.room = new LiveRoom(this, ports.clock, ports.nowMs);
  }

  get forgotten(): boolean {
    const nowMs = this.ports.clock.monotonicMs();
    if (this.room.occupied) this.watchedAtMs = nowMs;
    return nowMs - this.watchedAtMs > UNWATCHED_MS_MAX;
  }

  /** With everything that can be read, for somebody who just came. */
  async fresh(): Promise<Numbered<Said<DishPageSnapshot>>> {
    if (this.parts.conservation === undefined || !this.room.occupied) await this.refresh();
    return this.room.snapshot();
  }

  /** Something was done to the dish: what is on screen is read anew now, not in a second. */
  async look(): Promise<void> {
    await this.flight;
    await this.refresh();
  }

  changed(): void {
    this.ticked = true;
    this.room.poke();
  }

  async refreshIfDue(): Promise<void> {
    if (!this.room.occupied) return;
    this.parts.waits = this.ports.reads.waits(this.dishId);
    this.room.poke();
    if (this.ports.clock.monotonicMs() >= this.readableAtMs) await this.refresh();
  }

  snapshot(): Said<DishPageSnapshot> {
    const { dish } = this;
    const bucket = this.ports.bucket();
    return { bucket, card: dish.card, dish: toSnapshot(dish), history: (dish.history ?? new StockHistory(dish.sinceBucket, dish.row)).toPoints(bucket), ...this.parts };
  }

  takeDelta(): Said<DishPageDelta> | null {
    const delta: Said<DishPageDelta> = { bucket: this.ports.bucket() };
    if (this.ticked) delta.tick = toTick(this.dish);
    this.ticked = false;
    if (this.cardSaid !== this.dish.card) delta.card = this.cardSaid = this.dish.card;
    for (const part of ["conservation", "open", "events", "waits"] as const) {
      if (this.parts[part] === undefined) continue;
      const text = JSON.stringify(this.parts[part]);
      if (this.said[part] === text) continue;
      this.said[part] = text;
      Object.assign(delta, { [part]: this.parts[part] });
    }
    return Object.keys(delta).length > 1 ? delta : null;
  }

  private get dish(): BookedDish {
    return this.ports.book.get(this.dishId) as BookedDish;
  }

  private refresh(): Promise<void> {
    this.flight ??= this.read().finally(() => {
      this.flight = null;
    });
    return this.flight;
  }

  private async read(): Promise<void> {
    const { clock, reads, onError } = this.ports;
    const startedAtMs = clock.monotonicMs();
    try {
      const [stock, events] = await Promise.all([reads.stock(this.dishId, this.dish.card.storeId), reads.events(this.dishId)]);
      this.parts = { ...this.parts, ...stock, events, waits: reads.waits(this.dishId) };
      this.failed = false;
      this.room.poke();
    } catch (error) {
      if (!this.failed) onError(error); // once, not every second of an outage
      this.failed = true;
    }
    const tookMs = clock.monotonicMs() - startedAtMs;
    this.readableAtMs = clock.monotonicMs() + Math.min(REST_MS_MAX, Math.max(READ_EVERY_MS / 2, REST_TIMES * tookMs));
  }
}
