/**
 * Rounds repeats a bounded pass when its time has come, one pass at a time. It knows nothing of the work: whoever hears of some
 * says when it is due. A pass that fails is not repeated by itself: what it left is expected again by whoever knows of it.
 */
import type { Clock, Timer } from "./clock.ts";

export interface RoundsPorts {
  clock: Clock;
  /** How often this asks itself whether a pass is due: from one pass to the next at least. */
  everyMs: number;
  pass(): Promise<unknown>;
  /** Asked each time: another way to be due. */
  wanted?(): boolean;
}

export class Rounds {
  private dueAtMs = Number.POSITIVE_INFINITY;
  private timer: Timer | null = null;
  private passing: Promise<unknown> = Promise.resolve();
  private stopped = false;

  constructor(private readonly ports: RoundsPorts) {}

  start(): void {
    if (this.stopped) return;
    this.timer = this.ports.clock.schedule(this.ports.everyMs, () => this.look());
  }

  /** Work will be due then: the next pass comes no later. */
  expect(inMs: number): void {
    this.dueAtMs = Math.min(this.dueAtMs, this.ports.clock.monotonicMs() + inMs);
  }

  /** Resolves when no pass is under way any more. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    await this.passing;
  }

  private look(): void {
    const next = (): void => this.start();
    const wanted = this.ports.wanted?.() ?? false;
    if (!wanted && this.ports.clock.monotonicMs() < this.dueAtMs) {
      next();
      return;
    }
    this.dueAtMs = Number.POSITIVE_INFINITY; // what is expected from now on is the next pass's
    this.passing = this.ports.pass().then(next, next);
  }
}
