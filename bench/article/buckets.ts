/**
 * Table 2: one mutex for everything against 64 buckets under compare-and-swap, each with and without pooled operations.
 * Everything happens in memory: it says nothing about a deduction that is durable.
 */
import { SEGMENTS } from "../../server/engine/tiers/lock/contention-profile.ts";
import { Latencies } from "../measure/latencies.ts";
import { type Contender, type Measured, type Round, spreadOf } from "../measure/rounds.ts";
import type { Table } from "../measure/report.ts";
import type { Crew } from "../threads/crew.ts";
import { BUCKET_BYTES, type BucketCount, type BucketInput, LINE } from "./bucket-work.ts";

const BUCKET_WORK = new URL("./bucket-work.ts", import.meta.url);

/** More than a round can sell. */
const PLENTY = 2 ** 30;

/** Few enough that every bucket is sold out by SELL_OUT_OPERATIONS, four times as many. */
const SELL_OUT_PORTIONS = 500;
const SELL_OUT_OPERATIONS = 4 * SELL_OUT_PORTIONS * SEGMENTS;

const VARIANTS = [
  { guard: "mutex", pooled: false },
  { guard: "mutex", pooled: true },
  { guard: "buckets", pooled: false },
  { guard: "buckets", pooled: true },
] as const;

type Variant = (typeof VARIANTS)[number] & { threads: number };

const variants = (threads: readonly number[]): Variant[] => threads.flatMap((count) => VARIANTS.map((variant) => ({ ...variant, threads: count })));

const nameOf = ({ guard }: Variant) => (guard === "mutex" ? "one mutex" : `${SEGMENTS} buckets`);

export function bucketContenders(crew: Crew, threads: readonly number[], roundMs: number): Contender[] {
  return variants(threads).map((variant): Contender => {
    const sellOut = () => playRound(crew, variant, { supplied: SELL_OUT_PORTIONS, operations: Math.ceil(SELL_OUT_OPERATIONS / variant.threads), roundMs });
    const play = () => playRound(crew, variant, { supplied: PLENTY, operations: null, roundMs });
    return {
      name: `${nameOf(variant)}${variant.pooled ? ", pooled" : ""}, ${variant.threads} threads`,
      async warmUp() {
        const soldOut = await sellOut();
        return soldOut.violation === null ? play() : soldOut;
      },
      round: play,
    };
  });
}

async function playRound(crew: Crew, variant: Variant, load: { supplied: number; operations: number | null; roundMs: number }): Promise<Round> {
  const buffer = new SharedArrayBuffer(BUCKET_BYTES);
  const words = new Int32Array(buffer);
  for (let bucket = 1; bucket <= SEGMENTS; bucket++) words[bucket * LINE] = load.supplied;
  const inputs = Array.from({ length: variant.threads }, (_, i): BucketInput => ({ buffer, guard: variant.guard, pooled: variant.pooled, seed: 7 + 1_000_003 * i, operations: load.operations }));
  const shift = await crew.run<BucketCount>({ module: BUCKET_WORK, inputs, durationMs: load.operations === null ? load.roundMs : null });
  const latencies = new Latencies();
  for (const result of shift.results) latencies.add(result.latencies);
  const sum = (figure: "operations" | "admitted" | "lost") => shift.results.reduce((total, result) => total + result[figure], 0);
  const operations = sum("operations");
  return {
    figures: {
      meanNs: (shift.threadMs * 1e6) / operations,
      processorNs: (shift.processorMs * 1e6) / operations,
      p99Us: latencies.quantileNs(0.99) / 1000,
      p9999Us: latencies.quantileNs(0.9999) / 1000,
      perSecondM: operations / shift.wallMs / 1000,
      collectPercent: (100 * shift.collectMs) / shift.threadMs,
    },
    violation: violationOf(words, sum("admitted"), load),
  };
}

function violationOf(words: Int32Array, admitted: number, load: { supplied: number; operations: number | null }): string | null {
  const left = Array.from({ length: SEGMENTS }, (_, bucket) => words[(bucket + 1) * LINE] as number);
  if (left.some((portions) => portions < 0)) return "a bucket is below zero";
  const gone = left.reduce((sum, portions) => sum + load.supplied - portions, 0);
  return gone === admitted ? null : `${admitted} portions admitted, ${gone} are gone from the buckets`;
}

export function bucketTable(measured: readonly Measured[], threads: readonly number[], cores: number): Table {
  return {
    title: `2. One mutex against ${SEGMENTS} buckets, with new and with pooled operation objects`,
    columns: [
      { title: "guard" },
      { title: "operations" },
      { title: "threads" },
      { title: "mean ns", spread: true },
      { title: "processor ns" },
      { title: "p99 µs", digits: 2, spread: true },
      { title: "p99.99 µs", digits: 1 },
      { title: "million/s", digits: 2, spread: true },
      { title: "collecting %", digits: 2 },
    ],
    rows: variants(threads).map((variant, i) => {
      const figure = (name: string) => spreadOf(measured[i] as Measured, name);
      const figures = ["meanNs", "processorNs", "p99Us", "p9999Us", "perSecondM", "collectPercent"].map(figure);
      return [nameOf(variant), variant.pooled ? "pooled" : "new", variant.threads, ...figures];
    }),
    remarks: [
      "p99 of one operation in eight, each timed alone. collecting: the threads' time in the garbage collector. The mutex is a futex on Atomics.wait.",
      "The article, on 16 cores: one mutex 1 200/s, mean 18.2 ms, p99 86 ms; segmented, lock-free and pooled 24 500/s, 0.8 ms, 3.1 ms.",
      `${cores} cores: at most ${cores} threads meet at the mutex at a time, the others sleep or wait for a core. A mutex whose holder was stopped shows in the last percentiles, not in the mean. The article's factor of 20 had 16 cores at one mutex and cannot be seen here.`,
    ],
  };
}
