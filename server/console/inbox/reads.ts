/**
 * What the inbox and the list of refunds show, read from Postgres. It changes nothing.
 */
import type { InboxPage, InboxView, PaymentRow, RefundRow, RefundsPage, RefundView } from "../../contracts/inbox.ts";
import { Prisma, type PrismaClient } from "../../generated/prisma/client.ts";
import { peopleOf } from "../reads/people.ts";

/** What is still to be done is listed as it is worked off; what is looked up, from the newest. */
const OLDEST_FIRST = { direction: Prisma.raw("ASC"), after: Prisma.raw(">") };
const NEWEST_FIRST = { direction: Prisma.raw("DESC"), after: Prisma.raw("<") };

/** Counting stops here: the index of open payments is walked. */
const COUNT_MAX = 10_000;

interface ListQuery<View> {
  view: View;
  limit: number;
  cursor?: string | undefined;
}

const ms = (column: string) => Prisma.raw(`floor(extract(epoch FROM ${column}) * 1000)::float8`);

export async function readInbox(prisma: PrismaClient, { view, orderId, limit, cursor }: ListQuery<InboxView> & { orderId?: string | undefined }): Promise<InboxPage> {
  const order = view === "all" ? NEWEST_FIRST : OLDEST_FIRST;
  const where: Prisma.Sql[] = [Prisma.sql`true`];
  if (view !== "all") where.push(Prisma.sql`p.state NOT IN ('COMPLETED', 'FAILED')`);
  if (view === "waiting") where.push(Prisma.sql`p.tx_id IS NULL`);
  if (orderId !== undefined) where.push(Prisma.sql`p.order_id = ${orderId}`);
  const before = keyOf(cursor);
  if (before) where.push(Prisma.sql`(p.received_at, p.payment_key) ${order.after} (${before.at}, ${before.id} COLLATE "C")`);
  const rows = await prisma.$queryRaw<PaymentRow[]>`
    SELECT p.payment_key AS "paymentKey", p.source, p.order_id AS "orderId", p.event_id AS "eventId", p.status::text, p.amount_cents AS "amountCents",
           p.state::text, p.outcome, p.tx_id AS "txId", t.state::text AS "txState", p.ticket_id AS "ticketId", p.failures,
           p.error_class AS "errorClass", p.last_error AS "lastError", ${ms("p.occurred_at")} AS "occurredAtMs", ${ms("p.received_at")} AS "receivedAtMs",
           ${ms("p.updated_at")} AS "updatedAtMs", ${ms("p.next_attempt_at")} AS "nextAttemptAtMs"
      FROM payments p LEFT JOIN transactions t ON t.tx_id = p.tx_id
     WHERE ${Prisma.join(where, " AND ")} ORDER BY p.received_at ${order.direction}, p.payment_key ${order.direction} LIMIT ${limit + 1}`;
  const [counts] = await prisma.$queryRaw<(InboxPage["counts"] & { atMs: number })[]>`
    SELECT count(*) FILTER (WHERE tx_id IS NULL)::int AS waiting, count(*)::int AS open, count(*) FILTER (WHERE state = 'MANUAL_REVIEW' AND outcome IS NULL)::int AS review,
           count(*) FILTER (WHERE outcome = 'REFUND_DUE')::int AS refund, ${ms("clock_timestamp()")} AS "atMs"
      FROM (SELECT tx_id, state, outcome FROM payments WHERE state NOT IN ('COMPLETED', 'FAILED') LIMIT ${COUNT_MAX}) open`;
  const { atMs, ...totals } = counts as InboxPage["counts"] & { atMs: number };
  return { ...cut(rows, limit, "payments", ({ receivedAtMs, paymentKey }) => cursorOf(receivedAtMs, paymentKey)), counts: totals, atMs };
}

export async function readRefunds(prisma: PrismaClient, { view, limit, cursor }: ListQuery<RefundView>): Promise<RefundsPage> {
  const order = view === "open" ? OLDEST_FIRST : NEWEST_FIRST;
  const where: Prisma.Sql[] = [Prisma.sql`k.kind = 'REFUND'`];
  if (view !== "all") where.push(view === "open" ? Prisma.sql`k.closed_at IS NULL` : Prisma.sql`k.closed_at IS NOT NULL`);
  const before = keyOf(cursor);
  if (before) where.push(Prisma.sql`(k.opened_at, k.ticket_id) ${order.after} (${before.at}, ${before.id} COLLATE "C")`);
  const rows = await prisma.$queryRaw<RefundRow[]>`
    SELECT k.ticket_id AS "ticketId", k.tx_id AS "txId", nullif(t.order_id, '') AS "orderId", nullif(t.store_id, '') AS "storeId", t.state::text AS "txState",
           ${ms("k.opened_at")} AS "openedAtMs", ${ms("k.closed_at")} AS "closedAtMs", k.claimed_by AS "claimedBy", k.settled_by AS "settledBy", k.settlement,
           (SELECT sum(amount_cents)::float8 FROM payments p WHERE p.ticket_id = k.ticket_id AND p.tx_id = k.tx_id) AS "amountCents",
           coalesce((SELECT json_agg(json_build_object('paymentKey', payment_key, 'source', source, 'eventId', event_id, 'amountCents', amount_cents,
                                                       'receivedAtMs', ${ms("received_at")}) ORDER BY received_at, payment_key)
                       FROM payments p WHERE p.ticket_id = k.ticket_id AND p.tx_id = k.tx_id), '[]') AS payments
      FROM tickets k JOIN transactions t ON t.tx_id = k.tx_id
     WHERE ${Prisma.join(where, " AND ")} ORDER BY k.opened_at ${order.direction}, k.ticket_id ${order.direction} LIMIT ${limit + 1}`;
  const [counts] = await prisma.$queryRaw<{ open: number; atMs: number }[]>`
    SELECT count(*)::int AS open, ${ms("clock_timestamp()")} AS "atMs" FROM (SELECT FROM tickets WHERE kind = 'REFUND' AND closed_at IS NULL LIMIT ${COUNT_MAX}) open`;
  const nameOf = await peopleOf(prisma, rows.flatMap(({ claimedBy, settledBy }) => [claimedBy, settledBy].filter((id) => id !== null)));
  const named = rows.map((row) => ({ ...row, claimedBy: row.claimedBy && nameOf(row.claimedBy), settledBy: row.settledBy && nameOf(row.settledBy) }));
  const { open, atMs } = counts as { open: number; atMs: number };
  return { ...cut(named, limit, "refunds", ({ openedAtMs, ticketId }) => cursorOf(openedAtMs, ticketId)), open, atMs };
}

function cursorOf(atMs: number, id: string): string {
  return `${atMs}~${id}`;
}

function keyOf(cursor: string | undefined): { at: Date; id: string } | null {
  if (cursor === undefined) return null;
  const [at = "", id = ""] = cursor.split("~");
  return { at: new Date(Number(at)), id };
}

function cut<Row, Name extends string>(rows: Row[], limit: number, name: Name, cursor: (row: Row) => string): Record<Name, Row[]> & { nextCursor: string | null } {
  const page = rows.slice(0, limit);
  const last = page[limit - 1];
  return { [name]: page, nextCursor: rows.length > limit && last !== undefined ? cursor(last) : null } as Record<Name, Row[]> & { nextCursor: string | null };
}
