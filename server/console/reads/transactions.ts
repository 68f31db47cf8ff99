/**
 * Transactions as the API shows them, with their branches. Read from Postgres; nothing here changes one.
 */
import type { Transaction, TransactionsPage, TransactionsQuery } from "../../contracts/transactions.ts";
import type { PageKey } from "../../contracts/cursor.ts";
import { freezeIdOf } from "../../engine/kernel/basket.ts";
import { localState, TRANSACTION_STATES, type CancelCause, type TransactionState } from "../../engine/kernel/states.ts";
import { Prisma, type PrismaClient } from "../../generated/prisma/client.ts";
import { containing, pageOf } from "./pages.ts";

interface TransactionSqlRow {
  tx_id: string;
  store_id: string;
  order_id: string;
  coupon_id: string | null;
  state: TransactionState;
  cause: CancelCause | null;
  fence: boolean;
  trace_id: string | null;
  access_ms: number | null;
  cas_ms: number | null;
  lock_ms: number | null;
  redis_ms: number | null;
  ledger_ms: number | null;
  created_at: Date;
  updated_at: Date;
  expires_at: Date;
  lines: { lineNo: number; dishId: string; quantity: number; state: TransactionState }[] | null;
  ticket_id: string | null;
  remote: BranchJson[] | null;
  attempts: AttemptJson[] | null;
}

interface BranchJson {
  no: number;
  participant: string;
  state: TransactionState;
  attempts: number;
  lastError: string | null;
  nextAttemptAtMs: number | null;
}

interface AttemptJson {
  no: number;
  operation: "try" | "confirm" | "cancel" | "reverse";
  atMs: number;
  durationMs: number;
  outcome: string;
  httpStatus: number | null;
  errorClass: string | null;
}

/** Calls shown with a transaction, the newest of them: as many as the ledger keeps of one operation. */
const ATTEMPTS_MAX = 100;

/** A ticket still open comes before one that is closed. */
const SELECT = Prisma.sql`
  SELECT t.tx_id, t.store_id, t.order_id, t.coupon_id, t.state::text AS state, t.cause::text AS cause,
         t.payload_hash IS NULL AS fence, t.trace_id, t.access_ms, t.cas_ms, t.lock_ms, t.redis_ms, t.ledger_ms,
         t.created_at, t.updated_at, t.expires_at,
         (SELECT json_agg(json_build_object('lineNo', r.line_no, 'dishId', r.dish_id, 'quantity', r.quantity, 'state', r.state) ORDER BY r.line_no)
            FROM reservations r WHERE r.tx_id = t.tx_id) AS lines,
         (SELECT k.ticket_id FROM tickets k WHERE k.tx_id = t.tx_id ORDER BY k.closed_at IS NULL DESC, k.opened_at DESC LIMIT 1) AS ticket_id,
         CASE WHEN t.remote_branches > 0 THEN (
           SELECT json_agg(json_build_object('no', b.branch_no, 'participant', b.participant, 'state', b.state, 'attempts', b.attempt, 'lastError', b.last_error,
                    'nextAttemptAtMs', extract(epoch FROM b.next_attempt_at) * 1000) ORDER BY b.branch_no)
             FROM branches b WHERE b.tx_id = t.tx_id) END AS remote,
         CASE WHEN t.remote_branches > 0 THEN (
           SELECT json_agg(json_build_object('no', a.branch_no, 'operation', a.operation, 'atMs', extract(epoch FROM a.at) * 1000, 'durationMs', a.duration_ms,
                    'outcome', a.outcome, 'httpStatus', a.http_status, 'errorClass', a.error_class) ORDER BY a.at, a.branch_no)
             FROM (SELECT * FROM attempts WHERE attempts.tx_id = t.tx_id ORDER BY at DESC LIMIT ${ATTEMPTS_MAX}) AS a) END AS attempts
  FROM transactions t`;

export async function readTransaction(prisma: PrismaClient, txId: string): Promise<Transaction | null> {
  const [row] = await prisma.$queryRaw<TransactionSqlRow[]>`${SELECT} WHERE t.tx_id = ${txId}`;
  return row ? transactionOf(row) : null;
}

/** Those that exist, in no order of theirs. */
export async function readTransactionsOf(prisma: PrismaClient, txIds: readonly string[]): Promise<Transaction[]> {
  const rows = await prisma.$queryRaw<TransactionSqlRow[]>`${SELECT} WHERE t.tx_id = ANY(${[...txIds]})`;
  return rows.map(transactionOf);
}

/** How many match and are newer than a row; counted up to `max`. */
export async function countNewer(prisma: PrismaClient, query: Omit<TransactionsQuery, "limit">, than: PageKey, max: number): Promise<number> {
  const [row] = await prisma.$queryRaw<{ newer: number }[]>`
    SELECT count(*)::int AS newer FROM (
      SELECT FROM transactions t WHERE ${Prisma.join(conditionsOf({ ...query, cursor: undefined }), " AND ")}
        AND (t.created_at, t.tx_id) > (${new Date(than.createdAtMs)}, ${than.id} COLLATE "C") LIMIT ${max}) AS found`;
  return row?.newer ?? 0;
}

/** The ids that match, newest first. */
export async function readIds(prisma: PrismaClient, query: Omit<TransactionsQuery, "limit">, limit: number): Promise<string[]> {
  const rows = await prisma.$queryRaw<{ tx_id: string }[]>`
    SELECT t.tx_id FROM transactions t WHERE ${Prisma.join(conditionsOf(query), " AND ")} ORDER BY t.created_at DESC, t.tx_id DESC LIMIT ${limit}`;
  return rows.map(({ tx_id }) => tx_id);
}

export async function readTransactions(prisma: PrismaClient, query: TransactionsQuery): Promise<TransactionsPage> {
  const rows = await prisma.$queryRaw<TransactionSqlRow[]>`
    ${SELECT} WHERE ${Prisma.join(conditionsOf(query), " AND ")}
    ORDER BY t.created_at DESC, t.tx_id DESC LIMIT ${query.limit + 1}`;
  const { page, nextCursor } = pageOf(rows, query.limit, (row) => ({ createdAtMs: row.created_at.getTime(), id: row.tx_id }));
  return { transactions: page.map(transactionOf), nextCursor };
}

/** Local branches are never called, so `minAttempts` above 0 and any `fingerprint` find transactions with remote ones. */
function conditionsOf(query: Omit<TransactionsQuery, "limit">): Prisma.Sql[] {
  const where = [Prisma.sql`true`];
  if (query.state) where.push(stateIn(query.state));
  if (query.storeId !== undefined) where.push(Prisma.sql`t.store_id = ${query.storeId}`);
  if (query.orderId !== undefined) where.push(Prisma.sql`t.order_id = ${query.orderId}`);
  if (query.cause !== undefined) where.push(Prisma.sql`t.cause = ${query.cause}::cancel_cause`);
  if (query.dishId !== undefined) {
    where.push(Prisma.sql`t.tx_id IN (SELECT tx_id FROM reservations WHERE dish_id = ${query.dishId})`);
  }
  if (query.minAttempts) {
    where.push(Prisma.sql`t.remote_branches > 0 AND EXISTS (SELECT FROM branches b WHERE b.tx_id = t.tx_id AND b.attempt >= ${query.minAttempts}::int)`);
  }
  if (query.fingerprint !== undefined) {
    where.push(Prisma.sql`t.tx_id IN (SELECT tx_id FROM branches WHERE fingerprint = ${query.fingerprint} AND next_attempt_at IS NOT NULL AND failures > 0)`);
  }
  if (query.q !== undefined) {
    const pattern = containing(query.q);
    where.push(Prisma.sql`(t.tx_id ILIKE ${pattern} OR t.order_id ILIKE ${pattern} OR t.coupon_id ILIKE ${pattern})`);
  }
  if (query.minAgeSeconds !== undefined) {
    where.push(Prisma.sql`t.created_at <= clock_timestamp() - ${query.minAgeSeconds}::int * interval '1 second'`);
  }
  if (query.cursor) {
    const { createdAtMs, id } = query.cursor;
    where.push(Prisma.sql`(t.created_at, t.tx_id) < (${new Date(createdAtMs)}, ${id} COLLATE "C")`);
  }
  return where;
}

/** Constants of our own: of a parameter the planner cannot know whether a partial index has it. */
function stateIn(states: readonly TransactionState[]): Prisma.Sql {
  const known = TRANSACTION_STATES.filter((state) => states.includes(state)).map((state) => `'${state}'`);
  return known.length === 0 ? Prisma.sql`false` : Prisma.raw(`t.state IN (${known.join(", ")})`);
}

function transactionOf(row: TransactionSqlRow): Transaction {
  const lines = row.lines ?? [];
  return {
    txId: row.tx_id,
    storeId: row.fence ? null : row.store_id,
    orderId: row.fence ? null : row.order_id,
    couponId: row.coupon_id,
    state: row.state,
    cause: row.cause,
    lines: lines.map(({ lineNo, dishId, quantity, state }) => ({
      dishId,
      quantity,
      freezeId: freezeIdOf(row.tx_id, lineNo),
      state,
    })),
    branches: row.fence ? [] : branchesOf(row),
    attempts: (row.attempts ?? []).map(({ no, atMs, ...attempt }) => ({ branchId: branchIdOf(no), at: isoOf(atMs), ...attempt })),
    ticketId: row.ticket_id,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
    traceId: row.trace_id,
    stages: {
      accessMs: rounded(row.access_ms),
      casMs: rounded(row.cas_ms),
      lockMs: rounded(row.lock_ms),
      redisMs: rounded(row.redis_ms),
      ledgerMs: rounded(row.ledger_ms),
    },
  };
}

/** Local branches are done in the commit that decides: they are where the transaction is going, and need no call. */
function branchesOf({ state, coupon_id, remote }: TransactionSqlRow): Transaction["branches"] {
  const participants = coupon_id === null ? ["stock", "order"] : ["stock", "coupon", "order"];
  const local = participants.map((participant): Transaction["branches"][number] => ({
    branchId: participant,
    participant,
    kind: "local",
    state: localState(state),
    attempts: 0,
    lastError: null,
    nextAttemptAt: null,
  }));
  const others = (remote ?? []).map(({ no, nextAttemptAtMs, ...branch }): Transaction["branches"][number] => ({
    branchId: branchIdOf(no),
    kind: "remote",
    ...branch,
    nextAttemptAt: nextAttemptAtMs === null ? null : isoOf(nextAttemptAtMs),
  }));
  return [...local, ...others];
}

/** As on the wire to the participant. */
export const branchIdOf = (branchNo: number): string => String(branchNo).padStart(2, "0");

const isoOf = (atMs: number): string => new Date(atMs).toISOString();

/** Microseconds are as fine as these times are true. */
function rounded(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms * 1_000) / 1_000;
}
