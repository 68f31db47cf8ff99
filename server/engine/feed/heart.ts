/**
 * Heart tells the other instances how this one fares, every few seconds, and keeps what they say of themselves.
 * It decides nothing but the sampling rate, which is the same everywhere. What a heartbeat is: instances.ts.
 */
import type { Clock, Timer } from "../kernel/clock.ts";
import type { HistogramSnapshot } from "../kernel/histogram.ts";
import type { EngineStats } from "../kernel/types.ts";
import type { ContentionProfile, ProfileWindow } from "../tiers/lock/contention-profile.ts";
import type { WaitChain } from "../tiers/lock/dish-locks.ts";
import type { LockLog } from "../tiers/lock/lock-log.ts";
import type { ParticipantState } from "../tiers/tcc/participants.ts";
import { HEARTBEAT_MS, Instances, type Heartbeat, type InstanceView } from "./instances.ts";
import type { LiveFeed } from "./live-feed.ts";
import { SharedSampling } from "./shared-sampling.ts";

/** The window that every heartbeat tells of: recent enough to act on. */
const WINDOW_SECONDS = 10;

/** Longer windows change slowly and cost more to add up (300 s of 256 dishes: 10 ms): each is told this often. */
const LONGER_WINDOWS = [
  { seconds: 60, everyMs: HEARTBEAT_MS },
  { seconds: 300, everyMs: 5 * HEARTBEAT_MS },
] as const;

/** The worst of each window, and the longest queues: what a screen shows, and a few kilobytes. */
const DISHES_MAX = 20;
const CHAINS_MAX = 12;
const TROUBLED_MAX = 10;

export interface HeartPorts {
  clock: Clock;
  feed: LiveFeed;
  instance: string;
  profile: ContentionProfile;
  locks: { waitChains(limit: number): WaitChain[]; readonly log: LockLog };
  stats(): EngineStats;
  participants(): ParticipantState[];
  /** Sizes of all batches since the start. */
  batchSizes(): HistogramSnapshot;
}

export class Heart {
  private readonly others: Instances;
  private readonly sampling: SharedSampling;
  private readonly startedAtMs: number;
  private readonly longer = new Map<number, { window: ProfileWindow; atMs: number }>();
  private timer: Timer | null = null;

  constructor(private readonly ports: HeartPorts) {
    const { clock, instance, profile } = ports;
    this.others = new Instances(clock);
    this.startedAtMs = clock.nowMs();
    this.sampling = new SharedSampling(instance, profile.sampleEvery, (every) => {
      profile.sampleEvery = every;
    });
  }

  /** Speaks now, and then every HEARTBEAT_MS. */
  beat(): void {
    this.ports.feed.announce(this.heartbeat());
    this.timer = this.ports.clock.schedule(HEARTBEAT_MS, () => this.beat());
  }

  stop(): void {
    this.timer?.cancel();
  }

  hear(heartbeat: Heartbeat): void {
    this.others.hear(heartbeat);
    this.sampling.hear(heartbeat.sampling);
  }

  /** Every instance, this one too, in order of their start. */
  instances(): InstanceView[] {
    this.others.hear(this.heartbeat());
    return this.others.list();
  }

  /** For every instance: they hear of it at once, or within a heartbeat. */
  setSampling(every: number): void {
    this.sampling.decide(every);
    this.ports.feed.announce(this.heartbeat());
  }

  private heartbeat(): Heartbeat {
    const { clock, instance, profile, locks } = this.ports;
    return {
      instance,
      atMs: clock.nowMs(),
      startedAtMs: this.startedAtMs,
      stats: this.ports.stats(),
      batchSizes: this.ports.batchSizes(),
      troubled: this.ports
        .participants()
        .filter(({ circuit }) => circuit !== "closed")
        .slice(0, TROUBLED_MAX)
        .map(({ participant, circuit }) => ({ participant, circuit })),
      sampling: this.sampling.current,
      contention: worstOf(profile.window(WINDOW_SECONDS)),
      longer: LONGER_WINDOWS.map(({ seconds, everyMs }) => this.longerWindow(seconds, everyMs)),
      chains: locks.waitChains(CHAINS_MAX),
      handovers: locks.log.handovers(),
      events: locks.log.events(),
    };
  }

  private longerWindow(seconds: number, everyMs: number): ProfileWindow {
    const nowMs = this.ports.clock.monotonicMs();
    const known = this.longer.get(seconds);
    if (known && nowMs - known.atMs < everyMs) return known.window;
    const window = worstOf(this.ports.profile.window(seconds));
    this.longer.set(seconds, { window, atMs: nowMs });
    return window;
  }
}

function worstOf(window: ProfileWindow): ProfileWindow {
  return { ...window, dishes: window.dishes.slice(0, DISHES_MAX) };
}
