/**
 * Proves the ledger's one statement on a durable Postgres of its own, then prints how fast it is.
 * Exit 0 proved, 1 broken, 2 wrong usage.
 */
import { mkdtempSync, rmSync, chmodSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrate } from "../server/embedded/migrate.ts";
import { startPostgres } from "../server/embedded/postgres.ts";
import { proveLedger } from "../server/engine/tiers/tcc/proof/prove.ts";
import { measure } from "../server/engine/tiers/tcc/proof/throughput.ts";
import { numbersOrExit } from "./command-line.ts";

const USAGE = "npx tsx scripts/prove-ledger.ts [--seconds 60] [--sessions 6] [--seed 1] [--speed-seconds 4]";

const options = numbersOrExit(USAGE, { seconds: 60, sessions: 6, seed: 1, "speed-seconds": 4 });
const dir = mkdtempSync(join(tmpdir(), "eightysix-proof-"));
chmodSync(dir, 0o711); // Postgres may run as another user
const postgres = await startPostgres({ dir });
let broken = true;
try {
  await migrate(postgres.url);
  console.log(`Proving for ${options.seconds} s, ${options.sessions} sessions, seed ${options.seed} …`);
  const { wrong, verdicts, failures, ...counts } = await proveLedger({ databaseUrl: postgres.url, ...options });
  console.log(counts);
  console.log(failures);
  console.table(Object.fromEntries(Object.entries(verdicts).sort(([, a], [, b]) => b - a)));
  broken = wrong.length > 0;
  console.log(broken ? `BROKEN:\n${wrong.join("\n")}` : "No promise was broken.");
  if (options["speed-seconds"] > 0) {
    const rows = [];
    for (const dishes of [500, 1]) {
      for (const sessions of [1, 2]) {
        for (const batch of [64, 256]) rows.push(await measure(postgres.url, batch, sessions, dishes, options["speed-seconds"]));
      }
    }
    const rounded = rows.map((row) => ({ ...row, trysPerSecond: Math.round(row.trysPerSecond), movesPerSecond: Math.round(row.movesPerSecond), p50Ms: row.p50Ms.toFixed(1), p99Ms: row.p99Ms.toFixed(1) }));
    console.table(rounded);
  }
} finally {
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
}
process.exitCode = broken ? 1 : 0;
