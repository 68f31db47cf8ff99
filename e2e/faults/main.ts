/**
 * `npm run faults`: real faults against real processes. Exit 0 when nothing was wrong, 1 otherwise, 2 on wrong usage.
 * Ctrl-C ends it after the fault that is under way, with its checks; a second one at once.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answerNotRun } from "../../scripts/command-line.ts";
import { PROJECT_DIR } from "../../server/config.ts";
import { END_SIGNALS } from "../../server/embedded/processes.ts";
import { readCommand, USAGE } from "./arguments.ts";
import { runCampaigns } from "./campaigns.ts";
import { inWords } from "./report.ts";

const SERVERS = 3;
const CHECK_EVERY = 22;

async function main(): Promise<number> {
  const command = readCommand(process.argv.slice(2));
  if (command.kind !== "run") return answerNotRun(command, USAGE);
  const dir = mkdtempSync(join(tmpdir(), "eightysix-faults-"));
  const stop = new AbortController();
  for (const signal of END_SIGNALS) process.once(signal, () => stop.abort());
  // Something of the campaign's own broke: what it started has to be stopped all the same.
  let stray: Error | null = null;
  process.on("uncaughtException", (error) => {
    stray ??= error;
    stop.abort();
  });
  const say = (what: string): void => void process.stdout.write(`  ${what}\n`);
  const report = await runCampaigns({ ...command.options, dir, cacheDir: join(PROJECT_DIR, ".cache"), servers: SERVERS, ownDisk: true, checkEvery: CHECK_EVERY, signal: stop.signal, say });
  process.stdout.write(inWords(report));
  if (stray) throw stray;
  if (report.wrong.length > 0) {
    process.stdout.write(`The servers' logs are kept in ${dir}\n`);
    return 1;
  }
  rmSync(dir, { recursive: true, force: true });
  return 0;
}

process.exitCode = await main().catch((error: Error) => {
  process.stderr.write(`${error.stack ?? error.message}\n`);
  return 1;
});
// Sockets of servers that were killed linger, and Node, which would close them all before it ends, was seen to do that for ever.
process.stdout.write("", () => process.exit());
