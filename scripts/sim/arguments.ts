/**
 * The command line of the simulator, read once and checked. It starts nothing: `main.ts` does.
 */
import { type NotRun, pathOf, readCommandLine, Refusal, SEEDS, wholeNumber } from "../command-line.ts";

export const OPERATIONS_DEFAULT = 300;
export const SEEDS_DEFAULT = 100;

export const USAGE = `npm run sim -- [options]

  --seed N         plays one seed, event by event: its plan of faults first, then what happened
  --seeds N        plays so many seeds, spread over the processors        (default: ${SEEDS_DEFAULT})
  --from N         the first of them                                      (default: 1)
  --ops N          operations of a seed                                   (default: ${OPERATIONS_DEFAULT})
  --threads N      threads that play                                      (default: one a processor)
  --mutations      breaks the engine on purpose, one way at a time, and tells what noticed, after how many seeds
  --mutation NAME  with --seed: plays that seed with the engine broken that way
  --json FILE      writes the report of many seeds, or of the mutations, as JSON

The same seed plays the same run twice. Exit: 0 clean, 1 a seed failed (and how to play it again), 2 wrong usage.`;

export type Command =
  | { kind: "one"; seed: number; operations: number; mutation: string | null }
  | { kind: "many"; from: number; seeds: number; operations: number; threads: number | null; json: string | null }
  | { kind: "mutations"; seeds: number; operations: number; threads: number | null; json: string | null }
  | NotRun;

/** A billion seeds would play for a year. */
const NUMBERS = {
  seed: SEEDS,
  seeds: { from: 1, to: 1_000_000_000 },
  from: SEEDS,
  ops: { from: 1, to: 100_000 },
  threads: { from: 1, to: 256 },
} as const;

const TEXT = { type: "string" } as const;

const OPTIONS = {
  seed: TEXT,
  seeds: TEXT,
  from: TEXT,
  ops: TEXT,
  threads: TEXT,
  mutations: { type: "boolean" },
  mutation: TEXT,
  json: TEXT,
} as const;

export function readCommand(argv: readonly string[]): Command {
  return readCommandLine(argv, OPTIONS, (values): Command => {
    const number = (name: keyof typeof NUMBERS): number | null => wholeNumber(name, values[name], NUMBERS[name]);
    const seed = number("seed");
    const seeds = number("seeds");
    const from = number("from");
    const operations = number("ops") ?? OPERATIONS_DEFAULT;
    const threads = number("threads");
    const mutation = values.mutation ?? null;
    const json = pathOf("json", values.json, "a file");
    if (seed !== null) {
      if (seeds !== null || from !== null || values.mutations || json !== null || threads !== null) throw new Refusal("--seed plays one seed: it goes with --ops and --mutation only.");
      return { kind: "one", seed, operations, mutation };
    }
    if (mutation !== null) throw new Refusal("--mutation goes with --seed; --mutations plays them all.");
    if (values.mutations) {
      if (from !== null) throw new Refusal("--mutations begins with seed 1: --from does not go with it.");
      return { kind: "mutations", seeds: seeds ?? SEEDS_DEFAULT, operations, threads, json };
    }
    return { kind: "many", from: from ?? 1, seeds: seeds ?? SEEDS_DEFAULT, operations, threads, json };
  });
}
