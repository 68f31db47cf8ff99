/**
 * The command line of the benchmarks, read once and checked. It starts nothing.
 */
import { type NotRun, pathOf, readCommandLine, Refusal } from "../scripts/command-line.ts";
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

export type Command = { kind: "run"; options: BenchOptions } | NotRun;

const OPTIONS = { json: { type: "string" }, case: { type: "string", multiple: true } } as const;

export function readCommand(argv: readonly string[]): Command {
  const understand = (values: { json?: string; case?: string[] }, positionals: readonly string[]): Command => {
    if (positionals.length > 1) throw new Refusal(`One suite at a time, not ${positionals.length}.`);
    const suite = positionals[0] ?? "full";
    if (!isSuite(suite)) throw new Refusal(`There is no suite "${suite}": choose one of ${SUITE_NAMES.join(", ")}.`);
    const cases = values.case ?? [];
    const stranger = cases.find((name) => !SUITES[suite].cases?.includes(name));
    if (stranger) throw new Refusal(`The suite "${suite}" has no case "${stranger}": ${SUITES[suite].cases?.join(", ") ?? "it has none"}.`);
    return { kind: "run", options: { suite, json: pathOf("json", values.json, "a file"), cases } };
  };
  return readCommandLine(argv, OPTIONS, understand, { allowPositionals: true });
}

function isSuite(name: string): name is SuiteName {
  return (SUITE_NAMES as readonly string[]).includes(name);
}
