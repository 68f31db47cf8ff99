/**
 * The command line of the simulator, read once and checked. It starts nothing: `main.ts` does.
 */
import { parseArgs } from "node:util";

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
  | { kind: "help" }
  | { kind: "refused"; message: string };

/** Seeds are 32 bits; a billion of them would play for a year. */
const NUMBERS = {
  seed: { from: 0, to: 4_294_967_295 },
  seeds: { from: 1, to: 1_000_000_000 },
  from: { from: 0, to: 4_294_967_295 },
  ops: { from: 1, to: 100_000 },
  threads: { from: 1, to: 256 },
} as const;

class Refusal extends Error {}

function numberOption(name: keyof typeof NUMBERS, text: string | undefined): number | null {
  if (text === undefined) return null;
  const { from, to } = NUMBERS[name];
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < from || value > to) throw new Refusal(`--${name} takes a whole number from ${from} to ${to}, not "${text}".`);
  return value;
}

export function readCommand(argv: readonly string[]): Command {
  try {
    const { values } = parseArgs({
      args: [...argv],
      allowPositionals: false,
      options: {
        seed: { type: "string" },
        seeds: { type: "string" },
        from: { type: "string" },
        ops: { type: "string" },
        threads: { type: "string" },
        mutations: { type: "boolean" },
        mutation: { type: "string" },
        json: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) return { kind: "help" };
    const seed = numberOption("seed", values.seed);
    const seeds = numberOption("seeds", values.seeds);
    const from = numberOption("from", values.from);
    const operations = numberOption("ops", values.ops) ?? OPERATIONS_DEFAULT;
    const threads = numberOption("threads", values.threads);
    const { mutation = null, json = null } = values;
    if (json === "") throw new Refusal("--json takes the path of a file.");
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
  } catch (error) {
    const known = error instanceof Refusal || String((error as { code?: unknown }).code).startsWith("ERR_PARSE_ARGS");
    if (!known) throw error;
    return { kind: "refused", message: (error as Error).message };
  }
}
