/**
 * Table 1: threads × mean time × share of compare-and-swaps that fail, on one cell.
 * It measures the machine's cores and scheduler as much as the cell; the remarks say which is which.
 */
import { MemoryCells, PORTIONS_MAX } from "../../server/engine/tiers/cas/memory-cells.ts";
import { type Contender, type Figures, type Measured, type Round, spreadOf } from "../measure/rounds.ts";
import type { Table } from "../measure/report.ts";
import type { Crew } from "../threads/crew.ts";
import { type CellCount, type CellInput, SLOT } from "./cell-work.ts";

/** Sold out on purpose before the first round of each contender: so few that every thread sees the end. */
const SELL_OUT_PORTIONS = 50_000;

export const CELL_WORK = new URL("./cell-work.ts", import.meta.url);

const WAYS = {
  cell: "MemoryCells.admit",
  word64: "bare loop, BigInt64",
  word32: "bare loop, Int32",
} as const satisfies Record<CellInput["way"], string>;

/** @param module the threads' work; a test gives a broken one. */
export function cellContenders(crew: Crew, threads: readonly number[], roundMs: number, module = CELL_WORK): Contender[] {
  return (Object.keys(WAYS) as CellInput["way"][]).flatMap((way) =>
    threads.map((count): Contender => {
      const play = (supplied: number, untilShort: boolean) => playRound(crew, module, { way, count, supplied, untilShort, roundMs });
      return {
        name: `${WAYS[way]}, ${count} threads`,
        async warmUp() {
          const soldOut = await play(SELL_OUT_PORTIONS, true);
          return soldOut.violation === null ? play(PORTIONS_MAX, false) : soldOut;
        },
        round: () => play(PORTIONS_MAX, false),
      };
    }),
  );
}

interface Play {
  way: CellInput["way"];
  count: number;
  supplied: number;
  untilShort: boolean;
  roundMs: number;
}

async function playRound(crew: Crew, module: URL, { way, count, supplied, untilShort, roundMs }: Play): Promise<Round> {
  const cells = MemoryCells.create(SLOT + 2);
  cells.reset(SLOT);
  cells.settle(SLOT, { available: supplied, version: 1, onSale: true }, 0);
  const input: CellInput = { buffer: cells.buffer, way, untilShort };
  const shift = await crew.run<CellCount>({ module, inputs: new Array(count).fill(input), durationMs: untilShort ? null : roundMs });
  const sum = (figure: keyof CellCount) => shift.results.reduce((total, result) => total + result[figure], 0);
  const admitted = sum("admitted");
  const lost = sum("lost") + cells.retries(SLOT);
  const figures: Figures = {
    meanNs: (shift.threadMs * 1e6) / admitted,
    processorNs: (shift.processorMs * 1e6) / admitted,
    perSecondM: admitted / shift.wallMs / 1000,
    failedPercent: (100 * lost) / (admitted + lost),
    busy: sum("busy"),
  };
  return { figures, violation: violationOf(cells, admitted, supplied, untilShort) };
}

function violationOf(cells: MemoryCells, admitted: number, supplied: number, soldOut: boolean): string | null {
  const word = cells.read(SLOT);
  if (admitted > supplied) return `${admitted} portions admitted of ${supplied} supplied`;
  if (word.admitted !== admitted) return `${admitted} portions admitted, the cell says ${word.admitted}`;
  if (soldOut && admitted !== supplied) return `sold out at ${admitted} of ${supplied} portions`;
  return null;
}

export function cellTable(measured: readonly Measured[], threads: readonly number[], cores: number): Table {
  return {
    title: "1. Deductions on one cell: threads, mean time, failed compare-and-swaps",
    columns: [
      { title: "way" },
      { title: "threads" },
      { title: "mean ns", spread: true },
      { title: "processor ns" },
      { title: "million/s", digits: 1, spread: true },
      { title: "failed %", digits: 2, spread: true },
      { title: "busy" },
    ],
    rows: measured.map((one, i) => [
      Object.values(WAYS)[Math.floor(i / threads.length)] as string,
      threads[i % threads.length] as number,
      spreadOf(one, "meanNs"),
      spreadOf(one, "processorNs"),
      spreadOf(one, "perSecondM"),
      spreadOf(one, "failedPercent"),
      spreadOf(one, "busy"),
    ]),
    remarks: [
      "mean: a thread's time per admitted deduction, waiting for a core included. processor: the cores' time per deduction.",
      "busy: admissions given up after 64 losses in a row, in one round.",
      "The article, on 16 cores: 0.3 % failed at 2 threads, 68.4 % at 32.",
      cores < 16
        ? `${cores} cores run ${cores} threads at a time. More threads wait for a core, so the mean grows with their number while the work does not. Failures come from the ${cores} that run and from threads stopped half-way, not from many cores on one cache line: the article's 68.4 % cannot be seen here.`
        : "Threads beyond the cores are time-sliced: their failures come from being stopped half-way.",
    ],
  };
}
