/**
 * A cell that reads, thinks and writes instead of comparing and swapping: the fault that the books must catch.
 * Now and then it sleeps between read and write, so that it loses deductions on any machine.
 */
import type { CellCount, CellInput } from "../article/cell-work.ts";
import { SLOT } from "../article/cell-work.ts";
import { stockWordOf } from "../../server/engine/tiers/cas/memory-cells.ts";
import type { Bell } from "../threads/thread.ts";

const SLEEP_EVERY = 1_000;

export function prepare({ buffer, untilShort }: CellInput): (bell: Bell) => CellCount {
  const words = new Int32Array(buffer);
  const index = 2 * stockWordOf(SLOT);
  const pillow = new Int32Array(new SharedArrayBuffer(4));
  return (bell) => {
    const count = { admitted: 0, lost: 0, busy: 0 };
    while (untilShort || !bell.hasRung) {
      const admitted = words[index] as number;
      if (admitted >= (words[index + 1] as number)) break;
      if (count.admitted % SLEEP_EVERY === 0) Atomics.wait(pillow, 0, 0, 1);
      words[index] = admitted + 1;
      count.admitted++;
    }
    return count;
  };
}
