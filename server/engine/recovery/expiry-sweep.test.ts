/**
 * When the sweep asks the ledger, on a virtual clock and a ledger that only counts.
 */
import { beforeEach, describe, expect, test } from "vitest";
import { Deadline } from "../kernel/deadline.ts";
import type { TransactionRecord } from "../kernel/types.ts";
import { VirtualClock } from "../simulation/virtual-clock.ts";
import { ExpirySweep, SWEEP_BEAT_MS } from "./expiry-sweep.ts";
import { ExpiryTimes } from "./expiry-times.ts";

let clock: VirtualClock;
let times: ExpiryTimes;
let reads: number[];
let fails: boolean;
let startedAtMs: number;
let sweep: ExpirySweep;

beforeEach(async () => {
  clock = new VirtualClock();
  times = new ExpiryTimes(clock);
  reads = [];
  fails = false;
  startedAtMs = clock.monotonicMs();
  sweep = new ExpirySweep({
    clock,
    times,
    findExpired: async () => {
      reads.push(clock.monotonicMs() - startedAtMs);
      if (fails) throw new Error("told to");
      return [] as TransactionRecord[];
    },
    expire: async () => {},
    deadline: () => Deadline.after(clock, 1_000),
  });
  sweep.start();
  await clock.advance(1_500);
  reads.length = 0;
});

describe("the sweep", () => {
  test("asks the ledger when a reservation is expected to end, and not before", async () => {
    await clock.advance(60_000);
    expect(reads).toEqual([]);
    const atMs = clock.monotonicMs() - startedAtMs;
    sweep.expect(1_000);
    await clock.advance(3_000);
    expect(reads).toHaveLength(1);
    expect(reads[0]).toBeGreaterThanOrEqual(atMs + 1_000);
    expect(reads[0]).toBeLessThanOrEqual(atMs + 1_000 + SWEEP_BEAT_MS);
  });

  test("looks within two seconds after a reservation of its own has ended", async () => {
    for (let ttlSeconds = 1; ttlSeconds <= 12; ttlSeconds++) {
      await clock.advance(137);
      times.add(ttlSeconds);
      reads.length = 0;
      await clock.advance(ttlSeconds * 1_000);
      reads.length = 0; // those before its end do not help it
      await clock.advance(2_000);
      expect(reads.length, `${ttlSeconds} s`).toBeGreaterThan(0);
    }
  });

  test("comes again every second while the ledger is away", async () => {
    fails = true;
    sweep.expect(0);
    await clock.advance(10_000);
    expect(reads.length).toBeGreaterThanOrEqual(7);
  });
});
