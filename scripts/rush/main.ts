/**
 * `npm run rush`: a lunch rush over HTTP, and an audit of what it left behind. Exit 0 when everything held, 1 when an
 * invariant broke, 2 on wrong usage or when there is nothing to reach.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { END_SIGNALS } from "../../server/embedded/processes.ts";
import { answerNotRun } from "../command-line.ts";
import { type FirstRun, readCommand, USAGE } from "./arguments.ts";
import { Progress } from "./progress.ts";
import { figuresOf, inWords, isBroken } from "./report.ts";
import { startRush, Unreachable } from "./rush.ts";

/** Ctrl-C once: customers stop coming, the audit is made. Once more, this much later: the program ends. */
const SECOND_THOUGHT_MS = 500;

function firstRun(): FirstRun | null {
  try {
    return JSON.parse(readFileSync(join(process.env.DATA_DIR ?? ".data", "first-run.json"), "utf8"));
  } catch {
    return null;
  }
}

async function main(): Promise<number> {
  const command = readCommand(process.argv.slice(2), firstRun);
  if (command.kind !== "run") return answerNotRun(command, USAGE);
  const { options } = command;
  if (options.json !== null) writeFileSync(options.json, ""); // a path that cannot be written is known before the rush

  const rush = startRush(options, new Progress(process.stderr), join(process.env.DATA_DIR ?? ".data", "participant"));
  let interruptedAtMs = Number.POSITIVE_INFINITY;
  const interrupt = () => {
    // A terminal and the program that started this one may both pass on a single Ctrl-C.
    if (performance.now() - interruptedAtMs > SECOND_THOUGHT_MS) process.exit(130);
    if (interruptedAtMs === Number.POSITIVE_INFINITY) interruptedAtMs = performance.now();
    rush.interrupt("stopped by hand");
  };
  for (const signal of END_SIGNALS) process.on(signal, interrupt);

  const held = await rush.done;
  const figures = figuresOf(held);
  process.stdout.write(`${inWords(figures)}\n`);
  if (options.json !== null) writeFileSync(options.json, `${JSON.stringify(figures, null, 2)}\n`);
  if (!held.audit) return 2;
  return isBroken(held.audit) ? 1 : 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    const isExpected = error instanceof Unreachable || (error as NodeJS.ErrnoException).syscall !== undefined;
    process.stderr.write(isExpected ? `${error.message}\n` : `The rush failed: ${error.stack}\n`);
    process.exitCode = 2;
  },
);
