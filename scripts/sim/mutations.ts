/**
 * Proves the checks: breaks the engine on purpose, one way at a time, and plays seeds until something notices.
 * The ways are in `mutation-table.ts`; `bundle.ts` applies them to the source on its way into the simulator.
 */
import { bundlePlayer } from "./bundle.ts";
import { campaign } from "./campaign.ts";

export interface Mutation {
  name: string;
  /** What is no longer so. */
  breaks: string;
  file: string;
  edits: { find: string; replace: string }[];
  /** Seeds after which it must be noticed; absent: `WITHIN`. */
  within?: number | undefined;
}

export interface Caught {
  mutation: Mutation;
  /** Seeds played, from 1, until the first that failed; null: none did. */
  seeds: number | null;
  /** The first thing that was wrong there. */
  sentence: string | null;
  played: number;
  /** How many of the seeds played failed. */
  failing: number;
}

export async function playMutations(
  mutations: readonly Mutation[],
  options: { seeds: number; operations: number; threads: number | null },
  onCaught: (caught: Caught) => void,
): Promise<void> {
  for (const mutation of mutations) {
    const program = await bundlePlayer(mutation);
    const { failed, played } = await campaign({ program, from: 1, repeatEvery: 0, stopAtFailure: true, ...options });
    const first = failed[0];
    onCaught({ mutation, seeds: first?.seed ?? null, sentence: first ? oneLine(first.violations[0] as string) : null, played, failing: failed.length });
  }
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").slice(0, 160);
