import { describe, expect, test } from "vitest";
import { Histogram, SIZE_BOUNDS } from "../kernel/histogram.ts";
import type { EngineStats } from "../kernel/types.ts";
import { VirtualClock } from "../simulation/virtual-clock.ts";
import { ContentionProfile } from "../tiers/lock/contention-profile.ts";
import { DishLocks, type Lockable } from "../tiers/lock/dish-locks.ts";
import { Heart } from "./heart.ts";
import { HEARTBEAT_MS, type Heartbeat, SILENT_MS_MAX } from "./instances.ts";
import type { LiveFeed } from "./live-feed.ts";

/** Hearts that hear each other while `deaf` does not say otherwise. */
function ward() {
  const clock = new VirtualClock();
  const hearts = new Map<string, Heart>();
  const deaf = new Set<string>();
  const told: Heartbeat[] = [];
  const profiles = new Map<string, ContentionProfile>();
  const start = (instance: string): Heart => {
    const announce = (heartbeat: Heartbeat) => {
      told.push(heartbeat);
      for (const [name, heart] of hearts) if (name !== instance && !deaf.has(name)) heart.hear(structuredClone(heartbeat));
    };
    const profile = new ContentionProfile(clock);
    profiles.set(instance, profile);
    const heart = new Heart({
      clock,
      feed: { dropped: 0, announce } as unknown as LiveFeed,
      instance,
      profile,
      locks: new DishLocks<Lockable>(clock, async () => {}, () => {}, profile),
      stats: () => ({}) as EngineStats,
      participants: () => [
        { participant: "points", circuit: "open", inFlight: 0, calls: 3, failures: 3 },
        { participant: "printer", circuit: "closed", inFlight: 0, calls: 3, failures: 0 },
      ],
      batchSizes: () => new Histogram(SIZE_BOUNDS).snapshot(),
    });
    hearts.set(instance, heart);
    heart.beat();
    return heart;
  };
  const rates = () => [...profiles.values()].map(({ sampleEvery }) => sampleEvery);
  return { clock, start, deaf, told, rates, profiles };
}

describe("the sampling rate", () => {
  test("that one instance sets is followed by all at once", () => {
    const { start, rates } = ward();
    const [first] = [start("a"), start("b"), start("c")];
    first.setSampling(1);
    expect(rates()).toEqual([1, 1, 1]);
  });

  test("reaches who missed it with the next heartbeat, and who starts later", async () => {
    const { clock, start, deaf, rates } = ward();
    const first = start("a");
    start("b");
    deaf.add("b");
    first.setSampling(2);
    expect(rates()).toEqual([2, 8]);
    deaf.clear();
    await clock.advance(HEARTBEAT_MS);
    start("c");
    await clock.advance(HEARTBEAT_MS);
    expect(rates()).toEqual([2, 2, 2]);
  });

  test("set in two places at once ends the same everywhere, and the next decision wins over both", async () => {
    const { clock, start, deaf, rates } = ward();
    const [a, b] = [start("a"), start("b"), start("c")];
    for (const name of ["a", "b", "c"]) deaf.add(name);
    a.setSampling(1);
    b.setSampling(5);
    deaf.clear();
    await clock.advance(2 * HEARTBEAT_MS);
    expect(rates()).toEqual([5, 5, 5]);
    a.setSampling(3);
    expect(rates()).toEqual([3, 3, 3]);
  });
});

describe("a heartbeat", () => {
  test("tells of the last seconds, of a minute and of five, and adds up the longest only now and then", async () => {
    const { clock, start, told, profiles } = ward();
    start("a");
    const profile = profiles.get("a") as ContentionProfile;
    profile.sampleEvery = 1;
    await clock.advance(1);
    profile.waited({ dishIds: ["noodles"], sinceMs: clock.monotonicMs() - 5 }, clock.monotonicMs());
    await clock.advance(HEARTBEAT_MS);
    const seen = () => [told.at(-1)?.contention, ...(told.at(-1)?.longer ?? [])].map((window) => [window?.seconds, window?.dishes.length]);
    expect(seen()).toEqual([[10, 1], [60, 1], [300, 0]]);
    await clock.advance(5 * HEARTBEAT_MS);
    expect(seen()).toEqual([[10, 0], [60, 1], [300, 1]]);
  });

  test("names the participants whose breaker is not closed, and no others", () => {
    const { start, told } = ward();
    start("a");
    expect(told.at(-1)?.troubled).toEqual([{ participant: "points", circuit: "open" }]);
  });

  test("of an instance that falls silent is kept, and marked", async () => {
    const { clock, start } = ward();
    const a = start("a");
    const b = start("b");
    await clock.advance(HEARTBEAT_MS);
    b.stop();
    await clock.advance(SILENT_MS_MAX + HEARTBEAT_MS);
    expect(a.instances().map(({ instance, alive }) => [instance, alive])).toEqual([["a", true], ["b", false]]);
  });
});
