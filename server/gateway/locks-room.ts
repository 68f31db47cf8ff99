/**
 * What the room `locks` tells of: contention, queues and events of every instance, as each says of itself with its heartbeat.
 * It adds nothing up over instances: browsers do, because they choose the window and the instances.
 */
import type { Circuit, ContentionWindow, InstanceLocks, LockRates, LocksDelta, LocksSnapshot } from "../contracts/contention.ts";
import type { DishCard } from "../contracts/socket-events.ts";
import type { InstanceView } from "../engine/feed/instances.ts";
import type { Clock } from "../engine/kernel/clock.ts";
import type { ProfileWindow } from "../engine/tiers/lock/contention-profile.ts";
import type { DishBook } from "./dish-book.ts";
import type { RoomSource } from "./room.ts";

/** Twice a second: as often as a queue is worth looking at. Other instances speak every two seconds anyway. */
export const LOOK_EVERY_MS = 500;

/** Rates are of so long: shorter, and a quiet dish would flicker between none and one. */
const RATE_MS = 10_000;

/** An instance of which nothing changes is told again this often: that it was heard is news, too. */
const TOLD_EVERY_MS = 2_000;

/** Clocks of two machines drift and messages take a while; a smaller difference is not told as one. */
const CLOCK_STEP_MS = 500;

type Unnumbered<T> = Omit<T, "seq" | "atMs">;

export interface LocksEngine {
  readonly instance: string;
  instances(): InstanceView[];
}

interface Sample extends LockRates {
  atMs: number;
  sizes: readonly number[];
}

interface Known {
  samples: Sample[];
  /** How far the database's clock is ahead of the instance's. */
  aheadMs: number;
}

export class LocksSource implements RoomSource<Unnumbered<LocksSnapshot>, Unnumbered<LocksDelta>> {
  private readonly known = new Map<string, Known>();
  private now: InstanceLocks[] = [];
  private lookedAtMs = Number.NEGATIVE_INFINITY;
  /** What was said last: of an instance without its windows, of each window, and which dishes were named. */
  private readonly saidInstances = new Map<string, { text: string; atMs: number }>();
  private readonly saidWindows = new Map<string, string>();
  private readonly saidCards = new Set<string>();

  constructor(
    private readonly engine: LocksEngine,
    private readonly book: DishBook,
    private readonly clock: Clock,
    /** The database's clock. */
    private readonly nowMs: () => number,
  ) {}

  snapshot(): Unnumbered<LocksSnapshot> {
    this.look();
    return { own: this.engine.instance, instances: this.now, cards: this.cards(() => true) };
  }

  takeDelta(): Unnumbered<LocksDelta> | null {
    this.look();
    const changed = this.now.flatMap((instance) => this.news(instance) ?? []);
    const gone = [...this.saidInstances.keys()].filter((name) => !this.now.some(({ instance }) => instance === name));
    for (const name of gone) this.forget(name);
    const cards = this.cards((dishId) => !this.saidCards.has(dishId));
    for (const { dishId } of cards) this.saidCards.add(dishId);
    if (changed.length === 0 && gone.length === 0 && cards.length === 0) return null;
    return { ...(changed.length > 0 && { changed }), ...(gone.length > 0 && { gone }), ...(cards.length > 0 && { cards }) };
  }

  private look(): void {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.lookedAtMs < LOOK_EVERY_MS / 2) return; // several who come at once see the same
    this.lookedAtMs = nowMs;
    const views = this.engine.instances();
    this.now = views.map((view) => this.shown(view));
    for (const name of this.known.keys()) if (!views.some(({ instance }) => instance === name)) this.known.delete(name);
  }

  private shown(view: InstanceView): InstanceLocks {
    const { instance, alive, silentMs, stats, contention, longer, chains } = view;
    const { rates, batchSizes, aheadMs } = this.follow(view);
    const windows = [contention, ...longer].map(roundedWindow);
    return {
      instance,
      alive,
      startedAtMs: view.startedAtMs + aheadMs,
      heardAtMs: Math.round(this.nowMs() - silentMs),
      waiting: stats.lock.waiting,
      inFlight: stats.lock.inFlight,
      circuits: { postgres: stats.tcc.circuit satisfies Circuit, redis: stats.redis.circuit satisfies Circuit },
      troubled: view.troubled,
      rates,
      batchSizes,
      sampleEvery: view.sampling.every,
      windows,
      chains: chains.map(({ queue, heldMs, longestWaitMs, ...chain }) => ({
        ...chain,
        heldMs: heldMs === null ? null : tenths(heldMs),
        longestWaitMs: tenths(longestWaitMs),
        queue: queue.map(({ waitedMs, ...waiter }) => ({ ...waiter, waitedMs: tenths(waitedMs) })),
      })),
      handovers: view.handovers.map((handover) => ({ ...handover, atMs: handover.atMs + aheadMs, waitMsMax: tenths(handover.waitMsMax) })),
      events: view.events.map((event) => ({ ...event, atMs: event.atMs + aheadMs, untilMs: event.untilMs + aheadMs, ms: tenths(event.ms) })),
    };
  }

  /** Keeps what the rates are made of. */
  private follow({ instance, atMs, silentMs, stats, batchSizes }: InstanceView): { rates: LockRates; batchSizes: number[]; aheadMs: number } {
    const heardAtMs = this.clock.monotonicMs() - silentMs;
    const aheadMs = Math.round(this.nowMs() - silentMs - atMs);
    const known = this.known.get(instance) ?? { samples: [], aheadMs };
    this.known.set(instance, known);
    if (Math.abs(known.aheadMs - aheadMs) > CLOCK_STEP_MS) known.aheadMs = aheadMs;
    const { samples } = known;
    if (samples.length === 0 || heardAtMs - (samples.at(-1) as Sample).atMs > LOOK_EVERY_MS / 2) {
      const { lock, cas } = stats;
      samples.push({ atMs: heardAtMs, operations: lock.batched, batches: lock.batches, casRetries: cas.casRetries, timedOut: lock.timedOut, sizes: batchSizes.counts });
    }
    while (samples.length > 2 && heardAtMs - (samples[1] as Sample).atMs >= RATE_MS) samples.shift();
    const [first, last] = [samples[0] as Sample, samples.at(-1) as Sample];
    const seconds = Math.max(0.001, (last.atMs - first.atMs) / 1_000);
    const perSecond = (figure: keyof LockRates) => Math.round(((last[figure] - first[figure]) / seconds) * 10) / 10;
    return {
      rates: { operations: perSecond("operations"), batches: perSecond("batches"), casRetries: perSecond("casRetries"), timedOut: perSecond("timedOut") },
      // No batch is larger than the largest bound: its bucket above that stays empty.
      batchSizes: last.sizes.slice(0, -1).map((count, place) => count - (first.sizes[place] ?? 0)),
      aheadMs: known.aheadMs,
    };
  }

  /** What has to be said of an instance, or null. */
  private news({ windows, heardAtMs, ...rest }: InstanceLocks): InstanceLocks | null {
    const { instance } = rest;
    const changedWindows = windows.filter((window) => this.isNews(`${instance} ${window.seconds}`, JSON.stringify(window)));
    const text = JSON.stringify(rest);
    const said = this.saidInstances.get(instance);
    const nowMs = this.clock.monotonicMs();
    if (changedWindows.length === 0 && said?.text === text && nowMs - said.atMs < TOLD_EVERY_MS) return null;
    this.saidInstances.set(instance, { text, atMs: nowMs });
    return { ...rest, heardAtMs, windows: changedWindows };
  }

  private isNews(key: string, text: string): boolean {
    if (this.saidWindows.get(key) === text) return false;
    this.saidWindows.set(key, text);
    return true;
  }

  private forget(name: string): void {
    this.saidInstances.delete(name);
    for (const key of this.saidWindows.keys()) if (key.startsWith(`${name} `)) this.saidWindows.delete(key);
  }

  /** Cards of the dishes that are spoken of; one that was put on the menu a moment ago may have none yet. */
  private cards(wanted: (dishId: string) => boolean): DishCard[] {
    const dishIds = new Set<string>();
    for (const { windows, chains, handovers, events } of this.now) {
      for (const { dishes } of windows) for (const { dishId } of dishes) dishIds.add(dishId);
      for (const { dishId } of [...chains, ...handovers]) dishIds.add(dishId);
      for (const event of events) for (const dishId of event.dishIds) dishIds.add(dishId);
    }
    return [...dishIds].filter(wanted).flatMap((dishId) => this.book.get(dishId)?.card ?? []);
  }
}

function roundedWindow({ seconds, sampleEvery, dishes, segments }: ProfileWindow): ContentionWindow {
  return {
    seconds,
    sampleEvery,
    dishes: dishes.map((dish) => ({ ...dish, blameMs: tenths(dish.blameMs), painMs: tenths(dish.painMs), waitMsMax: tenths(dish.waitMsMax), holdMs: tenths(dish.holdMs) })),
    segments: segments.map(({ blameMs, painMs }) => ({ blameMs: tenths(blameMs), painMs: tenths(painMs) })),
  };
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
