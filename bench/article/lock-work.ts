/**
 * One thread's part of table 3: sell portions of dishes under a lock, with a plain read, a little work, and a plain write.
 * A lock that lets two threads in at once loses portions, and the books show it.
 */
import type { Bell } from "../threads/thread.ts";
import { attachLocks, type LockDesign } from "./lock-tables.ts";

const BLOCK = 32;

/** Steps of work between read and write: about half a microsecond, so that the lock is held and not merely touched. */
const WORK_STEPS = 200;

export interface LockInput {
  design: LockDesign;
  locks: SharedArrayBuffer;
  /** Int32 portions left, one a dish. */
  stock: SharedArrayBuffer;
  /** Until the bell: any of the first `dishes`. Once: `first`, `first + stride`, … up to `dishes`. */
  dishes: number;
  once: { first: number; stride: number } | null;
  seed: number;
}

export interface LockCount {
  operations: number;
  admitted: number;
}

export function prepare({ design, locks, stock, dishes, once, seed }: LockInput): (bell: Bell) => LockCount {
  const table = attachLocks(design, locks);
  const left = new Int32Array(stock);
  const count = { operations: 0, admitted: 0 };
  let random = seed;
  const step = () => {
    random ^= random << 13;
    random ^= random >>> 17;
    random ^= random << 5;
    return random >>> 0;
  };
  const sell = (dish: number): void => {
    const portions = left[dish] as number;
    for (let i = 0; i < WORK_STEPS; i++) step();
    if (portions < 1) return;
    left[dish] = portions - 1;
    count.admitted++;
  };
  return (bell) => {
    if (once) {
      for (let dish = once.first; dish < dishes; dish += once.stride, count.operations++) table.within(dish, sell);
      return count;
    }
    do {
      for (let i = 0; i < BLOCK; i++, count.operations++) table.within(step() % dishes, sell);
    } while (!bell.hasRung);
    return count;
  };
}
