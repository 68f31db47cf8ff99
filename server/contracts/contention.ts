/**
 * Contention as the screen shows it: what each instance says of itself, and the sum over all of them. Plain data and pure
 * functions, for server and browser. It measures nothing: the engine's lock tier does.
 * Times ending in Ms are milliseconds; `…AtMs` is since the epoch.
 */
import type { DishCard } from "./socket-events.ts";

/** The unit of the heat map: dishes fall into one by FNV-1a of their id. */
export const SEGMENTS = 64;

/** Windows that can be looked at, in seconds, as far as the engine keeps them. */
export const CONTENTION_WINDOWS = [10, 60, 300] as const;
export type ContentionSeconds = (typeof CONTENTION_WINDOWS)[number];

export interface DishContention {
  dishId: string;
  segment: number;
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

export interface SegmentContention {
  blameMs: number;
  painMs: number;
}

export interface ContentionWindow {
  seconds: number;
  sampleEvery: number;
  /** Worst first. */
  dishes: DishContention[];
  segments: SegmentContention[];
}

export interface LockChain {
  dishId: string;
  /** Null: nobody holds it. */
  heldMs: number | null;
  lane: number | null;
  batch: number | null;
  operations: number | null;
  /** The head of the queue: `tx` or `action` and its id. */
  queue: { key: string; lane: "move" | "try"; waitedMs: number }[];
  waiting: number;
  longestWaitMs: number;
}

/** One batch gave a dish back, and those who had waited for it left with another. */
export interface LockHandover {
  atMs: number;
  dishId: string;
  from: number;
  to: number;
  lane: number;
  woken: number;
  waitMsMax: number;
}

export const LOCK_EVENT_KINDS = ["HELD_TOO_LONG", "STARVED", "PAST_DEADLINE"] as const;
export type LockEventKind = (typeof LOCK_EVENT_KINDS)[number];

export interface LockEvent {
  number: number;
  kind: LockEventKind;
  atMs: number;
  untilMs: number;
  /** False while it may still grow. */
  over: boolean;
  dishIds: string[];
  batch: number | null;
  lane: number | null;
  /** Operations in that batch; or how many waiters it befell. */
  operations: number;
  /** The longest hold, or wait. */
  ms: number;
}

export type Circuit = "closed" | "open" | "halfOpen";

/** What an instance did per second lately, by the difference of two of its heartbeats. */
export interface LockRates {
  /** Operations that left in a batch, and batches. */
  operations: number;
  batches: number;
  /** Swaps that lost against another and went again. */
  casRetries: number;
  /** Operations whose deadline passed while they waited. */
  timedOut: number;
}

export interface InstanceLocks {
  instance: string;
  alive: boolean;
  startedAtMs: number;
  /** By the database's clock, as every time of this instance here. */
  heardAtMs: number;
  waiting: number;
  inFlight: number;
  circuits: { postgres: Circuit; redis: Circuit };
  /** Participants whose breaker is not closed: the first few. */
  troubled: { participant: string; circuit: Circuit }[];
  rates: LockRates;
  /** Batches lately by size: up to 1, 2, 4 … 256 operations. */
  batchSizes: number[];
  sampleEvery: number;
  windows: ContentionWindow[];
  chains: LockChain[];
  /** Newest last, as are the events. */
  handovers: LockHandover[];
  events: LockEvent[];
}

export interface LocksSnapshot {
  seq: number;
  atMs: number;
  /** The instance that serves this page: traces and profiles are its own. */
  own: string;
  /** Names of the dishes that are spoken of. */
  cards: DishCard[];
  /** In order of their start. */
  instances: InstanceLocks[];
}

export interface LocksDelta {
  seq: number;
  atMs: number;
  cards?: DishCard[];
  /** Instances of which something changed; of their windows only those that did. */
  changed?: InstanceLocks[];
  /** Instances that are remembered no longer. */
  gone?: string[];
}

// ---- over all instances ---------------------------------------------------------------------------------------------

/** The sum over instances; worst dishes first. Each has told of its worst dishes only, so a sum may miss what was small everywhere. */
export function mergeWindows(seconds: number, windows: readonly ContentionWindow[]): ContentionWindow {
  const dishes = new Map<string, DishContention>();
  const segments = Array.from({ length: SEGMENTS }, () => ({ blameMs: 0, painMs: 0 }));
  for (const window of windows) {
    for (const part of window.dishes) {
      const total = dishes.get(part.dishId);
      if (total === undefined) {
        dishes.set(part.dishId, { ...part });
        continue;
      }
      total.blameMs += part.blameMs;
      total.painMs += part.painMs;
      total.waits += part.waits;
      total.waitMsMax = Math.max(total.waitMsMax, part.waitMsMax);
      total.holds += part.holds;
      total.holdMs += part.holdMs;
    }
    for (const [place, { blameMs, painMs }] of window.segments.entries()) {
      const segment = segments[place];
      if (segment === undefined) continue;
      segment.blameMs += blameMs;
      segment.painMs += painMs;
    }
  }
  const sampleEvery = Math.max(1, ...windows.map((window) => window.sampleEvery));
  return { seconds, sampleEvery, dishes: [...dishes.values()].sort(worseFirst), segments };
}

function worseFirst(a: DishContention, b: DishContention): number {
  return b.blameMs + b.painMs - (a.blameMs + a.painMs) || (a.dishId < b.dishId ? -1 : 1);
}

export interface MergedChain extends LockChain {
  instance: string;
}

export interface MergedEvent extends LockEvent {
  instance: string;
  /** Distinct over all instances. */
  id: string;
}

export interface MergedLocks {
  window: ContentionWindow;
  waiting: number;
  inFlight: number;
  rates: LockRates;
  batchSizes: number[];
  /** Longest first. */
  chains: MergedChain[];
  /** Newest first. */
  handovers: (LockHandover & { instance: string })[];
  /** What goes on first, then the newest. */
  events: MergedEvent[];
}

/**
 * What several instances say, as one. Of the silent ones only the events count: their queues and their last seconds are over,
 * or nobody knows them.
 */
export function mergeLocks(seconds: ContentionSeconds, instances: readonly InstanceLocks[]): MergedLocks {
  const alive = instances.filter((instance) => instance.alive);
  const sum = (figure: (instance: InstanceLocks) => number) => alive.reduce((total, instance) => total + figure(instance), 0);
  const windows = alive.flatMap((instance) => instance.windows.find((window) => window.seconds === seconds) ?? []);
  const sizes = Math.max(0, ...alive.map((instance) => instance.batchSizes.length));
  return {
    window: mergeWindows(seconds, windows),
    waiting: sum(({ waiting }) => waiting),
    inFlight: sum(({ inFlight }) => inFlight),
    rates: {
      operations: sum(({ rates }) => rates.operations),
      batches: sum(({ rates }) => rates.batches),
      casRetries: sum(({ rates }) => rates.casRetries),
      timedOut: sum(({ rates }) => rates.timedOut),
    },
    batchSizes: Array.from({ length: sizes }, (_, place) => sum(({ batchSizes }) => batchSizes[place] ?? 0)),
    chains: alive
      .flatMap(({ instance, chains }) => chains.map((chain) => ({ ...chain, instance })))
      .sort((a, b) => b.waiting - a.waiting || b.longestWaitMs - a.longestWaitMs || (a.dishId < b.dishId ? -1 : 1)),
    handovers: alive
      .flatMap(({ instance, handovers }) => handovers.map((handover) => ({ ...handover, instance })))
      .sort((a, b) => b.atMs - a.atMs || b.to - a.to),
    events: instances
      .flatMap(({ instance, events, alive: lives }) =>
        events.map((event) => ({ ...event, over: event.over || !lives, instance, id: `${instance}:${event.number}` })),
      )
      .sort((a, b) => Number(a.over) - Number(b.over) || b.atMs - a.atMs || b.number - a.number),
  };
}

// ---- what measuring costs -------------------------------------------------------------------------------------------

/** Measured on two cores: recording one wait, and looking at one waiter when a measured batch lands. About 0.2 µs each. */
const WAIT_COST_MS = 0.000_2;
const LOOK_COST_MS = 0.000_2;

export interface SamplingCost {
  /** Waits measured per second. */
  measured: number;
  /** Share of one core, 0 … 1, of the instance that has most to do. */
  coreShare: number;
}

/** What a sampling rate costs at the present load. */
export function samplingCost(every: number, instances: readonly Pick<InstanceLocks, "alive" | "rates" | "waiting">[]): SamplingCost {
  const alive = instances.filter((instance) => instance.alive);
  const measured = alive.reduce((total, { rates }) => total + rates.operations, 0) / every;
  const shares = alive.map(({ rates, waiting }) => (rates.operations * WAIT_COST_MS + rates.batches * waiting * LOOK_COST_MS) / every / 1_000);
  return { measured, coreShare: Math.min(1, Math.max(0, ...shares)) };
}

/** What the sampling rate may be: one wait in so many. */
export const SAMPLE_EVERY_CHOICES = [1, 2, 5, 8, 10, 20, 50, 100] as const;
export const SAMPLE_EVERY_DEFAULT = 8;

export interface SamplingAnswer {
  every: number;
  /** True when this action key had been used for the same request before. */
  replayed: boolean;
}

// ---- one second of batches ------------------------------------------------------------------------------------------

export const LANE_CAPTURE_SECONDS = 1;

/** Times in milliseconds, `from` since the capture began; a batch that left before is drawn from there. */
export interface LaneBatch {
  batch: number;
  lane: number;
  fromMs: number;
  /** From taking its locks to giving them back, its two stages in it. */
  heldMs: number;
  redisMs: number;
  ledgerMs: number;
  /** How long the first of its operations had waited when it left. */
  waitMsMax: number;
  operations: number;
  /** The batch that had held a dish of it. */
  wokenBy: number | null;
  /** The first few of its dishes, and how many there are. */
  dishIds: string[];
  dishes: number;
}

export interface LaneCapture {
  instance: string;
  spanMs: number;
  batches: LaneBatch[];
  /** Batches for which there was no room. */
  leftOut: number;
}
