import { VirtualClock } from "../../simulation/virtual-clock.ts";
import { MemorySharedCells } from "./memory-shared-cells.ts";
import { describeSharedCells, TEST_HOLD_MS } from "./shared-cells.conformance.ts";

describeSharedCells("the in-memory twin", async () => {
  const clock = new VirtualClock();
  const cells = new MemorySharedCells(clock, TEST_HOLD_MS);
  return { cells, pass: (ms) => clock.advance(ms), wipe: async () => cells.wipe() };
});
