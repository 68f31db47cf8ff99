/**
 * Proves stock_batch on a real Postgres: several sessions, batches made to hurt, sessions killed at random; afterwards
 * the answers are compared with the tables and the tables with each other. It cannot prove the absence of a fault, only
 * look for one for as long as it is given.
 */
import { readFileSync } from "node:fs";
import pg from "pg";
import { realClock, sleep } from "../../../kernel/clock.ts";
import { integerBetween, seededRandom, type Random } from "../../../kernel/random.ts";
import type { TransactionRecord } from "../../../kernel/types.ts";
import { isLedgerFailure, type Ledger, type LedgerBatch, type LedgerFailure, type LedgerFailureKind } from "../ledger.ts";
import { PostgresLedger } from "../postgres-ledger.ts";
import { History } from "./history.ts";
import { batchOf, COUPONS, DISHES, STORE, SUPPLIED, type Window } from "./workload.ts";

const AUDIT = readFileSync(new URL("../../../../../prisma/sql/audit.sql", import.meta.url), "utf8");

/** The longest run of failures of one batch ever seen is 4; beyond this it is not one that goes away. */
const FAILURES_MAX = 25;
const BATCH_MAX = 32;
/** Often enough to hit every phase of a batch within a minute, seldom enough to leave time for work. */
const KILL_EVERY_MS = 400;
const LOOK_UP = 500;

export interface ProofOptions {
  /** Migrated, empty, and nobody else's. */
  databaseUrl: string;
  seconds: number;
  sessions?: number;
  seed?: number;
}

export interface ProofReport {
  batches: number;
  verdicts: Record<string, number>;
  failures: Record<LedgerFailureKind, number>;
  deadlocks: number;
  killed: number;
  /** Longest run of conflicts of one batch. */
  conflictsInARow: number;
  bisected: number;
  transactions: number;
  /** What is wrong; empty: proved as far as it looked. */
  wrong: string[];
}

export async function proveLedger({ databaseUrl, seconds, sessions = 6, seed = 1 }: ProofOptions): Promise<ProofReport> {
  const admin = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  const ledgers = Array.from({ length: sessions }, () => new PostgresLedger({ databaseUrl, connectionsMax: 1 }));
  const history = new History();
  const window: Window = { next: 0, actions: 0 };
  const report: ProofReport = {
    batches: 0,
    verdicts: history.verdicts,
    failures: { conflict: 0, poisoned: 0, unknown: 0, unavailable: 0 },
    deadlocks: 0,
    killed: 0,
    conflictsInARow: 0,
    bisected: 0,
    transactions: 0,
    wrong: [],
  };
  try {
    await supply(ledgers[0] as Ledger);
    const endAtMs = realClock.monotonicMs() + seconds * 1_000;
    const worker = async (ledger: Ledger, random: Random): Promise<void> => {
      while (realClock.monotonicMs() < endAtMs) {
        const batch = batchOf(random, window, integerBetween(random, 1, BATCH_MAX));
        await carry(ledger, batch, history, report);
        if (random.next() < 0.05) await sweep(ledger, random, history, report);
      }
    };
    const killer = async (): Promise<void> => {
      while (realClock.monotonicMs() < endAtMs) {
        await sleep(realClock, KILL_EVERY_MS);
        const { rowCount } = await admin.query(KILL);
        report.killed += rowCount ?? 0;
      }
    };
    await Promise.all([killer(), ...ledgers.map((ledger, index) => worker(ledger, seededRandom(seed * 1_000 + index)))]);

    const { rows: ids } = await admin.query<{ tx_id: string }>("SELECT tx_id FROM transactions");
    report.transactions = ids.length;
    const records = [];
    for (let from = 0; from < ids.length; from += LOOK_UP) {
      records.push(...(await (ledgers[0] as Ledger).findTransactions(ids.slice(from, from + LOOK_UP).map((row) => row.tx_id))));
    }
    const found = records.filter((record) => record !== null);
    report.wrong.push(...history.check(found, await (ledgers[0] as Ledger).readDishes(DISHES), SUPPLIED));
    const { rows } = await admin.query<{ rule: string; subject: string; expected: string; found: string }>(AUDIT);
    report.wrong.push(...rows.map((row) => `${row.rule}: ${row.subject} should be ${row.expected}, is ${row.found}`));
    return report;
  } finally {
    await Promise.all(ledgers.map((ledger) => ledger.close()));
    await admin.end();
  }
}

const KILL = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
   WHERE application_name = 'eightysix ledger' AND datname = current_database() AND state = 'active'
   ORDER BY random() LIMIT 1`;

async function supply(ledger: Ledger): Promise<void> {
  for (const dishId of DISHES) {
    await ledger.createDish({ dishId, storeId: STORE, names: { en: dishId, "zh-CN": dishId }, priceCents: 100, supplied: SUPPLIED, actor: "proof", actionKey: `make-${dishId}` });
  }
  for (const [index, couponId] of COUPONS.entries()) {
    await ledger.createCoupon({ couponId, storeId: index % 5 === 0 ? "elsewhere" : null, amountCents: 100, actor: "proof", actionKey: `make-${couponId}` });
  }
}

/** What is due, by the database's own clock, expired by whoever finds it: several sessions find the same. Some is paid late. */
async function sweep(ledger: Ledger, random: Random, history: History, report: ProofReport): Promise<void> {
  const due = await ledger.findExpired(BATCH_MAX).catch(() => []);
  const end = async (records: readonly TransactionRecord[], to: "EXPIRED" | "CONFIRMED"): Promise<void> => {
    const dishIds = [...new Set(records.flatMap(({ lines }) => lines.map(({ dishId }) => dishId)))];
    const moves = records.map(({ txId }) => ({ txId, to, cause: null }));
    if (moves.length > 0) await carry(ledger, { batchId: "sweep", dishIds, trys: [], moves, changes: [] }, history, report);
  };
  await end(due, "EXPIRED");
  await end(due.filter(() => random.next() < 0.3), "CONFIRMED");
}

/** As the engine does: sends again what was rolled back or lost, cuts in two what is poisoned. */
async function carry(ledger: Ledger, batch: LedgerBatch, history: History, report: ProofReport): Promise<void> {
  let conflicts = 0;
  for (let failures = 0; ; failures++) {
    try {
      const result = await ledger.runBatch(batch);
      report.batches++;
      history.told(batch, result);
      return;
    } catch (error) {
      if (!isLedgerFailure(error)) throw error;
      report.failures[error.kind]++;
      if (sqlstateOf(error) === "40P01") report.deadlocks++;
      if (error.kind === "unknown") history.lost(batch);
      if (error.kind === "conflict") report.conflictsInARow = Math.max(report.conflictsInARow, ++conflicts);
      if (failures === FAILURES_MAX) throw new Error(`a batch failed ${failures} times in a row`, { cause: error });
      if (error.kind === "poisoned") return bisect(ledger, batch, history, report);
    }
  }
}

async function bisect(ledger: Ledger, batch: LedgerBatch, history: History, report: ProofReport): Promise<void> {
  const { trys, moves, changes } = batch;
  if (trys.length + moves.length + changes.length === 1) {
    if (trys[0]?.txId.startsWith("poison")) return;
    throw new Error(`a good request was poisoned: ${JSON.stringify(batch)}`);
  }
  report.bisected++;
  const cut = (half: 0 | 1): LedgerBatch => {
    const part = <T>(items: readonly T[], from: number): readonly T[] => {
      const middle = Math.min(Math.max((trys.length + moves.length + changes.length) >> 1, from), from + items.length) - from;
      return half === 0 ? items.slice(0, middle) : items.slice(middle);
    };
    return { ...batch, trys: part(trys, 0), moves: part(moves, trys.length), changes: part(changes, trys.length + moves.length) };
  };
  await carry(ledger, cut(0), history, report);
  await carry(ledger, cut(1), history, report);
}

function sqlstateOf({ cause }: LedgerFailure): unknown {
  return (cause as { code?: unknown } | undefined)?.code;
}
