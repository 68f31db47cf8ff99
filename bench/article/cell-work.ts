/**
 * One thread's part of table 1: admit single portions on one cell, as fast as the cell lets it.
 * Three ways to the same word of the same MemoryCells: the cell itself, and the bare loop on 64 and on 32 bits.
 */
import { MemoryCells, stockWordOf } from "../../server/engine/tiers/cas/memory-cells.ts";
import type { Bell } from "../threads/thread.ts";

export const SLOT = 1;

/** Operations between two looks at the bell. */
const BLOCK = 256;

export interface CellInput {
  buffer: SharedArrayBuffer;
  way: "cell" | "word64" | "word32";
  /** Go on until the cell refuses, whatever the bell says. */
  untilShort: boolean;
}

export interface CellCount {
  admitted: number;
  /** Compare-and-swaps that lost, where this thread counts them; the cell counts its own. */
  lost: number;
  busy: number;
}

export function prepare({ buffer, way, untilShort }: CellInput): (bell: Bell) => CellCount {
  const count = { admitted: 0, lost: 0, busy: 0 };
  const admit = { cell: admitOnCell, word64: admitOn64, word32: admitOn32 }[way](buffer, count);
  return (bell) => {
    do {
      for (let i = 0; i < BLOCK; i++) {
        if (!admit()) return count;
      }
    } while (untilShort || !bell.hasRung);
    return count;
  };
}

/** Each returns a function that admits one portion, or says that none is left. */
function admitOnCell(buffer: SharedArrayBuffer, count: CellCount): () => boolean {
  const cells = MemoryCells.attach(buffer);
  return () => {
    const outcome = cells.admit(SLOT, 1);
    if (outcome === "admitted") count.admitted++;
    else if (outcome === "busy") count.busy++;
    return outcome !== "short";
  };
}

/** The cell's word as 64 bits: available above, admitted below. */
function admitOn64(buffer: SharedArrayBuffer, count: CellCount): () => boolean {
  const words = new BigInt64Array(buffer);
  const index = stockWordOf(SLOT);
  return () => {
    for (let word = Atomics.load(words, index); ; ) {
      if ((word >> 32n) - (word & 0xffff_ffffn) < 1n) return false;
      const seen = Atomics.compareExchange(words, index, word, word + 1n);
      if (seen === word) break;
      count.lost++;
      word = seen;
    }
    count.admitted++;
    return true;
  };
}

/** The lower half alone, little-endian: what a cell with one number would cost. */
function admitOn32(buffer: SharedArrayBuffer, count: CellCount): () => boolean {
  const words = new Int32Array(buffer);
  const index = 2 * stockWordOf(SLOT);
  const available = Atomics.load(words, index + 1);
  return () => {
    for (let admitted = Atomics.load(words, index); ; ) {
      if (admitted >= available) return false;
      const seen = Atomics.compareExchange(words, index, admitted, admitted + 1);
      if (seen === admitted) break;
      count.lost++;
      admitted = seen;
    }
    count.admitted++;
    return true;
  };
}
