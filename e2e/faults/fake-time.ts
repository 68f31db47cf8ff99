/**
 * A wrong clock for one process, by libfaketime where it is installed. It touches no other process and no system clock.
 */
import { existsSync } from "node:fs";

const PLACES = ["/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1", "/usr/lib/faketime/libfaketime.so.1"];

export interface FakeTime {
  /** Null: it can be used. */
  unavailable: string | null;
  /** @param offset seconds, signed, as in `+600`. Only the wall clock is wrong: timers and differences stay right. */
  environment(offset: string): Record<string, string>;
}

export function fakeTime(): FakeTime {
  const library = PLACES.find((place) => existsSync(place));
  return {
    unavailable: library ? null : "libfaketime is not installed (Debian: apt-get install libfaketime)",
    environment: (offset) => ({ LD_PRELOAD: library ?? "", FAKETIME: offset, FAKETIME_DONT_FAKE_MONOTONIC: "1", DONT_FAKE_MONOTONIC: "1" }),
  };
}
