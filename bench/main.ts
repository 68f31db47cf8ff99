/**
 * `npm run bench`: side-by-side measurements. Exit 0 when they were made and every count held, 1 when portions were
 * created or lost (such a run does not count), 2 on wrong usage.
 */
import { writeFileSync } from "node:fs";
import { answerNotRun } from "../scripts/command-line.ts";
import { readCommand, USAGE } from "./arguments.ts";
import { Progress } from "./measure/progress.ts";
import { inWords, reportOn } from "./measure/report.ts";
import { SUITES } from "./suites.ts";

async function main(): Promise<number> {
  const command = readCommand(process.argv.slice(2));
  if (command.kind !== "run") return answerNotRun(command, USAGE);
  const { suite, json, cases } = command.options;
  if (json !== null) writeFileSync(json, ""); // a path that cannot be written is known before the minutes are spent

  const progress = new Progress(process.stderr);
  const report = await reportOn(suite, () => SUITES[suite].run(progress, cases)).finally(() => progress.clear());
  process.stdout.write(`${inWords(report)}\n`);
  const { plot, ...tables } = report;
  if (json !== null) writeFileSync(json, `${JSON.stringify(tables, null, 2)}\n`);
  if (json !== null && plot) writeFileSync(`${json.replace(/\.json$/, "")}.svg`, plot);
  return report.violations.length > 0 ? 1 : 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    const isExpected = (error as NodeJS.ErrnoException).syscall !== undefined;
    process.stderr.write(isExpected ? `${error.message}\n` : `The benchmark failed: ${error.stack}\n`);
    process.exitCode = 2;
  },
);
