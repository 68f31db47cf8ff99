/**
 * Plays many seeds on several threads, and adds up what they met. It judges a campaign by the same bounds whether it is the
 * short one of the tests or a night's: see `proofOf`.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { pairName } from "../../server/engine/simulation/ambush.ts";
import { PAIRS } from "../../server/engine/simulation/fault-plan.ts";
import type { RunCounts } from "../../server/engine/simulation/simulate.ts";
import type { Played, PlayerOptions } from "./player.ts";

/** Every pair of fault and phase must have been met that often for a campaign to count as proof. */
export const PAIR_HITS_MIN = 100;
export const ACCEPTED_SHARE_MIN = 0.3;
export const REPLAYED_SHARE_MIN = 0.1;

/** Seeds a thread is given at a time: a second's work, so that nobody is left with much at the end. */
const SEEDS_AT_ONCE_DEFAULT = 8;

export interface CampaignOptions {
  /** From `bundlePlayer`. */
  program: string;
  from: number;
  seeds: number;
  operations: number;
  threads?: number | null;
  repeatEvery?: number;
  atOnce?: number;
  /** Ends with the first failure. */
  stopAtFailure?: boolean;
  onProgress?(played: number): void;
}

export interface CampaignReport {
  played: number;
  operations: number;
  /** Failed seeds, lowest first. */
  failed: { seed: number; violations: string[] }[];
  counts: RunCounts;
  coverage: Record<string, number>;
}

export async function campaign({ program, from, seeds, operations, threads, repeatEvery = 25, atOnce = SEEDS_AT_ONCE_DEFAULT, stopAtFailure = false, onProgress }: CampaignOptions): Promise<CampaignReport> {
  const report: CampaignReport = { played: 0, operations, failed: [], counts: {} as RunCounts, coverage: {} };
  const end = from + seeds;
  let next = from;
  const oneThread = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(program, { eval: true, workerData: { operations, repeatEvery } satisfies PlayerOptions });
      let owed = 0;
      const leave = (): void => {
        void worker.terminate().then(() => resolve());
      };
      const give = (): void => {
        const given = Array.from({ length: Math.max(0, Math.min(atOnce, end - next)) }, (_, index) => next + index);
        if (given.length === 0 || (stopAtFailure && report.failed.length > 0)) {
          leave();
          return;
        }
        next += given.length;
        owed = given.length;
        worker.postMessage(given);
      };
      worker.on("message", (played: Played) => {
        add(report, played);
        onProgress?.(report.played);
        if (--owed === 0) give();
      });
      worker.once("error", (error) => {
        void worker.terminate();
        reject(error);
      });
      give();
    });
  await Promise.all(Array.from({ length: Math.min(threads ?? availableParallelism(), Math.ceil(seeds / atOnce)) }, oneThread));
  report.failed.sort((a, b) => a.seed - b.seed);
  return report;
}

function add(report: CampaignReport, { seed, violations, counts, coverage }: Played): void {
  report.played++;
  if (violations.length > 0) report.failed.push({ seed, violations });
  for (const [name, count] of Object.entries(counts) as [keyof RunCounts, number][]) report.counts[name] = (report.counts[name] ?? 0) + count;
  for (const [pair, count] of Object.entries(coverage)) report.coverage[pair] = (report.coverage[pair] ?? 0) + count;
}

/** @returns why a campaign without a failed seed proves too little; empty: it counts. */
export function proofOf({ counts, coverage }: Pick<CampaignReport, "counts" | "coverage">): string[] {
  const short = PAIRS.map(([fault, phase]) => ({ pair: pairName(fault, phase), met: coverage[pairName(fault, phase)] ?? 0 }))
    .filter(({ met }) => met < PAIR_HITS_MIN)
    .sort((a, b) => a.met - b.met);
  const missing: string[] = [];
  if (short.length > 0) {
    const worst = short.slice(0, 5).map(({ pair, met }) => `${pair} ${met}`);
    missing.push(`${short.length} of ${PAIRS.length} pairs of fault and phase were met fewer than ${PAIR_HITS_MIN} times: ${worst.join(", ")}${short.length > 5 ? ", …" : ""}`);
  }
  const accepted = counts.accepted / counts.trys;
  const replayed = counts.replayed / counts.trys;
  if (!(accepted >= ACCEPTED_SHARE_MIN)) missing.push(`${percent(accepted)} of all Trys were accepted, not ${percent(ACCEPTED_SHARE_MIN)}`);
  if (!(replayed >= REPLAYED_SHARE_MIN)) missing.push(`${percent(replayed)} of all Trys were replays, not ${percent(REPLAYED_SHARE_MIN)}`);
  return missing;
}

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
