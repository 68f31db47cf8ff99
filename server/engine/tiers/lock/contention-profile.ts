/**
 * ContentionProfile measures who makes whom wait, as Go's profiles do: blame is charged to the dishes whose batches held
 * others up (mutex profile), pain to the dishes whose operations waited (block profile, weighted by waiters).
 * It sees one instance, samples, and forgets: windows, not lifetime totals. It changes nothing.
 */
import type { Clock } from "../../kernel/clock.ts";

/** The unit of grouping for the heat map: coarse enough to draw, fine enough that one hot dish stands out. */
export const SEGMENTS = 64;

/** One wait in this many is measured, and counts as many times. At 1 every wait is: for debugging. */
export const SAMPLE_EVERY_DEFAULT = 8;

/** Seconds that are kept: the longest window a screen or a profile may ask for. */
export const WINDOW_SECONDS_MAX = 300;

/** Dishes measured apart in one second; what comes on top is added up under OTHER_DISHES. A city's hot dishes fit ten times. */
const DISHES_PER_SECOND_MAX = 256;

export const OTHER_DISHES = "(other dishes)";

/** FNV-1a, 32 bits (Fowler, Noll, Vo), folded to a segment. */
export function segmentOf(dishId: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < dishId.length; i++) hash = Math.imul(hash ^ dishId.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % SEGMENTS;
}

/** Milliseconds and counts, sampled ones scaled up. */
export interface Contention {
  /** How long this dish's batches kept others waiting, added up over those who waited. */
  blameMs: number;
  /** How long operations that want this dish waited, whatever for. */
  painMs: number;
  waits: number;
  waitMsMax: number;
  /** Batches that held it, and for how long. */
  holds: number;
  holdMs: number;
}

export interface ProfileWindow {
  seconds: number;
  sampleEvery: number;
  dishes: ({ dishId: string; segment: number } & Contention)[];
  /** By segment: blame and pain, in milliseconds. */
  segments: { blameMs: number; painMs: number }[];
}

/** A batch that took its locks. */
export interface HeldBatch {
  dishIds: ReadonlySet<string>;
  startedAtMs: number;
}

/** An operation and when it came. */
export interface Waiter {
  dishIds: readonly string[];
  sinceMs: number;
}

interface Second {
  number: number;
  dishes: Map<string, Contention>;
}

export class ContentionProfile {
  /** See SAMPLE_EVERY_DEFAULT; may be changed at any time. */
  sampleEvery = SAMPLE_EVERY_DEFAULT;
  private readonly seconds: Second[] = [];
  private batchCount = 0;
  private waitCount = 0;

  constructor(private readonly clock: Clock) {}

  /** A batch took its locks: `waiter` was in it and had waited since it came. */
  waited({ dishIds, sinceMs }: Waiter, nowMs: number): void {
    if (++this.waitCount % this.sampleEvery !== 0) return;
    const waitMs = nowMs - sinceMs;
    for (const dishId of dishIds) {
      const contention = this.at(dishId, nowMs);
      contention.painMs += waitMs * this.sampleEvery;
      contention.waits += this.sampleEvery;
      contention.waitMsMax = Math.max(contention.waitMsMax, waitMs);
    }
  }

  /** A batch gave its locks back while `waiting` stood behind it: the time they spent behind it is its doing. */
  released(batch: HeldBatch, waiting: Iterable<Waiter>, nowMs: number): void {
    if (++this.batchCount % this.sampleEvery !== 0) return;
    const holdMs = nowMs - batch.startedAtMs;
    for (const dishId of batch.dishIds) {
      const contention = this.at(dishId, nowMs);
      contention.holds += this.sampleEvery;
      contention.holdMs += holdMs * this.sampleEvery;
    }
    for (const { dishIds, sinceMs } of waiting) {
      const delayMs = nowMs - Math.max(sinceMs, batch.startedAtMs);
      for (const dishId of dishIds) {
        if (batch.dishIds.has(dishId)) this.at(dishId, nowMs).blameMs += delayMs * this.sampleEvery;
      }
    }
  }

  /** The last `seconds`, the whole of the current one included; worst dishes first. */
  window(seconds: number): ProfileWindow {
    const fromSecond = Math.floor(this.clock.monotonicMs() / 1000) - Math.min(seconds, WINDOW_SECONDS_MAX);
    const total = new Map<string, Contention>();
    for (const second of this.seconds) {
      if (second.number <= fromSecond) continue;
      for (const [dishId, contention] of second.dishes) add(entry(total, dishId), contention);
    }
    const segments: ProfileWindow["segments"] = [];
    while (segments.length < SEGMENTS) segments.push({ blameMs: 0, painMs: 0 });
    const dishes = [...total].map(([dishId, contention]) => {
      const segment = segmentOf(dishId);
      if (dishId !== OTHER_DISHES) {
        (segments[segment] as { blameMs: number; painMs: number }).blameMs += contention.blameMs;
        (segments[segment] as { blameMs: number; painMs: number }).painMs += contention.painMs;
      }
      return { dishId, segment, ...contention };
    });
    dishes.sort((a, b) => b.blameMs + b.painMs - (a.blameMs + a.painMs) || (a.dishId < b.dishId ? -1 : 1));
    return { seconds, sampleEvery: this.sampleEvery, dishes, segments };
  }

  private at(dishId: string, nowMs: number): Contention {
    const number = Math.floor(nowMs / 1000);
    let second = this.seconds.at(-1);
    if (!second || second.number < number) {
      second = { number, dishes: new Map() };
      this.seconds.push(second);
      while ((this.seconds[0] as Second).number <= number - WINDOW_SECONDS_MAX) this.seconds.shift();
    }
    const full = second.dishes.size >= DISHES_PER_SECOND_MAX && !second.dishes.has(dishId);
    return entry(second.dishes, full ? OTHER_DISHES : dishId);
  }
}

function entry(dishes: Map<string, Contention>, dishId: string): Contention {
  let contention = dishes.get(dishId);
  if (!contention) {
    contention = { blameMs: 0, painMs: 0, waits: 0, waitMsMax: 0, holds: 0, holdMs: 0 };
    dishes.set(dishId, contention);
  }
  return contention;
}

function add(total: Contention, part: Contention): void {
  total.blameMs += part.blameMs;
  total.painMs += part.painMs;
  total.waits += part.waits;
  total.waitMsMax = Math.max(total.waitMsMax, part.waitMsMax);
  total.holds += part.holds;
  total.holdMs += part.holdMs;
}
