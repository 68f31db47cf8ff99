/** The command line of `npm run faults`. */
import { type NotRun, readCommandLine, Refusal, SEEDS, wholeNumber } from "../../scripts/command-line.ts";

export const COUNT_DEFAULT = 22;

export const USAGE = `npm run faults -- [options]
  --count N     strikes; default ${COUNT_DEFAULT}, every kind once
  --minutes N   instead of a count: as many as fit
  --seed N      the order of the strikes; default: by chance, and printed`;

export interface FaultsOptions {
  count: number | null;
  minutes: number | null;
  seed: number;
}

export type Command = { kind: "run"; options: FaultsOptions } | NotRun;

const TEXT = { type: "string" } as const;

export function readCommand(argv: readonly string[]): Command {
  return readCommandLine(argv, { count: TEXT, minutes: TEXT, seed: TEXT }, (values): Command => {
    const count = wholeNumber("count", values.count, { from: 1, to: 100_000 });
    const minutes = wholeNumber("minutes", values.minutes, { from: 1, to: 10_000 });
    if (count !== null && minutes !== null) throw new Refusal("Give --count or --minutes, not both.");
    const seed = wholeNumber("seed", values.seed, SEEDS) ?? Math.floor(Math.random() * 1_000_000);
    return { kind: "run", options: { count: minutes === null ? (count ?? COUNT_DEFAULT) : null, minutes, seed } };
  });
}
