/**
 * Three ways to lock a dish among threads, all in one shared buffer: one lock for all; a lock per dish that stays for
 * ever; 64 segments in which locks are made on demand and dropped when idle. Built for comparison, not for the engine:
 * they block the thread.
 */
import { SEGMENTS } from "../../server/engine/tiers/lock/contention-profile.ts";
import { FutexMutex } from "../threads/futex-mutex.ts";

export type LockDesign = "global" | "perDish" | "segments";

export interface LockTable {
  /** Runs `work` while nobody else runs for the same dish. */
  within(dish: number, work: (dish: number) => void): void;
  /** Bytes of locks that are kept now, and how many locks that is. */
  kept(): { bytes: number; locks: number };
}

const LINE = 16;

/** FNV-1a, 32 bits (Fowler, Noll, Vo), of the dish's four bytes. */
function hashOf(dish: number): number {
  let hash = 0x811c9dc5;
  for (let shift = 0; shift < 32; shift += 8) hash = Math.imul(hash ^ ((dish >>> shift) & 0xff), 0x01000193);
  return hash >>> 0;
}

class GlobalLock implements LockTable {
  static readonly bytes = LINE * 4;
  private readonly mutex: FutexMutex;

  constructor(buffer: SharedArrayBuffer) {
    this.mutex = new FutexMutex(new Int32Array(buffer), 0);
  }

  within(dish: number, work: (dish: number) => void): void {
    this.mutex.lock();
    work(dish);
    this.mutex.unlock();
  }

  kept() {
    return { bytes: 4, locks: 1 };
  }
}

/** Chained hashing; an entry is (dish + 1, next, mutex, unused). Entries are only ever added, by compare-and-swap on the head. */
class LockPerDish implements LockTable {
  private static readonly HEADS = 2 ** 18;
  private static readonly ENTRY = 4;
  private static readonly NEXT_FREE = 0;
  private static readonly FIRST_ENTRY = LINE + LockPerDish.HEADS;
  /** An entry is lost whenever two threads add to one chain at once; a thread keeps the spare, so hardly any. */
  static bytesFor(dishes: number): number {
    return (LockPerDish.FIRST_ENTRY + LockPerDish.ENTRY * (dishes + 1_024)) * 4;
  }

  private readonly words: Int32Array;
  private spare = 0;

  constructor(buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer);
  }

  within(dish: number, work: (dish: number) => void): void {
    const mutex = new FutexMutex(this.words, this.entryOf(dish) + 2);
    mutex.lock();
    work(dish);
    mutex.unlock();
  }

  kept() {
    const locks = Atomics.load(this.words, LockPerDish.NEXT_FREE);
    return { bytes: locks * LockPerDish.ENTRY * 4, locks };
  }

  private entryOf(dish: number): number {
    const { words } = this;
    const head = LINE + (hashOf(dish) >>> 14); // 18 bits: HEADS
    let seenUpTo = 0;
    for (;;) {
      const first = Atomics.load(words, head);
      for (let entry = first; entry !== seenUpTo && entry !== 0; entry = words[entry + 1] as number) {
        if (words[entry] === dish + 1) return entry;
      }
      seenUpTo = first;
      if (this.spare === 0) this.spare = LockPerDish.FIRST_ENTRY + LockPerDish.ENTRY * Atomics.add(words, LockPerDish.NEXT_FREE, 1);
      const added = this.spare;
      words[added] = dish + 1;
      words[added + 1] = first;
      if (Atomics.compareExchange(words, head, first, added) !== first) continue;
      this.spare = 0;
      return added;
    }
  }
}

/** A segment is a line (mutex, live locks) and SLOTS slots of (dish + 1, holders and waiters, mutex, unused). */
class SegmentedLocks implements LockTable {
  /** Live locks of one segment: at most one a thread. */
  static readonly SLOTS = 64;
  private static readonly SLOT = 4;
  private static readonly SEGMENT = LINE + SegmentedLocks.SLOTS * SegmentedLocks.SLOT;
  static readonly bytes = SEGMENTS * SegmentedLocks.SEGMENT * 4;

  private readonly words: Int32Array;
  private readonly segments: FutexMutex[];

  constructor(buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer);
    this.segments = Array.from({ length: SEGMENTS }, (_, segment) => new FutexMutex(this.words, segment * SegmentedLocks.SEGMENT));
  }

  within(dish: number, work: (dish: number) => void): void {
    const segment = hashOf(dish) % SEGMENTS;
    const slot = this.enter(segment, dish);
    const mutex = new FutexMutex(this.words, slot + 2);
    mutex.lock();
    work(dish);
    mutex.unlock();
    this.leave(segment, slot);
  }

  kept() {
    let locks = 0;
    for (let segment = 0; segment < SEGMENTS; segment++) locks += this.words[segment * SegmentedLocks.SEGMENT + 1] as number;
    return { bytes: locks * SegmentedLocks.SLOT * 4, locks };
  }

  /** Finds the dish's lock or makes it. */
  private enter(segment: number, dish: number): number {
    const { words } = this;
    const base = segment * SegmentedLocks.SEGMENT;
    (this.segments[segment] as FutexMutex).lock();
    let free = 0;
    let slot = 0;
    for (let i = 0, live = words[base + 1] as number; slot === 0 && (live > 0 || free === 0); i++) {
      const candidate = base + LINE + i * SegmentedLocks.SLOT;
      if (words[candidate + 1] === 0) free ||= candidate;
      else {
        live--;
        if (words[candidate] === dish + 1) slot = candidate;
      }
    }
    if (slot === 0) {
      slot = free;
      words[slot] = dish + 1;
      (words[base + 1] as number)++;
    }
    (words[slot + 1] as number)++;
    (this.segments[segment] as FutexMutex).unlock();
    return slot;
  }

  /** The last one out drops the lock. */
  private leave(segment: number, slot: number): void {
    (this.segments[segment] as FutexMutex).lock();
    if (--(this.words[slot + 1] as number) === 0) (this.words[segment * SegmentedLocks.SEGMENT + 1] as number)--;
    (this.segments[segment] as FutexMutex).unlock();
  }
}

/** Room for `dishes` distinct dishes; untouched pages cost no memory. */
export function lockBuffer(design: LockDesign, dishes: number): SharedArrayBuffer {
  return new SharedArrayBuffer({ global: GlobalLock.bytes, perDish: LockPerDish.bytesFor(dishes), segments: SegmentedLocks.bytes }[design]);
}

export function attachLocks(design: LockDesign, buffer: SharedArrayBuffer): LockTable {
  return new { global: GlobalLock, perDish: LockPerDish, segments: SegmentedLocks }[design](buffer);
}
