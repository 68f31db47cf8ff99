/**
 * ReadinessCheck asks Postgres and Redis whether they answer: bounded, at most once a second, one flight at a time.
 */
import type { Readiness } from "../contracts/operating.ts";
import type { Clock } from "../engine/kernel/clock.ts";
import type { ApiDependencies, Probe } from "./ports.ts";

/** An answer this old is given again: a monitor's question never becomes load. */
const AGE_MS_MAX = 1_000;
/** A dependency slower than this is down for a caller with 800 ms in all. */
const PROBE_MS_MAX = 250;

export class ReadinessCheck {
  private readonly probes: ApiDependencies["probes"];
  private readonly clock: Clock;
  private last: { atMs: number; readiness: Promise<Readiness> } | null = null;

  constructor(probes: ApiDependencies["probes"], clock: Clock) {
    this.probes = probes;
    this.clock = clock;
  }

  check(): Promise<Readiness> {
    const nowMs = this.clock.monotonicMs();
    if (!this.last || nowMs - this.last.atMs >= AGE_MS_MAX) this.last = { atMs: nowMs, readiness: this.ask() };
    return this.last.readiness;
  }

  private async ask(): Promise<Readiness> {
    const [postgres, redis] = await Promise.all([this.answers(this.probes.postgres), this.answers(this.probes.redis)]);
    return {
      status: !postgres ? "unavailable" : redis ? "ready" : "degraded",
      dependencies: { postgres: { state: postgres ? "up" : "down" }, redis: { state: redis ? "up" : "down" } },
    };
  }

  private answers(probe: Probe): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = this.clock.schedule(PROBE_MS_MAX, () => resolve(false));
      const settle = (up: boolean) => {
        timer.cancel();
        resolve(up);
      };
      try {
        probe().then(
          () => settle(true),
          () => settle(false),
        );
      } catch {
        settle(false);
      }
    });
  }
}
