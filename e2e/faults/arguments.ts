/** The command line of `npm run faults`. */
import { parseArgs } from "node:util";

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

export type Command = { kind: "run"; options: FaultsOptions } | { kind: "help" } | { kind: "refused"; message: string };

export function readArguments(argv: string[]): Command {
  let values: Record<string, string | boolean | undefined>;
  try {
    ({ values } = parseArgs({ args: argv, options: { count: { type: "string" }, minutes: { type: "string" }, seed: { type: "string" }, help: { type: "boolean", short: "h" } } }));
  } catch (error) {
    return { kind: "refused", message: (error as Error).message.split(". ")[0] as string };
  }
  if (values.help) return { kind: "help" };
  if (values.count !== undefined && values.minutes !== undefined) return { kind: "refused", message: "Give --count or --minutes, not both." };
  const options: FaultsOptions = { count: COUNT_DEFAULT, minutes: null, seed: Math.floor(Math.random() * 1_000_000) };
  for (const [name, least, most] of [["count", 1, 100_000], ["minutes", 1, 10_000], ["seed", 0, 4_294_967_295]] as const) {
    const text = values[name];
    if (text === undefined) continue;
    const value = Number(text);
    if (!/^\d+$/.test(String(text)) || value < least || value > most) return { kind: "refused", message: `--${name} takes a whole number from ${least} to ${most}, not ${String(text)}.` };
    options[name] = value;
  }
  if (options.minutes !== null) options.count = null;
  return { kind: "run", options };
}
