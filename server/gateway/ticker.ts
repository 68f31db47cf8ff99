/**
 * What happened lately, for a wall: dishes that sold out and came back, stores that went and returned, orders that ran out of
 * time. The last few only; it counts nothing and forgets the rest. It tells of all instances: dishes come by the feed, and
 * what the others went through by their heartbeats; of an instance that nobody hears it knows nothing.
 */
import { TICKER_MAX } from "../contracts/socket-events.ts";
import type { Dependencies, DependencyState, Mood, TickerEvent, TickerNews } from "../contracts/socket-events.ts";
import type { BookedDish } from "./dish-book.ts";

/** Orders that run out of time come by the hundred: one event for so long. */
const TIMED_OUT_EVERY_MS = 10_000;

/** Three heartbeats: whoever has been silent for longer is dead, or cut off. */
export const OTHERS_SILENT_MS_MAX = 6_000;

/** Others that are followed at once: as many as heartbeats are kept of. */
const OTHERS_MAX = 100;

const WORST_FIRST: readonly DependencyState[] = ["down", "probing", "up"];

interface Other {
  dependencies: Dependencies;
  /** Operations that ran out of time there, since it started. */
  timedOut: number;
  heardAtMs: number;
}

interface Told {
  state: DependencyState;
  /** At every instance, or it was at some time since. */
  everywhere: boolean;
}

export class Ticker {
  /** Newest first. */
  private events: TickerEvent[] = [];
  private untold: TickerEvent[] = [];
  private sequence = 0;
  private readonly moods = new Map<string, Mood>();
  /** The worst of all instances, as it was told last. */
  private dependencies: Record<keyof Dependencies, Told> | null = null;
  private readonly others = new Map<string, Other>();
  private timedOut = 0;
  private timedOutAtMs = Number.NEGATIVE_INFINITY;

  /** A dish may have changed. What it was when it was first seen is no news. */
  dish({ card: { dishId, names }, mood }: BookedDish, atMs: number): void {
    const before = this.moods.get(dishId);
    if (before === mood) return;
    this.moods.set(dishId, mood);
    if (before === undefined) return;
    if (mood === "soldOut") this.say({ kind: "SOLD_OUT", dishId, names }, atMs);
    else if (mood === "paused") this.say({ kind: "PAUSED", dishId, names }, atMs);
    else if (before === "paused") this.say({ kind: "RESUMED", dishId, names }, atMs);
    else if (before === "soldOut") this.say({ kind: "BACK", dishId, names }, atMs);
  }

  /** Another instance said how it fares. What it went through before it was first heard is no news. @param timedOut since it started. */
  other(instance: string, dependencies: Dependencies, timedOut: number, heardAtMs: number): void {
    const before = this.others.get(instance);
    if (before === undefined && this.others.size >= OTHERS_MAX) return;
    this.timedOut += Math.max(0, timedOut - (before?.timedOut ?? timedOut));
    this.others.set(instance, { dependencies, timedOut, heardAtMs });
  }

  /** Once a second. @param dependencies and @param timedOut of this instance: orders that reached their deadline in that second. */
  second(dependencies: Dependencies, timedOut: number, atMs: number): void {
    for (const [instance, { heardAtMs }] of this.others) if (atMs - heardAtMs > OTHERS_SILENT_MS_MAX) this.others.delete(instance);
    const all = [dependencies, ...[...this.others.values()].map((other) => other.dependencies)];
    const told = {} as Record<keyof Dependencies, Told>;
    for (const name of ["postgres", "redis"] as const) {
      const state = worstOf(all.map((each) => each[name]));
      const count = all.filter((each) => each[name] === state).length;
      const at = count === all.length ? null : { count, of: all.length };
      const before = this.dependencies?.[name];
      // First at some of them, then at the rest: two events, however many there are.
      const spread = before?.state === state && !before.everywhere && at === null;
      if (before !== undefined && (before.state !== state || spread)) this.say({ kind: "DEPENDENCY", name, state, at }, atMs);
      told[name] = { state, everywhere: at === null || (before?.state === state && before.everywhere) };
    }
    this.dependencies = told;
    this.timedOut += timedOut;
    const due = atMs - this.timedOutAtMs >= TIMED_OUT_EVERY_MS || atMs < this.timedOutAtMs;
    if (this.timedOut === 0 || !due) return;
    this.say({ kind: "TIMED_OUT", operations: this.timedOut }, atMs);
    this.timedOut = 0;
    this.timedOutAtMs = atMs;
  }

  recent(): readonly TickerEvent[] {
    return this.events;
  }

  /** What came since it was last asked for, newest first. */
  takeUntold(): TickerEvent[] {
    const { untold } = this;
    this.untold = [];
    return untold;
  }

  private say(news: TickerNews, atMs: number): void {
    this.sequence += 1;
    const event: TickerEvent = { id: this.sequence, atMs, ...news };
    this.events = [event, ...this.events.slice(0, TICKER_MAX - 1)];
    this.untold = [event, ...this.untold.slice(0, TICKER_MAX - 1)];
  }
}

function worstOf(states: readonly DependencyState[]): DependencyState {
  return WORST_FIRST.find((state) => states.includes(state)) ?? "up";
}
