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
  /** A seed in which it was noticed, to look there first. */
  seed: number;
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

export interface MutationOptions {
  seeds: number;
  operations: number;
  threads: number | null;
}

/** Plays seeds from 1 until one fails. */
export async function playMutations(mutations: readonly Mutation[], options: MutationOptions, onCaught: (caught: Caught) => void): Promise<void> {
  for (const mutation of mutations) onCaught(await playMutation(mutation, await bundlePlayer(mutation), { from: 1, ...options }));
}

/** The same, looking first at the seed in which it was noticed before. */
export async function findAgain(mutation: Mutation, options: MutationOptions): Promise<Caught> {
  const program = await bundlePlayer(mutation);
  const again = await playMutation(mutation, program, { ...options, from: mutation.seed, seeds: 1 });
  return again.seeds === null ? playMutation(mutation, program, { ...options, from: 1 }) : again;
}

async function playMutation(mutation: Mutation, program: string, options: MutationOptions & { from: number }): Promise<Caught> {
  const { failed, played } = await campaign({ program, repeatEvery: 0, stopAtFailure: true, atOnce: 1, ...options });
  const first = failed[0];
  return { mutation, seeds: first?.seed ?? null, sentence: first ? oneLine(first.violations[0] as string) : null, played, failing: failed.length };
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").slice(0, 160);
