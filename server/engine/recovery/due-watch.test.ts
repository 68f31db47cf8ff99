/** When instances ask the ledger what is due, on a virtual clock and a ledger that only counts. */
import { beforeEach, describe, expect, test } from "vitest";
import { seededRandom } from "../kernel/random.ts";
import { VirtualClock } from "../simulation/virtual-clock.ts";
import type { Due } from "../tiers/tcc/ledger.ts";
import { DUE_LOOK_MS, DUE_LOOK_MS_MAX, DUE_OWN_LOOK_MS, DueWatch } from "./due-watch.ts";

const NOTHING: Due = { reservations: null, branches: null, payments: null, bulk: null, tellings: null };

let clock: VirtualClock;
let due: Due;
let fails: boolean;
let feedIsAway: boolean;
/** Who asked, and when. */
let asked: { who: number; atMs: number }[];
let told: { who: number; due: Due }[];
let watches: DueWatch[];

beforeEach(() => {
  [clock, due, fails, feedIsAway, asked, told, watches] = [new VirtualClock(), NOTHING, false, false, [], [], []];
});

function instances(count: number): void {
  const startedAtMs = clock.monotonicMs();
  watches = Array.from(
    { length: count },
    (_, who) =>
      new DueWatch({
        clock,
        random: seededRandom(who + 1),
        ask: async () => {
          asked.push({ who, atMs: clock.monotonicMs() - startedAtMs });
          if (fails) throw new Error("told to");
          return due;
        },
        tell: (found) => told.push({ who, due: found }),
        announce: () => {
          if (!feedIsAway) clock.soon(() => watches.forEach((watch, other) => other !== who && watch.heard()));
        },
      }),
  );
  for (const watch of watches) watch.start();
}

/** The longest time in which nobody, or not this one, asked. */
function longestPauseMs(who?: number): number {
  const times = asked.filter((one) => who === undefined || one.who === who).map(({ atMs }) => atMs);
  return Math.max(...times.slice(1).map((atMs, place) => atMs - (times[place] as number)));
}

describe("the due watch", () => {
  test("of one instance asks at once, and then every few seconds", async () => {
    instances(1);
    await clock.advance(60_000);
    expect(asked[0]?.atMs).toBeLessThanOrEqual(250);
    expect(asked.length).toBeLessThanOrEqual(21);
    expect(longestPauseMs()).toBeLessThanOrEqual(DUE_LOOK_MS + 100); // of the 5 s that are promised
  });

  test("of ten instances asks hardly more often than that of one, no less often, and each asks now and then itself", async () => {
    instances(10);
    await clock.advance(10_000);
    asked = [];
    await clock.advance(120_000);
    expect(asked.length).toBeLessThanOrEqual(1.1 * (120_000 / DUE_LOOK_MS + (9 * 120_000) / DUE_OWN_LOOK_MS));
    expect(longestPauseMs()).toBeLessThanOrEqual(DUE_LOOK_MS_MAX);
    for (const who of watches.keys()) expect(longestPauseMs(who), `instance ${who}`).toBeLessThanOrEqual(DUE_OWN_LOOK_MS + 100);
  });

  test("goes on in another when the one that asks dies", async () => {
    instances(3);
    await clock.advance(20_000);
    for (const dead of [asked.at(-1)?.who as number, 3]) {
      await watches[dead]?.stop();
      const atMs = asked.at(-1)?.atMs as number;
      await clock.advance(DUE_LOOK_MS_MAX);
      expect(asked.at(-1)?.atMs).toBeGreaterThan(atMs);
      expect(asked.at(-1)?.who).not.toBe(dead);
    }
  });

  test("asks in every instance while something is due: what one cannot do, another can", async () => {
    instances(3);
    due = { ...NOTHING, branches: -10 };
    await clock.advance(4_000);
    expect(new Set(asked.map(({ who }) => who)).size).toBe(3);
    asked = [];
    await clock.advance(30_000);
    expect(asked.length).toBeGreaterThanOrEqual(27);
    expect(told.at(-1)?.due.branches).toBe(-10);
  });

  test("asks in every instance while the feed is away", async () => {
    feedIsAway = true;
    instances(3);
    await clock.advance(30_000);
    for (const who of watches.keys()) expect(longestPauseMs(who)).toBeLessThanOrEqual(DUE_LOOK_MS + 100);
  });

  test("asks again when a question failed, and holds nobody else back by it", async () => {
    fails = true;
    instances(2);
    await clock.advance(30_000);
    expect(asked.length).toBeGreaterThanOrEqual(18);
    expect(told).toEqual([]);
  });

  test("is not kept busy by tickets that nobody outside is told of", async () => {
    due = { ...NOTHING, tellings: 0 };
    instances(2);
    await clock.advance(10_000);
    asked = [];
    await clock.advance(60_000);
    expect(asked.length).toBeLessThanOrEqual(60_000 / DUE_LOOK_MS + (2 * 60_000) / DUE_OWN_LOOK_MS);
  });
});
