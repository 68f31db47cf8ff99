/**
 * Instances is who else runs on this stock, by what they say of themselves every few seconds.
 * Silence is all it can notice: a dead instance and one cut off from the feed look alike.
 */
import type { Clock } from "../kernel/clock.ts";
import type { HistogramSnapshot } from "../kernel/histogram.ts";
import type { EngineStats } from "../kernel/types.ts";
import type { ProfileWindow } from "../tiers/lock/contention-profile.ts";
import type { WaitChain } from "../tiers/lock/dish-locks.ts";
import type { Handover, LockEvent } from "../tiers/lock/lock-log.ts";
import type { Sampling } from "./shared-sampling.ts";

/** How often an instance speaks. */
export const HEARTBEAT_MS = 2_000;

/** Three heartbeats missed. A death is noticed within 10 s: 6 s of silence, 2 s to look, and 2 to spare. */
export const SILENT_MS_MAX = 3 * HEARTBEAT_MS;

/** The dead are shown this long, then forgotten. */
const REMEMBERED_MS = 10 * 60_000;

/** Instances that are remembered at once: far more than one stock needs, and a bound. */
const INSTANCES_MAX = 100;

export interface Heartbeat {
  instance: string;
  /** By the instance's own clock. */
  atMs: number;
  startedAtMs: number;
  stats: EngineStats;
  /** Operations in a batch, since it started. */
  batchSizes: HistogramSnapshot;
  sampling: Sampling;
  /** Participants whose breaker is not closed here: the first few. */
  troubled: { participant: string; circuit: "open" | "halfOpen" | "closed" }[];
  /** Its own contention of the last seconds, the worst dishes only. */
  contention: ProfileWindow;
  /** The same of longer windows; they may be some seconds old. */
  longer: ProfileWindow[];
  chains: WaitChain[];
  /** Newest last, as are the events. */
  handovers: Handover[];
  events: LockEvent[];
}

export interface InstanceView extends Heartbeat {
  /** How long ago it was heard, in milliseconds. */
  silentMs: number;
  alive: boolean;
}

export class Instances {
  private readonly heard = new Map<string, { heartbeat: Heartbeat; atMs: number }>();

  constructor(private readonly clock: Clock) {}

  hear(heartbeat: Heartbeat): void {
    const nowMs = this.clock.monotonicMs();
    for (const [instance, { atMs }] of this.heard) if (nowMs - atMs > REMEMBERED_MS) this.heard.delete(instance);
    if (this.heard.size >= INSTANCES_MAX && !this.heard.has(heartbeat.instance)) return;
    this.heard.set(heartbeat.instance, { heartbeat, atMs: nowMs });
  }

  /** In order of their start. */
  list(): InstanceView[] {
    const nowMs = this.clock.monotonicMs();
    const views = [...this.heard.values()].map(({ heartbeat, atMs }) => {
      const silentMs = nowMs - atMs;
      return { ...heartbeat, silentMs, alive: silentMs <= SILENT_MS_MAX };
    });
    return views.sort((a, b) => a.startedAtMs - b.startedAtMs || (a.instance < b.instance ? -1 : 1));
  }
}
