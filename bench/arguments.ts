/**
 * The command line of the benchmarks, read once and checked. It starts nothing.
 */
import { parseArgs } from "node:util";
import { SUITE_NAMES, SUITES, type SuiteName } from "./suites.ts";

export const USAGE = `npm run bench -- [${SUITE_NAMES.join("|")}] [--case NAME] [--json FILE]

${SUITE_NAMES.map((name) => `  ${name.padEnd(8)} ${SUITES[name].about}`).join("\n")}
  --case NAME  of quick and full: only this case, may be repeated
  --json FILE  writes the tables, the machine and the verdict as JSON, and the plot beside it as SVG

Without a name: full. Exit: 0 measured and every count held, 1 a count did not hold, 2 wrong usage or nothing measured.`;

export interface BenchOptions {
  suite: SuiteName;
  json: string | null;
  cases: string[];
}

export type Command = { kind: "run"; options: BenchOptions } | { kind: "help" } | { kind: "refused"; message: string };

export function readCommand(args: string[]): Command {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    return { kind: "refused", message: (error as Error).message.split(". ")[0] as string };
  }
  const { values, positionals } = parsed;
  if (values.help) return { kind: "help" };
  if (positionals.length > 1) return { kind: "refused", message: `One suite at a time, not ${positionals.length}.` };
  const suite = positionals[0] ?? "full";
  if (!isSuite(suite)) return { kind: "refused", message: `There is no suite "${suite}": choose one of ${SUITE_NAMES.join(", ")}.` };
  const cases = values.case ?? [];
  const stranger = cases.find((name) => !SUITES[suite].cases?.includes(name));
  if (stranger) return { kind: "refused", message: `The suite "${suite}" has no case "${stranger}": ${SUITES[suite].cases?.join(", ") ?? "it has none"}.` };
  return { kind: "run", options: { suite, json: values.json ?? null, cases } };
}

function parse(args: string[]) {
  return parseArgs({ args, allowPositionals: true, options: { json: { type: "string" }, case: { type: "string", multiple: true }, help: { type: "boolean", short: "h" } } });
}

function isSuite(name: string): name is SuiteName {
  return (SUITE_NAMES as readonly string[]).includes(name);
}
