/**
 * Tickets as people work on them: who takes care of one, what was found out, who goes on with it. The queue, oldest first.
 * It cannot close one: the end of its transaction does (or the refund's settlement).
 */
import { EngineError } from "../../engine/kernel/errors.ts";
import type { TransactionState } from "../../engine/kernel/states.ts";
import type { Person, ReviewQueue, ReviewTicket } from "../../contracts/review.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";
import { onceAudited, type AskedAction } from "../action-log.ts";
import { peopleOf } from "../reads/people.ts";
import { readOpenEndRequests } from "./end-requests.ts";

/** More than a shift can work on; the rest is counted. */
const LISTED_MAX = 200;
const NOTES_MAX = 50;

interface ByPerson {
  ticketId: string;
  operatorId: string;
  actionKey: string;
}

/** Takes it up. @throws EngineError UNKNOWN_TRANSACTION: no such ticket; ILLEGAL_STATE: closed, or somebody else's. */
export async function claimTicket(prisma: PrismaClient, { ticketId, operatorId, actionKey }: ByPerson): Promise<{ ticketId: string }> {
  const asked: AskedAction = { verb: "ticket.claim", target: ticketId, operatorId, actionKey, reason: null, request: {} };
  const { answer } = await onceAudited(prisma, asked, async () => {
    const { count } = await prisma.ticket.updateMany({
      where: { ticketId, closedAt: null, OR: [{ claimedBy: null }, { claimedBy: operatorId }] },
      data: { claimedBy: operatorId, claimedAt: new Date() },
    });
    if (count === 0) throw await refusalOf(prisma, ticketId);
    return { ticketId };
  });
  return answer;
}

/** Gives it to somebody else: whoever has it may, and a lead. */
export async function handOverTicket(prisma: PrismaClient, { ticketId, operatorId, actionKey, to, note, isLead }: ByPerson & { to: string; note: string | null; isLead: boolean }): Promise<{ ticketId: string }> {
  const asked: AskedAction = { verb: "ticket.hand-over", target: ticketId, operatorId, actionKey, reason: note, request: { to } };
  const { answer } = await onceAudited(prisma, asked, async (again, tell) => {
    if (!(await readPeople(prisma)).some((person) => person.operatorId === to)) throw new EngineError("ILLEGAL_STATE", "Nobody who may work on tickets has this id.");
    const before = await prisma.ticket.findUnique({ where: { ticketId }, select: { claimedBy: true } });
    const may = isLead ? {} : { OR: [{ claimedBy: operatorId }, ...(again ? [{ claimedBy: to }] : [])] };
    const { count } = await prisma.ticket.updateMany({ where: { ticketId, closedAt: null, ...may }, data: { claimedBy: to, claimedAt: new Date() } });
    if (count === 0) throw await refusalOf(prisma, ticketId);
    tell({ before, after: { claimedBy: to } });
    if (note !== null) await prisma.ticketNote.create({ data: { ticketId, author: operatorId, text: note } });
    return { ticketId };
  });
  return answer;
}

export async function noteTicket(prisma: PrismaClient, { ticketId, operatorId, actionKey, text }: ByPerson & { text: string }): Promise<{ ticketId: string }> {
  const asked: AskedAction = { verb: "ticket.note", target: ticketId, operatorId, actionKey, reason: text, request: {} };
  const { answer } = await onceAudited(prisma, asked, async () => {
    const written = await prisma.$executeRaw`
      INSERT INTO ticket_notes (ticket_id, author, text) SELECT ticket_id, ${operatorId}, ${text} FROM tickets WHERE ticket_id = ${ticketId} AND closed_at IS NULL`;
    if (written === 0) throw await refusalOf(prisma, ticketId);
    return { ticketId };
  });
  return answer;
}

async function refusalOf(prisma: PrismaClient, ticketId: string): Promise<EngineError> {
  const ticket = await prisma.ticket.findUnique({ where: { ticketId } });
  if (ticket === null) return new EngineError("UNKNOWN_TRANSACTION", `There is no ticket ${ticketId}.`);
  const people = await peopleOf(prisma, ticket.claimedBy === null ? [] : [ticket.claimedBy]);
  const why = ticket.closedAt !== null ? "is closed" : ticket.claimedBy === null ? "is nobody's: claim it first" : `is with ${people(ticket.claimedBy)}`;
  return new EngineError("ILLEGAL_STATE", `Ticket ${ticketId} ${why}.`, { ticketId });
}

/** Everybody who may work on tickets. */
export async function readPeople(prisma: PrismaClient): Promise<Person[]> {
  const users = await prisma.user.findMany({ where: { role: { in: ["operator", "lead", "admin"] }, disabledAt: null }, orderBy: { name: "asc" }, take: LISTED_MAX });
  return users.map(({ id, name }) => ({ operatorId: id, name }));
}

interface QueueRow {
  ticket_id: string;
  kind: "REFUND" | "REVIEW";
  tx_id: string;
  order_id: string;
  state: TransactionState;
  store_id: string;
  store_en: string | null;
  store_zh: string | null;
  opened_at: Date;
  claimed_by: string | null;
  claimed_at: Date | null;
  participant: string | null;
  error_class: string | null;
  last_error: string | null;
  failures: number | null;
  next_attempt_at: Date | null;
  fingerprint: string | null;
}

/** Open tickets, oldest first. */
export async function readQueue(prisma: PrismaClient): Promise<ReviewQueue> {
  const [[clock], rows, open, people] = await Promise.all([
    prisma.$queryRaw<{ now: Date }[]>`SELECT clock_timestamp() AS now`,
    prisma.$queryRaw<QueueRow[]>`
      SELECT k.ticket_id, k.kind::text AS kind, k.tx_id, t.order_id, t.state::text AS state, t.store_id, s.name_en AS store_en, s.name_zh AS store_zh,
             k.opened_at, k.claimed_by, k.claimed_at, b.participant, b.error_class, b.last_error, b.failures, b.next_attempt_at, b.fingerprint
        FROM tickets k JOIN transactions t ON t.tx_id = k.tx_id LEFT JOIN stores s ON s.store_id = t.store_id
        LEFT JOIN LATERAL (SELECT * FROM branches WHERE branches.tx_id = k.tx_id AND next_attempt_at IS NOT NULL ORDER BY failures DESC, branch_no LIMIT 1) AS b ON true
       WHERE k.closed_at IS NULL ORDER BY k.opened_at, k.ticket_id LIMIT ${LISTED_MAX}`,
    prisma.ticket.count({ where: { closedAt: null } }),
    readPeople(prisma),
  ]);
  const notes = await prisma.ticketNote.findMany({ where: { ticketId: { in: rows.map(({ ticket_id }) => ticket_id) } }, orderBy: { noteId: "asc" } });
  const [requests, nameOf] = await Promise.all([
    readOpenEndRequests(prisma, rows.map(({ tx_id }) => tx_id)),
    peopleOf(prisma, [...notes.map(({ author }) => author), ...rows.flatMap(({ claimed_by }) => claimed_by ?? [])]),
  ]);
  const tickets = rows.map((row): ReviewTicket => ({
    ticketId: row.ticket_id,
    kind: row.kind,
    txId: row.tx_id,
    orderId: row.order_id,
    state: row.state,
    storeNames: { en: row.store_en ?? row.store_id, "zh-CN": row.store_zh ?? row.store_id },
    openedAtMs: row.opened_at.getTime(),
    claimedBy: row.claimed_by === null ? null : { operatorId: row.claimed_by, name: nameOf(row.claimed_by) },
    claimedAtMs: row.claimed_at?.getTime() ?? null,
    participant: row.participant,
    errorClass: row.error_class,
    lastError: row.last_error,
    failures: row.failures ?? 0,
    nextAttemptAtMs: row.next_attempt_at?.getTime() ?? null,
    fingerprint: row.fingerprint,
    notes: notes.filter(({ ticketId }) => ticketId === row.ticket_id).slice(-NOTES_MAX).map(({ author, text, at }) => ({ author: nameOf(author), text, atMs: at.getTime() })),
    endRequest: requests.get(row.tx_id) ?? null,
  }));
  return { atMs: (clock?.now ?? new Date()).getTime(), tickets, open, people };
}
