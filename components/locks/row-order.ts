/**
 * Where rows stand, so that none jumps under a hand: in a ranking rows change places only now and then, and never while
 * somebody points at them; in a list of short-lived things each keeps its place until it has been gone for a while.
 */

/** A ranking is made anew this often: soon enough to follow a rush, seldom enough to read a row. */
export const RANK_EVERY_MS = 5_000;

/** What ended keeps its place this long: most queues come back with the next batch. */
export const LINGER_MS = 4_000;

export class Ranking {
  private order: string[] = [];
  private rankedAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly max: number) {}

  /**
   * @param wanted ids, the first first.
   * @returns ids in the order to show: those who came meanwhile stand at the end, those who left have gone.
   */
  rank(wanted: readonly string[], nowMs: number, held: boolean): readonly string[] {
    const present = new Set(wanted);
    const due = nowMs - this.rankedAtMs >= RANK_EVERY_MS || nowMs < this.rankedAtMs;
    if ((due && !held) || this.order.length === 0) {
      this.order = wanted.slice(0, this.max);
      this.rankedAtMs = nowMs;
      return this.order;
    }
    const kept = this.order.filter((id) => present.has(id));
    const known = new Set(kept);
    this.order = [...kept, ...wanted.filter((id) => !known.has(id))].slice(0, this.max);
    return this.order;
  }
}

export interface Slot<T> {
  id: string;
  value: T;
  /** False: it ended a moment ago, and only keeps its place. */
  here: boolean;
}

export class Slots<T> {
  private readonly places: ({ id: string; value: T; seenAtMs: number } | null)[];

  constructor(count: number) {
    this.places = new Array(count).fill(null);
  }

  /** @param items the most important first; those for whom there is no place are not shown. */
  fill(items: readonly { id: string; value: T }[], nowMs: number): readonly (Slot<T> | null)[] {
    const present = new Set(items.map(({ id }) => id));
    for (const [place, taken] of this.places.entries()) {
      if (taken && !present.has(taken.id) && nowMs - taken.seenAtMs >= LINGER_MS) this.places[place] = null;
    }
    for (const { id, value } of items) {
      const own = this.places.findIndex((taken) => taken?.id === id);
      const place = own >= 0 ? own : this.free(present);
      if (place >= 0) this.places[place] = { id, value, seenAtMs: nowMs };
    }
    return this.places.map((taken) => taken && { id: taken.id, value: taken.value, here: present.has(taken.id) });
  }

  /** An empty place, or the one whose thing ended longest ago. */
  private free(present: ReadonlySet<string>): number {
    const empty = this.places.indexOf(null);
    if (empty >= 0) return empty;
    let place = -1;
    for (const [index, taken] of this.places.entries()) {
      if (taken === null || present.has(taken.id)) continue;
      if (place < 0 || taken.seenAtMs < (this.places[place]?.seenAtMs ?? 0)) place = index;
    }
    return place;
  }
}
