/**
 * A thread that plays seeds: it is told which, and tells how each ended.
 */
import { parentPort, workerData } from "node:worker_threads";
import { simulate } from "../../server/engine/simulation/simulate.ts";
import type { RunCounts } from "../../server/engine/simulation/simulate.ts";
import type { Coverage } from "../../server/engine/simulation/ambush.ts";

export interface PlayerOptions {
  operations: number;
  /** Every seed that this divides is played twice, and must be the same both times. 0: none. */
  repeatEvery: number;
  /** Tells every line of the log as it comes. */
  tellsLines?: boolean;
}

export interface Played {
  seed: number;
  violations: string[];
  coverage: Coverage;
  counts: RunCounts;
}

async function play(seed: number, { operations, repeatEvery, tellsLines }: PlayerOptions): Promise<Played> {
  const onLine = tellsLines ? (line: string) => parentPort?.postMessage(line) : undefined;
  const { violations, coverage, counts, digest } = await simulate(seed, { operations, onLine });
  if (repeatEvery > 0 && seed % repeatEvery === 0) {
    const again = await simulate(seed, { operations });
    if (again.digest !== digest) violations.push(`the same seed played two runs: ${digest} and ${again.digest}`);
  }
  return { seed, violations, coverage, counts };
}

Error.stackTraceLimit = 0; // errors are part of the play; a seed that fails is played again with everything
parentPort?.on("message", (seeds: number[]) => {
  (async () => {
    for (const seed of seeds) parentPort?.postMessage(await play(seed, workerData as PlayerOptions));
  })().catch((error: unknown) => {
    throw error;
  });
});
