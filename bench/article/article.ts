/**
 * The three tables of the article this system comes from, on real threads of this machine, all in memory.
 * It measures the pieces of tiers 1 and 2; what the whole engine does, durably, the other suites measure.
 */
import { availableParallelism } from "node:os";
import type { Progress } from "../measure/progress.ts";
import type { Findings } from "../measure/report.ts";
import { type Contender, type Measured, takeTurns } from "../measure/rounds.ts";
import { Crew } from "../threads/crew.ts";
import { bucketContenders, bucketTable } from "./buckets.ts";
import { cellContenders, cellTable } from "./cells.ts";
import { lockContenders, lockTable, measureGrowth } from "./locks.ts";

export interface Scale {
  /** Of table 1. */
  cellThreads: number[];
  /** Of table 2. */
  bucketThreads: number[];
  /** Of table 3. */
  lockThreads: number;
  rounds: number;
  roundMs: number;
  /** Distinct dishes touched once. */
  dishes: number;
}

/** Five rounds give a median and a spread; 150 ms are several time slices for each of 32 threads on 2 cores. All within a minute. */
export const ARTICLE: Scale = { cellThreads: [2, 4, 8, 16, 32], bucketThreads: [2, 16], lockThreads: 16, rounds: 5, roundMs: 150, dishes: 1_000_000 };

/** One cell alone: rounds long enough that 32 threads on 2 cores each run a few dozen time slices. */
export const CAS_ALONE: Scale = { ...ARTICLE, rounds: 9, roundMs: 500 };

export async function runArticle(scale: Scale, progress: Progress): Promise<Findings> {
  const { cellThreads, bucketThreads, lockThreads, rounds, roundMs, dishes } = scale;
  const cores = availableParallelism();
  return withCrew(scale, progress, async (crew) => {
    const measure = (contenders: Contender[]) => takeTurns(contenders, rounds, progress);
    const cells = await measure(cellContenders(crew, cellThreads, roundMs));
    const buckets = await measure(bucketContenders(crew, bucketThreads, roundMs));
    const locks = await measure(lockContenders(crew, lockThreads, roundMs));
    const growth = await measureGrowth(crew, lockThreads, dishes, progress);
    return {
      tables: [cellTable(cells, cellThreads, cores), bucketTable(buckets, bucketThreads, cores), lockTable(locks, growth, lockThreads, dishes, cores)],
      violations: [...violationsOf([...cells, ...buckets, ...locks]), ...growth.flatMap(({ violation }) => violation ?? [])],
    };
  });
}

/** Table 1 alone. */
export async function runCells(scale: Scale, progress: Progress): Promise<Findings> {
  const { cellThreads, rounds, roundMs } = scale;
  return withCrew(scale, progress, async (crew) => {
    const measured = await takeTurns(cellContenders(crew, cellThreads, roundMs), rounds, progress);
    return { tables: [cellTable(measured, cellThreads, availableParallelism())], violations: violationsOf(measured) };
  });
}

const violationsOf = (measured: Measured[]): string[] => measured.flatMap(({ violations }) => violations);

async function withCrew<T>({ cellThreads, bucketThreads, lockThreads }: Scale, progress: Progress, work: (crew: Crew) => Promise<T>): Promise<T> {
  const threads = Math.max(lockThreads, ...cellThreads, ...bucketThreads);
  const crew = new Crew();
  try {
    progress.say(`starting ${threads} threads`);
    await crew.grow(threads);
    return await work(crew);
  } finally {
    await crew.close();
  }
}
