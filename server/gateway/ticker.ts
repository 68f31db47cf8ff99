/**
 * What happened lately, for a wall: dishes that sold out and came back, stores that went and returned, orders that ran out of
 * time. The last few only; it counts nothing and forgets the rest. Each instance tells what it saw itself.
 */
import { TICKER_MAX } from "../contracts/socket-events.ts";
import type { Dependencies, Mood, TickerEvent, TickerNews } from "../contracts/socket-events.ts";
import type { BookedDish } from "./dish-book.ts";

/** Orders that run out of time come by the hundred: one event for so long. */
const TIMED_OUT_EVERY_MS = 10_000;

export class Ticker {
  /** Newest first. */
  private events: TickerEvent[] = [];
  private untold: TickerEvent[] = [];
  private sequence = 0;
  private readonly moods = new Map<string, Mood>();
  private dependencies: Dependencies | null = null;
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

  /** Once a second. @param timedOut orders that reached their deadline in it. */
  second(dependencies: Dependencies, timedOut: number, atMs: number): void {
    for (const name of ["postgres", "redis"] as const) {
      const state = dependencies[name];
      if (this.dependencies !== null && this.dependencies[name] !== state) this.say({ kind: "DEPENDENCY", name, state }, atMs);
    }
    this.dependencies = dependencies;
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
