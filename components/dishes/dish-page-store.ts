/**
 * One dish's page in the browser: filled by the room `dish:<id>`. Figures change with every delta, the other parts when they
 * are told anew. It keeps the chart's points, at most one a second over five minutes.
 */
import { BUCKET_MS, DemandRing, bucketAt } from "@/server/contracts/demand";
import type { DishPageDelta, DishPageSnapshot } from "@/server/contracts/dish-page";
import { MOODS } from "@/server/contracts/socket-events";
import type { DishTick } from "@/server/contracts/socket-events";
import type { DishView } from "../live/dish-views";

export const CHART_SECONDS = 300;

export interface ChartPoint {
  atMs: number;
  available: number;
  frozen: number;
}

export interface DishPageView extends Pick<DishPageSnapshot, "conservation" | "open" | "events" | "waits"> {
  dish: DishView;
  points: readonly ChartPoint[];
}

type Listener = () => void;

export class DishPageStore {
  private readonly listeners = new Set<Listener>();
  private seq: number;
  private tick: DishTick;
  private ring: DemandRing;
  private current: DishPageView;

  constructor(snapshot: DishPageSnapshot) {
    this.seq = snapshot.seq;
    this.tick = snapshot.dish.tick;
    this.ring = new DemandRing(snapshot.bucket, snapshot.dish.demand);
    this.current = this.viewOf(snapshot);
  }

  view = (): DishPageView => this.current;

  subscribe = (listener: Listener): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  reset(snapshot: DishPageSnapshot): void {
    this.seq = snapshot.seq;
    this.tick = snapshot.dish.tick;
    this.ring = new DemandRing(snapshot.bucket, snapshot.dish.demand);
    this.say(this.viewOf(snapshot));
  }

  /** @returns false when a number is missing: ask for a snapshot. */
  apply(delta: DishPageDelta): boolean {
    if (delta.seq <= this.seq) return true;
    if (delta.seq !== this.seq + 1) return false;
    this.seq = delta.seq;
    const { seq: _, atMs, bucket, tick, card, ...parts } = delta;
    this.ring.advance(bucket);
    if (tick !== undefined) {
      this.ring.set(bucket, tick[7]);
      this.tick = tick;
    }
    const before = this.current;
    const shown = tick !== undefined || card !== undefined;
    const dish = shown ? this.dishOf(card ?? before.dish.card) : before.dish;
    this.say({ ...before, ...parts, dish, points: tick === undefined ? before.points : withPoint(before.points, atMs, dish) });
    return true;
  }

  /** Once a second: time passes on the chart although nothing happens. */
  everySecond(nowMs: number): void {
    const moved = this.ring.advance(bucketAt(nowMs));
    const { dish, points } = this.current;
    this.say({ ...this.current, dish: moved ? this.dishOf(dish.card) : dish, points: withPoint(points, nowMs, dish) });
  }

  private viewOf({ seq: _, atMs, bucket, card, dish: __, history, ...parts }: DishPageSnapshot): DishPageView {
    const dish = this.dishOf(card);
    // A bucket's figures are those of its end; the one that is open ends now.
    const points = history.map(([at, available, frozen]) => ({ atMs: at >= bucket ? atMs : (at + 1) * BUCKET_MS, available, frozen }));
    return { ...parts, dish, points: withPoint(points, atMs, dish) };
  }

  private dishOf(card: DishView["card"]): DishView {
    const [, version, supplied, available, frozen, sold, mood, , soldOutAtMs] = this.tick;
    const { ring } = this;
    return { card, version, supplied, available, frozen, sold, mood: MOODS[mood] ?? "selling", soldOutAtMs, perMinute: ring.perMinute, demand: ring.toArray() };
  }

  private say(view: DishPageView): void {
    this.current = view;
    for (const listener of this.listeners) listener();
  }
}

/** One point a second: a later one of the same second takes its place. */
function withPoint(points: readonly ChartPoint[], atMs: number, { available, frozen }: DishView): ChartPoint[] {
  const second = Math.floor(atMs / 1_000);
  const oldestMs = atMs - CHART_SECONDS * 1_000;
  const kept = points.filter((point) => point.atMs >= oldestMs && Math.floor(point.atMs / 1_000) < second);
  return [...kept.slice(1 - CHART_SECONDS), { atMs, available, frozen }];
}
