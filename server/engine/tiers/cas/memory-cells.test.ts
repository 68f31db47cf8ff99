import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { MemoryCells } from "./memory-cells.ts";

const row = (available: number, version: number, onSale = true) => ({ available, version, onSale });

function cellWith(available: number): MemoryCells {
  const cells = MemoryCells.create(4);
  cells.reset(1);
  cells.settle(1, row(available, 1), 0);
  return cells;
}

describe("a memory cell", () => {
  test("admits no more than it has, counting what it has admitted", () => {
    const cells = cellWith(5);
    expect(cells.admit(1, 3)).toBe("admitted");
    expect(cells.admit(1, 3)).toBe("short");
    expect(cells.admit(1, 2)).toBe("admitted");
    expect(cells.read(1)).toEqual({ available: 5, admitted: 5, version: 1, onSale: true });
  });

  test("settles available and admitted together", () => {
    const cells = cellWith(5);
    cells.admit(1, 3);
    expect(cells.settle(1, row(2, 2), 3)).toBe(true);
    expect(cells.read(1)).toEqual({ available: 2, admitted: 0, version: 2, onSale: true });
  });

  test("returns admitted even when the reading is old, and keeps the newer stock", () => {
    const cells = cellWith(5);
    cells.admit(1, 3);
    cells.settle(1, row(2, 9), 0);
    expect(cells.settle(1, row(5, 8), 3)).toBe(false);
    expect(cells.read(1)).toMatchObject({ available: 2, admitted: 0, version: 9 });
  });

  test("refuses to take back what it never promised", () => {
    const cells = cellWith(5);
    cells.admit(1, 1);
    expect(() => cells.giveBack(1, 2)).toThrow("2 portions given back, 1 were admitted");
  });

  test("holds the largest supply without spilling into its neighbour word", () => {
    const cells = cellWith(2 ** 31 - 1);
    expect(cells.admit(1, 2 ** 31 - 1)).toBe("admitted");
    expect(cells.admit(1, 1)).toBe("short");
    expect(cells.read(1)).toMatchObject({ available: 2 ** 31 - 1, admitted: 2 ** 31 - 1 });
    expect(cells.read(0)).toMatchObject({ available: 0, admitted: 0 });
  });

  test("an emptied slot takes any reading and remembers nothing", () => {
    const cells = cellWith(5);
    cells.reset(1);
    expect(cells.read(1)).toMatchObject({ available: 0, version: -1 });
    expect(cells.settle(1, row(1, 0), 0)).toBe(true);
  });

  test("four threads that admit at once never promise a portion twice", async () => {
    const cells = cellWith(10_000);
    const threads = 4;
    // Plain JavaScript: a worker of its own, with nothing but the buffer and the word layout under test.
    const source = `
      const { parentPort, workerData } = require("node:worker_threads");
      import("tsx/esm/api").then(({ register }) => (register(), import(workerData.module))).then(({ MemoryCells }) => {
        const cells = MemoryCells.attach(workerData.buffer);
        let admitted = 0;
        for (let i = 0; i < 20000; i++) {
          const outcome = cells.admit(1, 1);
          if (outcome === "admitted") admitted++;
        }
        parentPort.postMessage(admitted);
      });`;
    const module = new URL("./memory-cells.ts", import.meta.url).href;
    const counts = await Promise.all(
      Array.from({ length: threads }, () => {
        const worker = new Worker(source, { eval: true, workerData: { buffer: cells.buffer, module } });
        return new Promise<number>((resolve, reject) => worker.once("message", resolve).once("error", reject));
      }),
    );
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(10_000);
    expect(cells.read(1)).toMatchObject({ available: 10_000, admitted: 10_000 });
    const lost = cells.retriesTotal;
    expect(lost).toBe(cells.retries(1));
    cells.reset(1); // what was counted stays counted
    expect([cells.retries(1), cells.retriesTotal]).toEqual([0, lost]);
  }, 20_000);
});
