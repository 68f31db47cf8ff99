/**
 * One deadline travels through every layer of a request. It can be narrowed, never extended.
 */
import type { Clock } from "./clock.ts";
import { EngineError, type RefusalTier } from "./errors.ts";

export class Deadline {
  private readonly clock: Clock;
  /** On the monotonic clock. */
  readonly atMs: number;

  private constructor(clock: Clock, atMs: number) {
    this.clock = clock;
    this.atMs = atMs;
  }

  static after(clock: Clock, timeoutMs: number): Deadline {
    return new Deadline(clock, clock.monotonicMs() + timeoutMs);
  }

  /** The earlier of this deadline and `timeoutMs` from now. */
  narrowedTo(timeoutMs: number): Deadline {
    return new Deadline(this.clock, Math.min(this.atMs, this.clock.monotonicMs() + timeoutMs));
  }

  get remainingMs(): number {
    return Math.max(0, this.atMs - this.clock.monotonicMs());
  }

  get passed(): boolean {
    return this.clock.monotonicMs() >= this.atMs;
  }

  /** @throws EngineError DEADLINE_EXCEEDED when the time is up. */
  check(what: string, tier?: RefusalTier): void {
    if (this.passed) throw new EngineError("DEADLINE_EXCEEDED", `The deadline passed before ${what}.`, tier && { tier });
  }
}
