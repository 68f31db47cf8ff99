/**
 * `npm run faults`: real faults against real processes. Exit 0 when nothing was wrong, 1 otherwise, 2 on wrong usage.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT_DIR } from "../../server/config.ts";
import { readArguments, USAGE } from "./arguments.ts";
import { runCampaign } from "./campaign.ts";
import { inWords } from "./report.ts";

async function main(): Promise<number> {
  const command = readArguments(process.argv.slice(2));
  if (command.kind === "help") {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  if (command.kind === "refused") {
    process.stderr.write(`${command.message} (--help lists the options)\n`);
    return 2;
  }
  const dir = mkdtempSync(join(tmpdir(), "eightysix-faults-"));
  const say = (what: string): void => void process.stdout.write(`  ${what}\n`);
  const report = await runCampaign({ ...command.options, dir, cacheDir: join(PROJECT_DIR, ".cache"), checkEvery: 20, say });
  process.stdout.write(inWords(report));
  if (report.wrong.length > 0) {
    process.stdout.write(`The servers' logs and data are kept in ${dir}\n`);
    return 1;
  }
  rmSync(dir, { recursive: true, force: true });
  return 0;
}

process.exitCode = await main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  return 1;
});
// Sockets of servers that were killed may linger; the report is out.
setTimeout(() => process.exit(), 2_000).unref();
