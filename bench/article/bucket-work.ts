/**
 * One thread's part of table 2: the same small deduction under one mutex for all dishes, or on 64 buckets under
 * compare-and-swap, with a new operation object each time or with one taken from a ring and filled again.
 */
import { segmentOf, SEGMENTS } from "../../server/engine/tiers/lock/contention-profile.ts";
import { Latencies } from "../measure/latencies.ts";
import { FutexMutex } from "../threads/futex-mutex.ts";
import type { Bell } from "../threads/thread.ts";

/** 32-bit words in a cache line of 64 bytes: one bucket a line, and the mutex's own line before them. */
export const LINE = 16;
export const BUCKET_BYTES = (SEGMENTS + 1) * LINE * 4;

export const DISHES = 1_000;
const BLOCK = 64;

/** One operation in this many is timed: asking the clock costs about as much as a deduction. */
const TIMED_EVERY = 8;

/** Operations that stay reachable, as those in flight do: without it the compiler would never make the objects. */
const IN_FLIGHT = 256;

export interface BucketInput {
  buffer: SharedArrayBuffer;
  guard: "mutex" | "buckets";
  pooled: boolean;
  seed: number;
  /** Null: until the bell. */
  operations: number | null;
}

export interface BucketCount {
  operations: number;
  admitted: number;
  lost: number;
  latencies: Float64Array;
}

interface Line {
  dishId: string;
  quantity: number;
}

class Operation {
  readonly line: Line = { dishId: "", quantity: 0 };
  txId = 0;
  segment = 0;
  left = 0;
  admitted = false;

  fill(txId: number, dishId: string, quantity: number): this {
    this.txId = txId;
    this.line.dishId = dishId;
    this.line.quantity = quantity;
    this.segment = segmentOf(dishId);
    this.left = 0;
    this.admitted = false;
    return this;
  }
}

export function prepare({ buffer, guard, pooled, seed, operations }: BucketInput): (bell: Bell) => BucketCount {
  const words = new Int32Array(buffer);
  const dishIds = Array.from({ length: DISHES }, (_, i) => `dish-${i}`);
  const inFlight = Array.from({ length: IN_FLIGHT }, () => new Operation());
  const latencies = new Latencies();
  const count = { operations: 0, admitted: 0, lost: 0 };
  const deduct = guard === "mutex" ? deductUnderMutex(words) : deductOnBucket(words, count);
  let random = seed;

  const once = (): void => {
    random ^= random << 13;
    random ^= random >>> 17;
    random ^= random << 5;
    const place = count.operations++ % IN_FLIGHT;
    const operation = pooled ? (inFlight[place] as Operation) : new Operation();
    inFlight[place] = operation.fill(count.operations, dishIds[(random >>> 0) % DISHES] as string, 1);
    deduct(operation);
    if (operation.admitted) count.admitted++;
  };

  return (bell) => {
    do {
      for (let i = 0; i < BLOCK; i++) {
        if (i % TIMED_EVERY !== 0) once();
        else {
          const startedAtMs = performance.now();
          once();
          latencies.record((performance.now() - startedAtMs) * 1e6);
        }
      }
    } while (operations === null ? !bell.hasRung : count.operations < operations);
    return { ...count, latencies: latencies.counts };
  };
}

const wordOf = ({ segment }: Operation): number => (segment + 1) * LINE;

function deductUnderMutex(words: Int32Array): (operation: Operation) => void {
  const mutex = new FutexMutex(words, 0);
  return (operation) => {
    mutex.lock();
    const left = words[wordOf(operation)] as number;
    operation.admitted = left >= operation.line.quantity;
    operation.left = operation.admitted ? left - operation.line.quantity : left;
    words[wordOf(operation)] = operation.left;
    mutex.unlock();
  };
}

function deductOnBucket(words: Int32Array, count: { lost: number }): (operation: Operation) => void {
  return (operation) => {
    const word = wordOf(operation);
    for (let left = Atomics.load(words, word); ; ) {
      operation.admitted = left >= operation.line.quantity;
      operation.left = operation.admitted ? left - operation.line.quantity : left;
      if (!operation.admitted) return;
      const seen = Atomics.compareExchange(words, word, left, operation.left);
      if (seen === left) return;
      count.lost++;
      left = seen;
    }
  };
}
