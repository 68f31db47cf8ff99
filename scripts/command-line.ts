/**
 * What the command lines of this project have in common: `--help`, one sentence for whatever is wrong, numbers with bounds.
 * It starts nothing and reads no environment.
 */
import { parseArgs, type ParseArgsConfig } from "node:util";

type Options = NonNullable<ParseArgsConfig["options"]>;

/** One sentence on what is wrong with a command line. */
export class Refusal extends Error {}

/** A command line that runs nothing. */
export type NotRun = { kind: "help" } | { kind: "refused"; message: string };

export interface Bounds {
  readonly from: number;
  readonly to: number;
}

/** Seeds of everything that can be repeated are 32 bits. */
export const SEEDS: Bounds = { from: 0, to: 4_294_967_295 };

type Values<O extends Options> = ReturnType<typeof parseArgs<{ args: string[]; options: O }>>["values"];

/**
 * @param options as of `util.parseArgs`; `--help` and `-h` are added.
 * @param understand makes a command of what was given, or throws a `Refusal`.
 */
export function readCommandLine<const O extends Options, C>(
  argv: readonly string[],
  options: O,
  understand: (values: Values<O>, positionals: readonly string[]) => C,
  { allowPositionals = false } = {},
): C | NotRun {
  try {
    const all: Options = { ...options, help: { type: "boolean", short: "h" } };
    const { values, positionals } = parseArgs({ args: [...argv], allowPositionals, options: all });
    if (values.help) return { kind: "help" };
    return understand(values as Values<O>, positionals);
  } catch (error) {
    // parseArgs throws a TypeError with a code for everything it does not understand; advice follows in further lines.
    const isUnderstood = error instanceof Refusal || String((error as { code?: unknown }).code).startsWith("ERR_PARSE_ARGS");
    if (!isUnderstood) throw error;
    return { kind: "refused", message: (error as Error).message.split("\n")[0] as string };
  }
}

/** @returns null when it was not given. */
export function wholeNumber(name: string, text: string | undefined, { from, to }: Bounds): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < from || value > to) throw new Refusal(`--${name} takes a whole number from ${from} to ${to}, not "${text}".`);
  return value;
}

/** @param what the path is of, as in "a file". @returns null when it was not given. */
export function pathOf(name: string, text: string | undefined, what: string): string | null {
  if (text === "") throw new Refusal(`--${name} takes the path of ${what}.`);
  return text ?? null;
}

/** Tells what a command line that runs nothing is told. @returns the exit code: 0 for help, 2 for wrong usage. */
export function answerNotRun(command: NotRun, usage: string): 0 | 2 {
  if (command.kind === "help") {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  process.stderr.write(`${command.message} (--help lists the options)\n`);
  return 2;
}

/**
 * For a program all of whose options are whole numbers. Help and wrong usage end the process.
 * @param defaults by the option's name; what is not given is that.
 */
export function numbersOrExit<const N extends string>(usage: string, defaults: Readonly<Record<N, number>>): Record<N, number> {
  const names = Object.keys(defaults) as N[];
  const options: Record<string, { type: "string" }> = Object.fromEntries(names.map((name) => [name, { type: "string" }]));
  const command = readCommandLine(process.argv.slice(2), options, (values) => ({
    kind: "run" as const,
    numbers: Object.fromEntries(names.map((name) => [name, wholeNumber(name, values[name], SEEDS) ?? defaults[name]])) as Record<N, number>,
  }));
  if (command.kind !== "run") process.exit(answerNotRun(command, usage));
  return command.numbers;
}
