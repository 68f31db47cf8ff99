/**
 * The live board: one picture of the installation for everybody who watches it through this process.
 * Fed by the engine's settled changes, its counters once a second, and bounded reads while somebody looks.
 * It cannot change anything, and it may be a moment old; sockets are gateway.ts, pages ask it for their first render.
 */
import type {
  DishesDelta,
  DishesSnapshot,
  OverviewDelta,
  OverviewSnapshot,
  TransactionsDelta,
  TransactionsSnapshot,
} from "../contracts/socket-events.ts";
import type { LocksDelta, LocksSnapshot } from "../contracts/contention.ts";
import type { ReviewDelta, ReviewSnapshot } from "../contracts/review.ts";
import { bucketAt } from "../contracts/demand.ts";
import type { Heartbeat } from "../engine/feed/instances.ts";
import type { FeedEntry } from "../engine/feed/live-feed.ts";
import { realClock } from "../engine/kernel/clock.ts";
import type { Clock, Timer } from "../engine/kernel/clock.ts";
import type { DishRow, EngineHistograms, EngineStats } from "../engine/kernel/types.ts";
import { DishBook } from "./dish-book.ts";
import { DishPages, FIGURES_ALONE } from "./dish-pages.ts";
import type { DishPageReads } from "./dish-pages.ts";
import { DishesSource, OverviewSource } from "./dish-rooms.ts";
import type { LiveReads } from "./live-reads.ts";
import { LOOK_EVERY_MS, LocksSource, type LocksEngine } from "./locks-room.ts";
import { PendingWatch } from "./pending-watch.ts";
import { ReviewSource, type ReadReview } from "./review-room.ts";
import { LiveRoom } from "./room.ts";
import { TierRates, dependenciesOf } from "./tier-rates.ts";

const SECOND_MS = 1_000;
/** The feed may lose entries; reading the menu this often heals what a lost one left behind. */
const MENU_EVERY_SECONDS = 30;
/** New dishes are read a few at a time; the rest waits a second. */
const NEW_DISHES_MAX = 500;
/** While nobody watches they can wait: their first seconds are missing from a line that nobody saw. */
const NEW_DISHES_WAIT_MS = 10_000;

export interface BoardEngine extends LocksEngine {
  onEntry(listener: { entry(entry: FeedEntry): void; heartbeat?(heartbeat: Heartbeat): void; gap?(): void }): () => void;
  stats(): EngineStats;
  histograms(): Pick<EngineHistograms, "tryMs">;
  hear(rows: readonly DishRow[]): void;
}

export interface BoardOptions {
  engine: BoardEngine;
  reads: LiveReads;
  /** For the pages of dishes. Absent: they show figures alone. */
  dishReads?: DishPageReads;
  /** For the review queue. Absent: it is empty. */
  readReview?: ReadReview;
  /** A read failed; the board goes on with what it has. */
  onError: (error: unknown) => void;
  clock?: Clock;
}

type Said<T> = Omit<T, "seq" | "atMs">;

export class LiveBoard {
  private readonly engine: BoardEngine;
  private readonly reads: LiveReads;
  private readonly onError: (error: unknown) => void;
  private readonly clock: Clock;
  private readonly book: DishBook;
  private readonly watch: PendingWatch;
  private readonly tiers = new TierRates();
  private readonly overviewSource: OverviewSource;
  private readonly reviewSource = new ReviewSource();
  private readonly readReview: ReadReview | undefined;
  private reviewFlight: Promise<void> | null = null;
  private reviewAgain = false;
  private readonly unknownDishes = new Set<string>();
  private unknownSinceMs = Number.POSITIVE_INFINITY;
  private databaseAheadMs = 0;
  private postgresReadable = true;
  private pendingFlight: Promise<unknown> | null = null;
  private pendingReadAtMs = Number.NEGATIVE_INFINITY;
  private menuReadAtMs = Number.NEGATIVE_INFINITY;
  private menuFlight: Promise<unknown> | null = null;
  private timer: Timer | null = null;
  private locksTimer: Timer | null = null;
  private unsubscribe: (() => void) | null = null;

  readonly overview: LiveRoom<Said<OverviewSnapshot>, Said<OverviewDelta>>;
  readonly dishes: LiveRoom<Said<DishesSnapshot>, Said<DishesDelta>>;
  readonly transactions: LiveRoom<Said<TransactionsSnapshot>, Said<TransactionsDelta>>;
  readonly locks: LiveRoom<Said<LocksSnapshot>, Said<LocksDelta>>;
  readonly review: LiveRoom<Said<ReviewSnapshot>, Said<ReviewDelta>>;
  readonly dishPages: DishPages;

  constructor({ engine, reads, dishReads = FIGURES_ALONE, readReview, onError, clock = realClock }: BoardOptions) {
    this.engine = engine;
    this.reads = reads;
    this.readReview = readReview;
    this.onError = onError;
    this.clock = clock;
    const nowMs = () => this.nowMs();
    const bucket = () => bucketAt(this.nowMs());
    this.book = new DishBook(bucket());
    this.watch = new PendingWatch(this.book);
    this.overviewSource = new OverviewSource(this.book, {
      nowMs,
      bucket,
      tiers: () => this.tiers.history,
      gauges: () => this.tiers.gauges,
      dependencies: () => dependenciesOf(this.engine.stats(), this.postgresReadable),
    });
    this.overview = new LiveRoom(this.overviewSource, clock, nowMs);
    this.dishes = new LiveRoom(new DishesSource(this.book, bucket), clock, nowMs);
    this.transactions = new LiveRoom(
      {
        snapshot: () => this.watch.view(),
        takeDelta: () => (this.watch.dirty ? this.watch.takeDelta() : null),
      },
      clock,
      nowMs,
    );
    this.locks = new LiveRoom(new LocksSource(engine, this.book, clock, nowMs), clock, nowMs);
    this.review = new LiveRoom(this.reviewSource, clock, nowMs);
    this.dishPages = new DishPages({ book: this.book, reads: dishReads, clock, nowMs, bucket, onError: (error) => this.unread(error), readDish: (dishId) => this.readDish(dishId) });
    this.book.onChange(() => {
      this.overview.poke();
      this.dishes.poke();
    });
  }

  /** Milliseconds since the epoch by the database's clock, as well as this process knows it. */
  nowMs(): number {
    return this.clock.nowMs() + this.databaseAheadMs;
  }

  /** Instances that share this stock and are alive, this one too. */
  instanceCount(): number {
    return this.engine.instances().filter(({ alive }) => alive).length;
  }

  /** Reads the menu and begins to follow the engine. A database that is down does not stop it: it tries again. */
  async start(): Promise<void> {
    this.unsubscribe = this.engine.onEntry({
      entry: (entry) => this.follow(entry),
      heartbeat: ({ instance, stats }) => this.overviewSource.heard(instance, dependenciesOf(stats, true), stats.lock.timedOut),
      gap: () => {
        this.menuReadAtMs = Number.NEGATIVE_INFINITY;
      },
    });
    await this.readMenu();
    this.overviewSource.reorderIfDue();
    this.everySecond();
    this.lookAtLocks();
  }

  stop(): void {
    this.unsubscribe?.();
    this.unsubscribe = null;
    this.timer?.cancel();
    this.timer = null;
    this.locksTimer?.cancel();
    for (const room of [this.overview, this.dishes, this.transactions, this.locks, this.review, this.dishPages]) room.stop();
  }

  /** Pending transactions no older than a second, and dishes that are new, for somebody who just came. */
  async freshPending(): Promise<void> {
    const newDishes = this.unknownDishes.size > 0 ? this.readNewDishes() : null;
    if (this.clock.monotonicMs() - this.pendingReadAtMs >= SECOND_MS) await this.readPending();
    await newDishes;
  }

  /** The review queue as it is now: for somebody who just came, and after somebody worked on a ticket. */
  async freshReview(): Promise<void> {
    // A read under way may have begun before the change that is asked about.
    if (this.reviewFlight !== null) this.reviewAgain = true;
    else
      this.reviewFlight = this.lookAtReview().finally(() => {
        this.reviewFlight = null;
      });
    await this.reviewFlight;
  }

  private async lookAtReview(): Promise<void> {
    const { readReview } = this;
    if (readReview === undefined) return;
    do {
      this.reviewAgain = false;
      await this.read(async () => this.reviewSource.take(await readReview()));
    } while (this.reviewAgain);
    this.review.poke();
  }

  /** @throws when it is not known whether there is such a dish. */
  private async readDish(dishId: string): Promise<void> {
    const isRead = await this.readDishes([dishId]);
    if (!isRead && this.book.get(dishId) === undefined) throw new Error(`the menu cannot be read: nobody knows whether there is a dish ${dishId}`);
  }

  private readNewDishes(): Promise<unknown> {
    const dishIds = [...this.unknownDishes];
    this.unknownDishes.clear();
    return this.readDishes(dishIds);
  }

  private follow(entry: FeedEntry): void {
    for (const row of entry.dishes) {
      if (this.book.apply(row, entry.atMs) || this.unknownDishes.size >= NEW_DISHES_MAX) continue;
      if (this.unknownDishes.size === 0) this.unknownSinceMs = this.clock.monotonicMs();
      this.unknownDishes.add(row.dishId);
    }
    for (const { txId, state } of entry.transactions) {
      if (this.watch.changed(txId, state)) this.transactions.poke();
    }
  }

  /** One pass of what happens each second; tests call it, `everySecond` repeats it. */
  async tick(): Promise<void> {
    const nowMs = this.nowMs();
    this.book.advance(bucketAt(nowMs), nowMs);
    const sample = this.tiers.sample(this.engine.stats(), this.engine.histograms().tryMs, nowMs, this.clock.monotonicMs());
    if (sample !== null) this.overviewSource.sampled(sample);
    this.overviewSource.reorderIfDue();
    this.overview.poke();
    const reads: Promise<unknown>[] = [this.dishPages.tick()];
    if (this.unknownDishes.size > 0 && (this.watched || this.unknownIsOld)) {
      reads.push(this.readNewDishes());
    } else if (this.book.size === 0 || (this.menuIsOld && this.watched)) {
      reads.push(this.readMenu());
    }
    // Away: it is asked for whoever looks, until it answers.
    if (this.transactions.occupied || !this.postgresReadable) reads.push(this.readPending());
    if (this.review.occupied) reads.push(this.freshReview());
    await Promise.all(reads);
  }

  private get unknownIsOld(): boolean {
    return this.clock.monotonicMs() - this.unknownSinceMs >= NEW_DISHES_WAIT_MS;
  }

  private get menuIsOld(): boolean {
    return this.clock.monotonicMs() - this.menuReadAtMs >= MENU_EVERY_SECONDS * SECOND_MS;
  }

  private get watched(): boolean {
    return this.overview.occupied || this.dishes.occupied || !this.postgresReadable;
  }

  private everySecond(): void {
    this.timer = this.clock.schedule(SECOND_MS, () => {
      this.everySecond(); // a slow read must not slow the sampling
      void this.tick();
    });
  }

  /** Contention has no news of its own: it is looked at, while somebody watches. */
  private lookAtLocks(): void {
    this.locksTimer = this.clock.schedule(LOOK_EVERY_MS, () => {
      this.lookAtLocks();
      this.locks.poke();
    });
  }

  /** The whole menu, once at a time. */
  private readMenu(): Promise<unknown> {
    this.menuFlight ??= this.readDishes(null).finally(() => {
      this.menuFlight = null;
    });
    return this.menuFlight;
  }

  /** @param dishIds null: every dish. Never shared: a read that is under way brings what others asked for. */
  private readDishes(dishIds: string[] | null): Promise<boolean> {
    return this.read(async () => {
      const entries = await this.reads.menu(dishIds);
      if (dishIds === null) this.menuReadAtMs = this.clock.monotonicMs();
      this.engine.hear(entries.map(({ row }) => row));
      this.book.load(entries, this.nowMs());
    });
  }

  private readPending(): Promise<unknown> {
    this.pendingFlight ??= this.read(async () => {
      const askedAtMs = this.clock.nowMs();
      const read = await this.reads.pending();
      this.pendingReadAtMs = this.clock.monotonicMs();
      this.databaseAheadMs = Math.round(read.atMs - (askedAtMs + this.clock.nowMs()) / 2);
      if (this.watch.refresh(read)) this.transactions.poke();
    }).finally(() => {
      this.pendingFlight = null;
    });
    return this.pendingFlight;
  }

  /** @returns whether it could be done. */
  private async read(task: () => Promise<void>): Promise<boolean> {
    try {
      await task();
      this.postgresReadable = true;
      this.overview.poke();
      return true;
    } catch (error) {
      this.unread(error);
      return false;
    }
  }

  private unread(error: unknown): void {
    if (this.postgresReadable) this.onError(error); // once, not every second of an outage
    this.postgresReadable = false;
    this.overview.poke();
  }
}
