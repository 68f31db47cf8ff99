/**
 * Several instances, one dish, more customers than portions: nothing is oversold, every answer that was given is in the
 * database, the instances agree when it is over, and Redis was asked once a batch. It judges; tests and scripts decide.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import pg from "pg";
import { PostgresLedger } from "../engine/tiers/tcc/postgres-ledger.ts";
import type { CrowdReport } from "./crowd.ts";
import type { Instance } from "./instances.ts";
import type { InstanceStores } from "./instance-process.ts";

export interface InstancesProof {
  databaseUrl: string;
  redisUrl: string;
  instances: number;
  start(stores: InstanceStores): Promise<Instance>;
  portions: number;
  trys: number;
  /** At a time, at each instance. */
  customers: number;
  seed: number;
}

export interface InstancesVerdict {
  /** What was promised and did not hold. */
  wrong: string[];
  seconds: number;
  acceptedPerSecond: number;
  dish: { supplied: number; available: number; frozen: number; sold: number };
  told: CrowdReport["transactions"];
  refused: Record<string, number>;
  again: Record<string, number>;
  /** From the last answer until every instance knew what the database has. */
  agreedAfterMs: number;
  redis: { scripts: number; takes: number; batches: number; operations: number };
}

/** Promised: all agree within a second. Waited longer, so that a failure says how late it was. */
export const AGREE_MS_MAX = 1_000;
const AGREE_WAIT_MS = 10_000;
const AGREE_LOOK_MS = 20;

export async function proveInstances(options: InstancesProof): Promise<InstancesVerdict> {
  const { databaseUrl, redisUrl, portions, seed } = options;
  const dishId = `proof-${seed}-${Date.now().toString(36)}`;
  const storeId = `${dishId}-store`;
  const ledger = new PostgresLedger({ databaseUrl, connectionsMax: 1 });
  const sql = new pg.Client({ connectionString: databaseUrl });
  const redis = new Redis(redisUrl);
  const instances: Instance[] = [];
  try {
    await sql.connect();
    await ledger.createDish({ dishId, storeId, names: { en: "Noodles", "zh-CN": "面条" }, priceCents: 1_200, supplied: portions, actor: "proof", actionKey: dishId });
    for (let n = 0; n < options.instances; n++) instances.push(await options.start({ databaseUrl, redisUrl })); // in turn: each takes a core
    await redis.config("RESETSTAT");
    const startedAtMs = performance.now();
    const reports = await Promise.all(
      instances.map((instance, n) =>
        instance.crowd({
          prefix: `${dishId}-${n}`,
          storeId,
          dishId,
          trys: Math.ceil(options.trys / options.instances),
          customers: options.customers,
          seed: seed * 100 + n,
          confirmShare: 0.4,
          cancelShare: 0.4,
        }),
      ),
    );
    const seconds = (performance.now() - startedAtMs) / 1_000;
    const agreed = await agree(instances, sql, dishId, storeId);
    const stats = await Promise.all(instances.map((instance) => instance.stats()));
    const total = (read: (of: (typeof stats)[number]) => number) => stats.reduce((sum, of) => sum + read(of), 0);
    const verdict: InstancesVerdict = {
      wrong: agreed.wrong,
      seconds,
      acceptedPerSecond: sum(reports.map(({ transactions: { RESERVED, CONFIRMED, CANCELLED } }) => RESERVED + CONFIRMED + CANCELLED)) / seconds,
      dish: await dishOf(sql, dishId),
      told: added(reports.map(({ transactions }) => transactions)) as CrowdReport["transactions"],
      refused: added(reports.map(({ refused }) => refused)),
      again: added(reports.map(({ again }) => again)),
      agreedAfterMs: agreed.afterMs,
      redis: {
        scripts: await scriptsRun(redis),
        takes: total((of) => of.redis.takes),
        batches: total((of) => of.lock.batches),
        operations: total((of) => of.lock.batched),
      },
    };
    verdict.wrong.push(...(await audit(sql, dishId, portions, reports)), ...judgeScripts(verdict.redis, total((of) => of.redis.failures)));
    return verdict;
  } finally {
    await Promise.all(instances.map((instance) => instance.stop()));
    redis.disconnect();
    await sql.end();
    await ledger.close();
  }
}

async function agree(instances: readonly Instance[], sql: pg.Client, dishId: string, storeId: string): Promise<{ afterMs: number; wrong: string[] }> {
  const startedAtMs = performance.now();
  const { available } = await dishOf(sql, dishId);
  for (;;) {
    const views = await Promise.all(instances.map((instance) => instance.cell(dishId, storeId)));
    const afterMs = performance.now() - startedAtMs;
    const late = views.filter(({ memory }) => memory?.available !== available || memory.admitted !== 0);
    if (late.length === 0) return { afterMs, wrong: afterMs > AGREE_MS_MAX ? [`the instances agreed after ${Math.round(afterMs)} ms`] : [] };
    if (afterMs > AGREE_WAIT_MS) {
      return { afterMs, wrong: late.map(({ instance, memory }) => `${instance} still has ${JSON.stringify(memory)}, the database ${available}`) };
    }
    await sleep(AGREE_LOOK_MS);
  }
}

async function dishOf(sql: pg.Client, dishId: string): Promise<InstancesVerdict["dish"]> {
  const { rows } = await sql.query("SELECT supplied, available, frozen, sold FROM dishes WHERE dish_id = $1", [dishId]);
  return rows[0];
}

/** What the customers were told against what the database has, portion by portion. */
async function audit(sql: pg.Client, dishId: string, portions: number, reports: readonly CrowdReport[]): Promise<string[]> {
  const wrong: string[] = [];
  const check = (what: string, is: number, should: number): void => {
    if (is !== should) wrong.push(`${what}: ${is}, not ${should}`);
  };
  const dish = await dishOf(sql, dishId);
  const { rows } = await sql.query<{ state: keyof CrowdReport["portions"]; portions: number; transactions: number }>(
    "SELECT state::text, sum(quantity)::int AS portions, count(*)::int AS transactions FROM reservations WHERE dish_id = $1 GROUP BY state",
    [dishId],
  );
  const stored = (state: keyof CrowdReport["portions"]) => rows.find((row) => row.state === state) ?? { portions: 0, transactions: 0 };
  const told = added(reports.map((report) => report.portions));
  const toldTransactions = added(reports.map((report) => report.transactions));
  check("customers who never had an answer", sum(reports.map(({ lost }) => lost)), 0);
  check("available + frozen + sold", dish.available + dish.frozen + dish.sold, portions);
  check("frozen against the reservations", dish.frozen, stored("RESERVED").portions);
  check("sold against the reservations", dish.sold, stored("CONFIRMED").portions);
  for (const state of ["RESERVED", "CONFIRMED", "CANCELLED"] as const) {
    check(`${state} portions, as told`, told[state] ?? 0, stored(state).portions);
    check(`${state} transactions, as told`, toldTransactions[state] ?? 0, stored(state).transactions);
  }
  if (dish.available < 0) wrong.push(`oversold by ${-dish.available}`);
  // Whoever heard "sold out" last wanted three portions at most: more than that cannot be left over.
  const soldOut = sum(reports.map(({ refused }) => refused.SOLD_OUT ?? 0));
  const cancelled = stored("CANCELLED").portions;
  if (soldOut > 0 && dish.available > cancelled + 2) wrong.push(`${dish.available} portions left over, ${soldOut} customers were refused`);
  return wrong;
}

async function scriptsRun(redis: Redis): Promise<number> {
  const info = await redis.info("commandstats");
  return [...info.matchAll(/cmdstat_(?:evalsha|eval):calls=(\d+)/g)].reduce((count, [, calls]) => count + Number(calls), 0);
}

/** One take and one settle a batch, and the settles of batches that Redis turned back whole; never one an order. */
function judgeScripts({ scripts, takes, batches, operations }: InstancesVerdict["redis"], failures: number): string[] {
  const wrong: string[] = [];
  const bound = 2 * Math.max(takes, batches) + (takes > batches ? takes - batches : 0) + failures + 10; // ten: scripts loaded anew
  if (scripts > bound) wrong.push(`${scripts} scripts for ${takes} takes and ${batches} batches`);
  if (scripts > operations / 2) wrong.push(`${scripts} scripts for ${operations} operations: that is no batching`);
  return wrong;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

function added(counts: readonly Record<string, number>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const count of counts) for (const [name, number] of Object.entries(count)) total[name] = (total[name] ?? 0) + number;
  return total;
}
