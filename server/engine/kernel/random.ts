/**
 * The only door to chance. A seeded source makes a run repeatable; `realRandom` is for production.
 */

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
}

export const realRandom: Random = { next: () => Math.random() };

/** Mulberry32 (Tommy Ettinger, public domain): 32 bits of state, good enough to shuffle faults. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    },
  };
}

/** A whole number in [from, to], both included. */
export function integerBetween(random: Random, from: number, to: number): number {
  return from + Math.floor(random.next() * (to - from + 1));
}

export function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random.next() * items.length)] as T;
}
