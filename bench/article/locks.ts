/**
 * Table 3: one lock, a lock per dish, segments with locks on demand: mean time, and what is left in memory after very many
 * distinct dishes were touched once. DishLocks do the same in a process of their own.
 */
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { Progress } from "../measure/progress.ts";
import { type Contender, type Figures, type Measured, type Round, spreadOf } from "../measure/rounds.ts";
import type { Cell, Table } from "../measure/report.ts";
import type { Crew } from "../threads/crew.ts";
import { attachLocks, lockBuffer, type LockDesign } from "./lock-tables.ts";
import type { LockCount, LockInput } from "./lock-work.ts";

const LOCK_WORK = new URL("./lock-work.ts", import.meta.url);
const MEMORY_PROGRAM = fileURLToPath(new URL("./lock-memory.ts", import.meta.url));

/** Dishes sold in the timed rounds: a city's hot ones. */
const HOT_DISHES = 1_000;
const PLENTY = 2 ** 30;

const DESIGNS = {
  global: "one lock",
  perDish: "lock per dish, kept",
  segments: "64 segments, on demand",
} as const satisfies Record<LockDesign, string>;

const designs = Object.keys(DESIGNS) as LockDesign[];

/** What a design left behind. */
export interface Growth {
  name: string;
  locks: number;
  /** Bytes of the locks that are left, counted; null where they are objects on the heap. */
  keptKib: number | null;
  /** What the heap grew by, after a collection; null among threads, whose collectors drown it. */
  heapKib: number | null;
  touchNs: number;
  violation: string | null;
}

export function lockContenders(crew: Crew, threads: number, roundMs: number): Contender[] {
  return designs.map((design): Contender => {
    const round = async (): Promise<Round> => {
      const { figures, violation } = await play(crew, { design, threads, dishes: HOT_DISHES, supplied: PLENTY, roundMs });
      return { figures, violation };
    };
    return { name: `${DESIGNS[design]}, ${threads} threads`, warmUp: round, round };
  });
}

interface Play {
  design: LockDesign;
  threads: number;
  dishes: number;
  supplied: number;
  /** Null: every dish once. */
  roundMs: number | null;
}

async function play(crew: Crew, { design, threads, dishes, supplied, roundMs }: Play) {
  const stock = new SharedArrayBuffer(dishes * 4);
  const left = new Int32Array(stock).fill(supplied);
  const locks = lockBuffer(design, dishes);
  const inputs = Array.from({ length: threads }, (_, first): LockInput => {
    return { design, locks, stock, dishes, once: roundMs === null ? { first, stride: threads } : null, seed: 7 + 1_000_003 * first };
  });
  const shift = await crew.run<LockCount>({ module: LOCK_WORK, inputs, durationMs: roundMs });
  const operations = shift.results.reduce((sum, result) => sum + result.operations, 0);
  const admitted = shift.results.reduce((sum, result) => sum + result.admitted, 0);
  const gone = left.reduce((sum, portions) => sum + supplied - portions, 0);
  const figures: Figures = {
    meanUs: (shift.threadMs * 1000) / operations,
    processorNs: (shift.processorMs * 1e6) / operations,
    perSecondK: operations / shift.wallMs,
  };
  let violation: string | null = null;
  if (gone !== admitted || left.some((portions) => portions < 0)) violation = `${admitted} portions admitted, ${gone} are gone from the stock`;
  else if (roundMs === null && admitted !== dishes) violation = `${admitted} portions admitted of ${dishes}, one a dish`;
  return { figures, violation, ...attachLocks(design, locks).kept() };
}

/** Touches `dishes` distinct dishes once, under every design. */
export async function measureGrowth(crew: Crew, threads: number, dishes: number, progress: Progress): Promise<Growth[]> {
  const grown: Growth[] = [];
  for (const design of designs) {
    const name = DESIGNS[design];
    progress.say(`${name}: ${dishes} distinct dishes`);
    const { figures, violation, locks, bytes } = await play(crew, { design, threads, dishes, supplied: 1, roundMs: null });
    grown.push({ name, locks, keptKib: bytes / 1024, heapKib: null, touchNs: 1e6 / (figures.perSecondK as number), violation: violation && `${name}: ${violation}` });
  }
  for (const keeper of ["map", "dishLocks"] as const) {
    progress.say(`${keeper === "map" ? "locks in a Map" : "DishLocks"}, in a process of its own: ${dishes} distinct dishes`);
    grown.push(await growthOf(keeper, dishes));
  }
  return grown;
}

async function growthOf(keeper: "map" | "dishLocks", dishes: number): Promise<Growth> {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", "--import", tsx, MEMORY_PROGRAM, keeper, String(dishes)]);
  return JSON.parse(stdout);
}

export function lockTable(measured: readonly Measured[], growth: readonly Growth[], threads: number, dishes: number, cores: number): Table {
  const left = ({ locks, keptKib, heapKib, touchNs }: Growth): Cell[] => [touchNs, locks, keptKib ?? "-", heapKib ?? "-"];
  return {
    title: `3. Locks by dish: mean time, and memory after ${dishes.toLocaleString("en-US")} distinct dishes`,
    columns: [
      { title: "design" },
      { title: "threads" },
      { title: "mean µs", digits: 2, spread: true },
      { title: "processor ns" },
      { title: "thousand/s", spread: true },
      { title: "first touch ns" },
      { title: "locks left" },
      { title: "kept KiB" },
      { title: "heap KiB" },
    ],
    rows: growth.map((one, i) => {
      const figure = (name: string) => (measured[i] ? spreadOf(measured[i], name) : "-");
      return [one.name, i < measured.length ? threads : 1, figure("meanUs"), figure("processorNs"), figure("perSecondK"), ...left(one)];
    }),
    remarks: [
      `mean: a thread's time for one sale among ${HOT_DISHES} dishes, waiting for the lock and for a core included; most of its processor time is work under the lock. first touch: wall time per dish.`,
      "kept: bytes of the locks that are left, counted. heap: what the heap grew by, measured after a collection, in a process of its own.",
      "The last two rows are one thread of JavaScript objects: what a kept lock costs there, and DishLocks, which have no lock to keep (a set of the keys in flight) and a contention profile of bounded size.",
      "The article, at 10 000 requests/s: one lock 18.2 ms, lock per id 3.1 ms, segmented on demand 4.3 ms.",
      `${cores} cores: one lock serialises at most ${cores} threads' work, so a finer lock can win at most a factor of ${cores}; its own bookkeeping comes off that.`,
    ],
  };
}
