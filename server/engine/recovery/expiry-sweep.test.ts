/**
 * When the sweep asks the ledger, on a virtual clock and a ledger that only counts.
 */
import { beforeEach, describe, expect, test } from "vitest";
import { Deadline } from "../kernel/deadline.ts";
import type { TransactionRecord } from "../kernel/types.ts";
import { VirtualClock } from "../simulation/virtual-clock.ts";
import { ExpirySweep } from "./expiry-sweep.ts";
import { ExpiryTimes } from "./expiry-times.ts";

let clock: VirtualClock;
let times: ExpiryTimes;
let reads: number[];
let fails: boolean;
let sweep: ExpirySweep;

beforeEach(async () => {
  clock = new VirtualClock();
  times = new ExpiryTimes(clock);
  reads = [];
  fails = false;
  const startedAtMs = clock.monotonicMs();
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

/** The longest time without a read. */
const longestPauseMs = () => Math.max(...reads.slice(1).map((atMs, position) => atMs - (reads[position] as number)));

describe("the sweep", () => {
  test("with nothing due asks the ledger every few seconds, for what other instances left behind", async () => {
    await clock.advance(60_000);
    expect(reads.length).toBeLessThanOrEqual(21);
    expect(longestPauseMs()).toBeLessThanOrEqual(4_000); // of the 5 s that are promised
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
    await clock.advance(10_000);
    expect(reads.length).toBeGreaterThanOrEqual(7);
  });
});
