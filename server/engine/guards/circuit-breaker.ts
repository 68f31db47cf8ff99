/**
 * CircuitBreaker stops calling a dependency that keeps failing, and finds out by single probes when it is back.
 * It does not time calls out and does not decide what to do instead: the caller does both.
 * After Nygard, "Release It!", with one probe at a time.
 */
import type { Clock } from "../kernel/clock.ts";

/** Failures in a row that open the circuit. One may be chance and two a failover; three is a pattern. */
export const FAILURES_TO_OPEN = 3;

/** How long an open circuit rests before a probe: long enough to spare a struggling server, short enough to heal within a second. */
export const OPEN_MS = 500;

export type Circuit =
  | { kind: "closed"; failures: number }
  | { kind: "open"; openedAtMs: number }
  | { kind: "halfOpen" };

export class CircuitBreaker {
  private circuit: Circuit = { kind: "closed", failures: 0 };

  constructor(
    private readonly clock: Clock,
    /** Only failures of the dependency itself count; an answer that says no is a success. */
    private readonly countsAsFailure: (error: unknown) => boolean = () => true,
  ) {}

  get state(): Circuit["kind"] {
    return this.circuit.kind;
  }

  /** May a call be made now? A yes while half open is the one probe: make the call. */
  allows(): boolean {
    if (this.circuit.kind === "closed") return true;
    if (this.circuit.kind === "open" && this.clock.monotonicMs() - this.circuit.openedAtMs >= OPEN_MS) {
      this.circuit = { kind: "halfOpen" };
      return true;
    }
    return false;
  }

  /** Makes a call that `allows()` has allowed, and learns from how it ends. */
  async call<T>(action: () => Promise<T>): Promise<T> {
    try {
      const value = await action();
      this.circuit = { kind: "closed", failures: 0 };
      return value;
    } catch (error) {
      if (this.countsAsFailure(error)) this.fail();
      else this.circuit = { kind: "closed", failures: 0 };
      throw error;
    }
  }

  private fail(): void {
    const failures = this.circuit.kind === "closed" ? this.circuit.failures + 1 : FAILURES_TO_OPEN;
    this.circuit =
      failures >= FAILURES_TO_OPEN ? { kind: "open", openedAtMs: this.clock.monotonicMs() } : { kind: "closed", failures };
  }
}
