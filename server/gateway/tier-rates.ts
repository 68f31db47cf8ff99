/**
 * Turns the engine's counters into what each tier did per second, and remembers the last three minutes.
 * It sees this process only: each instance shows its own.
 */
import type { Dependencies, DependencyState, Flow, TierGauges, TierSample } from "../contracts/socket-events.ts";
import type { HistogramSnapshot } from "../engine/kernel/histogram.ts";
import type { EngineStats } from "../engine/kernel/types.ts";
import { Latency } from "./latency.ts";

/** 180 points a line: well under the 300 that the chart draws comfortably. */
export const TIER_SAMPLES_MAX = 180;

export const QUIET_GAUGES: TierGauges = {
  parked: 0,
  casRetries: 0,
  meanBatch: 0,
  waiting: 0,
  inFlight: 0,
  replayed: 0,
  confirmed: 0,
  cancelled: 0,
  expired: 0,
  tryMs: null,
};

export class TierRates {
  private readonly latency = new Latency();
  private before: { stats: EngineStats; monotonicMs: number } | null = null;
  readonly history: TierSample[] = [];
  gauges: TierGauges = QUIET_GAUGES;

  /** Call about once a second. The first call only takes the measure. */
  sample(stats: EngineStats, tryMs: HistogramSnapshot, atMs: number, monotonicMs: number): TierSample | null {
    const latency = this.latency.sample(tryMs);
    const before = this.before;
    this.before = { stats: structuredClone(stats), monotonicMs };
    if (before === null) return null;
    const seconds = Math.max(0.001, (monotonicMs - before.monotonicMs) / 1000);
    const perSecond = (now: number, then: number) => Math.max(0, Math.round((now - then) / seconds));
    const flow = (accepted: [number, number], refused: [number, number]): Flow => ({
      accepted: perSecond(...accepted),
      refused: perSecond(...refused),
    });
    const then = before.stats;
    const sample: TierSample = {
      atMs,
      cas: flow([stats.cas.admitted, then.cas.admitted], [stats.cas.refused, then.cas.refused]),
      lock: flow([stats.lock.batched, then.lock.batched], [stats.lock.timedOut, then.lock.timedOut]),
      tcc: flow([stats.tcc.reserved, then.tcc.reserved], [stats.tcc.refused, then.tcc.refused]),
    };
    const batches = stats.lock.batches - then.lock.batches;
    this.gauges = {
      parked: perSecond(stats.cas.parked, then.cas.parked),
      casRetries: perSecond(stats.cas.casRetries, then.cas.casRetries),
      meanBatch: batches > 0 ? Math.round(((stats.lock.batched - then.lock.batched) / batches) * 10) / 10 : 0,
      waiting: stats.lock.waiting,
      inFlight: stats.lock.inFlight,
      replayed: perSecond(stats.tcc.replayed, then.tcc.replayed),
      confirmed: perSecond(stats.tcc.confirmed, then.tcc.confirmed),
      cancelled: perSecond(stats.tcc.cancelled, then.tcc.cancelled),
      expired: perSecond(stats.tcc.expired, then.tcc.expired),
      tryMs: latency,
    };
    this.history.push(sample);
    if (this.history.length > TIER_SAMPLES_MAX) this.history.shift();
    return sample;
  }
}

const CIRCUIT_STATES: Record<EngineStats["tcc"]["circuit"], DependencyState> = {
  closed: "up",
  halfOpen: "probing",
  open: "down",
};

/** @param postgresReadable what the board's own last read says: an idle engine's circuit hears of an outage last. */
export function dependenciesOf(stats: EngineStats, postgresReadable: boolean): Dependencies {
  return {
    postgres: postgresReadable ? CIRCUIT_STATES[stats.tcc.circuit] : "down",
    redis: CIRCUIT_STATES[stats.redis.circuit],
  };
}
