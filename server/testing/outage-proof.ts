/**
 * A rush over several instances during which Redis goes away and comes back: how much is accepted before, meanwhile and after,
 * what the instances say of it, and whether the books are right at the end. It judges; scripts decide.
 */
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { EngineStats } from "../engine/kernel/types.ts";
import { PostgresLedger } from "../engine/tiers/tcc/postgres-ledger.ts";
import type { InstanceStores } from "./instance-process.ts";
import type { Instance } from "./instances.ts";

export interface OutageProof extends InstanceStores {
  instances: number;
  start(stores: InstanceStores): Promise<Instance>;
  customers: number;
  seed: number;
  beforeSeconds: number;
  outageSeconds: number;
  afterSeconds: number;
  /** Takes Redis away, and brings it back. */
  away(): Promise<void>;
  back(): Promise<void>;
}

export interface OutageVerdict {
  wrong: string[];
  /** Accepted Trys a second. */
  before: number;
  meanwhile: number;
  after: number;
  /** The least accepted in one second of the outage. */
  worstSecond: number;
  /** From the return of Redis until every instance's circuit was closed and its takes went on. */
  recoveredAfterMs: number;
}

/** Promised: accepted throughput stays at this part of what it was. */
export const SHARE_MIN = 0.8;
/** A circuit rests half a second, and a connection is tried again at least once a second. */
export const RECOVERY_MS_MAX = 5_000;
const DISHES = 8;
/** Few enough that every batch holds its portions in Redis; nearly everybody cancels, so there are always some. */
const PORTIONS = 3_000;
const CONFIRM_SHARE = 0.002;
const SETTLE_MS = 3_000;

export async function proveOutage(options: OutageProof): Promise<OutageVerdict> {
  const { databaseUrl, redisUrl, customers, seed } = options;
  const run = `outage-${seed}-${Date.now().toString(36)}`;
  const dishIds = Array.from({ length: DISHES }, (_, n) => `${run}-${n}`);
  const ledger = new PostgresLedger({ databaseUrl, connectionsMax: 1 });
  const sql = new pg.Client({ connectionString: databaseUrl });
  const instances: Instance[] = [];
  const wrong: string[] = [];
  try {
    await sql.connect();
    for (const dishId of dishIds) {
      await ledger.createDish({ dishId, storeId: run, names: { en: dishId, "zh-CN": dishId }, priceCents: 1, supplied: PORTIONS, actor: "proof", actionKey: dishId });
    }
    for (let n = 0; n < options.instances; n++) instances.push(await options.start({ databaseUrl, redisUrl })); // in turn: each takes a core
    const { beforeSeconds, outageSeconds, afterSeconds } = options;
    const untilMs = Date.now() + SETTLE_MS + RECOVERY_MS_MAX + 1_000 * (beforeSeconds + outageSeconds + afterSeconds);
    const rush = Promise.all(
      instances.flatMap((instance, i) =>
        dishIds.map((dishId, d) =>
          instance.crowd({ prefix: `${dishId}-${i}`, storeId: run, dishId, trys: 100_000_000, untilMs, customers: Math.ceil(customers / DISHES), seed: seed + 100 * i + d, confirmShare: CONFIRM_SHARE, cancelShare: 1 - CONFIRM_SHARE }),
        ),
      ),
    );
    await sleep(SETTLE_MS);
    const before = await reservedPerSecond(instances, beforeSeconds);
    await options.away();
    const meanwhile = await reservedPerSecond(instances, outageSeconds, async () => {
      const circuits = (await statsOf(instances)).map(({ redis }) => redis.circuit);
      if (circuits.includes("closed")) wrong.push(`a circuit is not open while Redis is away: ${circuits}`);
      for (const { url } of instances) if (url) wrong.push(...(await saysDegraded(url)));
    });
    const taken = (await statsOf(instances)).map(({ redis }) => redis.takes);
    await options.back();
    const recoveredAfterMs = await recovery(instances, taken);
    if (recoveredAfterMs > RECOVERY_MS_MAX) wrong.push(`Redis was used again after ${Math.round(recoveredAfterMs)} ms`);
    const after = await reservedPerSecond(instances, afterSeconds);
    const reports = await rush;
    if (mean(meanwhile) < SHARE_MIN * mean(before)) wrong.push(`accepted ${Math.round(mean(meanwhile))} a second meanwhile, ${Math.round(mean(before))} before`);
    const lost = reports.reduce((sum, report) => sum + report.lost, 0);
    if (lost > 0) wrong.push(`${lost} customers never had an answer`);
    wrong.push(...(await audit(sql, dishIds, reports.map(({ portions }) => portions))));
    return { wrong, before: mean(before), meanwhile: mean(meanwhile), after: mean(after), worstSecond: Math.min(...meanwhile), recoveredAfterMs };
  } finally {
    await options.back();
    await Promise.all(instances.map((instance) => instance.stop()));
    await sql.end();
    await ledger.close();
  }
}

function statsOf(instances: readonly Instance[]): Promise<EngineStats[]> {
  return Promise.all(instances.map((instance) => instance.stats()));
}

const mean = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0) / Math.max(1, numbers.length);

/** One figure for each second; `inTheMiddle` is called once, halfway. */
async function reservedPerSecond(instances: readonly Instance[], seconds: number, inTheMiddle?: () => Promise<void>): Promise<number[]> {
  const reserved = async () => (await statsOf(instances)).reduce((sum, { tcc }) => sum + tcc.reserved, 0);
  const rates: number[] = [];
  let last = { count: await reserved(), atMs: performance.now() };
  for (let second = 0; second < seconds; second++) {
    await sleep(1_000);
    if (second === Math.floor(seconds / 2)) await inTheMiddle?.();
    const now = { count: await reserved(), atMs: performance.now() };
    rates.push((now.count - last.count) / ((now.atMs - last.atMs) / 1_000));
    last = now;
  }
  return rates;
}

async function saysDegraded(url: string): Promise<string[]> {
  const ready = await fetch(`${url}/api/ready`);
  const body = (await ready.json()) as { status: string; dependencies: { redis: { state: string } } };
  const isTold = ready.status === 200 && body.status === "degraded" && body.dependencies.redis.state === "down";
  return isTold ? [] : [`${url}/api/ready says ${JSON.stringify(body)} while Redis is away`];
}

async function recovery(instances: readonly Instance[], taken: readonly number[]): Promise<number> {
  const startedAtMs = performance.now();
  for (;;) {
    const stats = await statsOf(instances);
    const afterMs = performance.now() - startedAtMs;
    if (stats.every(({ redis }, n) => redis.circuit === "closed" && redis.takes > (taken[n] as number)) || afterMs > 4 * RECOVERY_MS_MAX) return afterMs;
    await sleep(50);
  }
}

async function audit(sql: pg.Client, dishIds: readonly string[], portions: readonly { RESERVED: number; CONFIRMED: number }[]): Promise<string[]> {
  const { rows } = await sql.query<{ frozen: number; sold: number; total: number }>(
    "SELECT sum(frozen)::int AS frozen, sum(sold)::int AS sold, sum(available + frozen + sold)::int AS total FROM dishes WHERE dish_id = ANY ($1)",
    [dishIds],
  );
  const { frozen, sold, total } = rows[0] as { frozen: number; sold: number; total: number };
  const told = (state: "RESERVED" | "CONFIRMED") => portions.reduce((sum, of) => sum + of[state], 0);
  const wrong: string[] = [];
  if (total !== DISHES * PORTIONS) wrong.push(`portions: ${total}, not ${DISHES * PORTIONS}`);
  if (frozen !== told("RESERVED")) wrong.push(`frozen: ${frozen}, told ${told("RESERVED")}`);
  if (sold !== told("CONFIRMED")) wrong.push(`sold: ${sold}, told ${told("CONFIRMED")}`);
  return wrong;
}
