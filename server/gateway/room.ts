/**
 * One room's voice: gathers what changed and says it at most four times a second, numbered without gaps.
 * It cannot know who listens or whether they heard: a browser that finds a number missing asks for a snapshot.
 */
import type { Clock, Timer } from "../engine/kernel/clock.ts";

/** Four updates a second: as fast as a person reads a changing number, and as the charts draw comfortably. */
export const UPDATE_INTERVAL_MS = 250;

/** What a room tells of. `takeDelta` gives what changed since it was last called, or null. `snapshot` changes nothing. */
export interface RoomSource<Snapshot, Delta> {
  snapshot(): Snapshot;
  takeDelta(): Delta | null;
}

export type Numbered<T> = T & { seq: number; atMs: number };

export class LiveRoom<Snapshot extends object, Delta extends object> {
  private readonly source: RoomSource<Snapshot, Delta>;
  private readonly clock: Clock;
  private readonly nowMs: () => number;
  private readonly listeners = new Set<(delta: Numbered<Delta>) => void>();
  private seq = 0;
  private saidAtMs = Number.NEGATIVE_INFINITY;
  private timer: Timer | null = null;

  constructor(source: RoomSource<Snapshot, Delta>, clock: Clock, nowMs: () => number) {
    this.source = source;
    this.clock = clock;
    this.nowMs = nowMs;
  }

  get occupied(): boolean {
    return this.listeners.size > 0;
  }

  /** The state after everything said so far, and possibly more: saying it again changes nothing. */
  snapshot(): Numbered<Snapshot> {
    return { ...this.source.snapshot(), seq: this.seq, atMs: this.nowMs() };
  }

  listen(listener: (delta: Numbered<Delta>) => void): () => void {
    if (!this.occupied) this.source.takeDelta(); // what changed while nobody listened is in their snapshots
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
      if (!this.occupied) this.stop();
    };
  }

  /** Something may have changed. Costs nothing while nobody listens or an update is due already. */
  poke(): void {
    if (!this.occupied || this.timer !== null) return;
    const waitMs = Math.max(0, this.saidAtMs + UPDATE_INTERVAL_MS - this.clock.monotonicMs());
    this.timer = this.clock.schedule(waitMs, () => {
      this.timer = null;
      this.say();
    });
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = null;
  }

  private say(): void {
    const delta = this.source.takeDelta();
    if (delta === null) return;
    this.saidAtMs = this.clock.monotonicMs();
    this.seq += 1;
    const numbered = { ...delta, seq: this.seq, atMs: this.nowMs() };
    for (const listener of this.listeners) listener(numbered);
  }
}
