/**
 * Proves on real stores of its own what several instances promise: one dish sold by all of them, then a rush during which Redis
 * hangs, then one during which it is killed. Every instance is a process of its own.
 * Exit 0 proved, 1 broken, 2 wrong usage.
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrate } from "../server/embedded/migrate.ts";
import { startPostgres } from "../server/embedded/postgres.ts";
import { startRedis } from "../server/embedded/redis.ts";
import { startInstance } from "../server/testing/instances.ts";
import { proveInstances } from "../server/testing/instances-proof.ts";
import { proveOutage } from "../server/testing/outage-proof.ts";
import { numbersOrExit } from "./command-line.ts";

const USAGE = "npx tsx scripts/prove-instances.ts [--instances 3] [--portions 10000] [--trys 30000] [--customers 128] [--outage-seconds 20] [--seed 1]";

const { "outage-seconds": outageSeconds, ...options } = numbersOrExit(USAGE, { instances: 3, portions: 10_000, trys: 30_000, customers: 128, "outage-seconds": 20, seed: 1 });
const dir = mkdtempSync(join(tmpdir(), "eightysix-proof-"));
chmodSync(dir, 0o711); // Postgres may run as another user
const cacheDir = join(import.meta.dirname, "..", ".cache");
const postgres = await startPostgres({ dir });
let redis = await startRedis({ dir, cacheDir });
const wrong: string[] = [];
const report = (what: string, { wrong: found, ...figures }: { wrong: string[] }): void => {
  console.log(`\n${what}: ${found.length === 0 ? "as promised" : "BROKEN"}`);
  console.log(figures);
  for (const sentence of found) console.log(`  ${sentence}`);
  wrong.push(...found);
};
try {
  await migrate(postgres.url);
  const stores = { databaseUrl: postgres.url, redisUrl: redis.url };
  report(`${options.instances} instances, ${options.portions} portions, ${options.trys} orders`, await proveInstances({ ...stores, ...options, start: startInstance }));
  if (outageSeconds > 0) {
    const rush = { ...stores, ...options, start: startInstance, beforeSeconds: 8, outageSeconds, afterSeconds: 5 };
    const signal = (name: NodeJS.Signals) => async () => void process.kill(redis.pid, name);
    report(`Redis hangs for ${outageSeconds} s`, await proveOutage({ ...rush, away: signal("SIGSTOP"), back: signal("SIGCONT") }));
    let isAway = false;
    const kill = async (): Promise<void> => {
      isAway = true;
      process.kill(redis.pid, "SIGKILL");
    };
    const back = async (): Promise<void> => {
      if (isAway) redis = await startRedis({ dir, cacheDir });
      isAway = false;
    };
    report(`Redis is killed, and started again after ${outageSeconds} s`, await proveOutage({ ...rush, away: kill, back }));
  }
} finally {
  await redis.stop();
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
}
console.log(wrong.length === 0 ? "\nNo promise was broken." : `\n${wrong.length} promises were broken.`);
process.exitCode = wrong.length === 0 ? 0 : 1;
