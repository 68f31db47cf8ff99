/**
 * Dishes as the screen shows them. Each view is immutable and replaced when its figures change, so one tick renders one row.
 */
import { BUCKETS, DemandRing } from "@/server/contracts/demand";
import { MOODS } from "@/server/contracts/socket-events";
import type { DishCard, DishSnapshot, DishTick, Mood } from "@/server/contracts/socket-events";

export interface DishView {
  card: DishCard;
  version: number;
  supplied: number;
  available: number;
  frozen: number;
  sold: number;
  mood: Mood;
  /** 0: not known. */
  soldOutAtMs: number;
  perMinute: number;
  /** Portions taken per five seconds, oldest first. */
  demand: number[];
}

export class DishViews {
  private readonly cards = new Map<string, DishCard>();
  private readonly rings = new Map<string, DemandRing>();
  private readonly views = new Map<string, DishView>();

  get(dishId: string): DishView | undefined {
    return this.views.get(dishId);
  }

  all(): IterableIterator<DishView> {
    return this.views.values();
  }

  clear(): void {
    this.cards.clear();
    this.rings.clear();
    this.views.clear();
  }

  enter(cards: readonly DishCard[], snapshots: readonly DishSnapshot[], bucket: number): string[] {
    for (const card of cards) this.cards.set(card.dishId, card);
    for (const { tick, demand } of snapshots) {
      this.rings.set(tick[0], new DemandRing(bucket, demand));
      this.show(tick);
    }
    return snapshots.map(({ tick }) => tick[0]);
  }

  /** @returns the dish whose view changed, or null for one we do not watch. */
  tick(tick: DishTick, bucket: number): string | null {
    const ring = this.rings.get(tick[0]);
    if (ring === undefined) return null;
    ring.set(bucket, tick[7]);
    this.show(tick);
    return tick[0];
  }

  leave(dishId: string): void {
    this.cards.delete(dishId);
    this.rings.delete(dishId);
    this.views.delete(dishId);
  }

  /** Time passes: demand lines move on. @returns the dishes whose view changed. */
  advance(bucket: number): string[] {
    const moved: string[] = [];
    for (const [dishId, ring] of this.rings) {
      if (!ring.advance(bucket)) continue;
      const view = this.views.get(dishId);
      if (view === undefined) continue;
      this.views.set(dishId, { ...view, perMinute: ring.perMinute, demand: ring.toArray() });
      moved.push(dishId);
    }
    return moved;
  }

  private show(tick: DishTick): void {
    const [dishId, version, supplied, available, frozen, sold, mood, , soldOutAtMs] = tick;
    const card = this.cards.get(dishId);
    if (card === undefined) return;
    const ring = this.rings.get(dishId);
    this.views.set(dishId, {
      card,
      version,
      supplied,
      available,
      frozen,
      sold,
      mood: MOODS[mood] ?? "selling",
      soldOutAtMs,
      perMinute: ring?.perMinute ?? 0,
      demand: ring?.toArray() ?? new Array<number>(BUCKETS).fill(0),
    });
  }
}

/** Minutes until the last portion goes at the last minute's demand; null when that says nothing. */
export function minutesLeft(view: DishView): number | null {
  if (view.available === 0 || view.perMinute < 2) return null;
  return view.available / view.perMinute;
}
