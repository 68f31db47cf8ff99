/**
 * Force-end: a lead says that the branches nobody can reach were done by other means, a second person agrees, and the engine
 * writes it down. The decision of the transaction never changes. What cannot be seen from here is whether it is true:
 * that is what the evidence and the second person are for.
 */
import { nanoid } from "nanoid";
import { EngineError } from "../../engine/kernel/errors.ts";
import { isLegalByHand } from "../../engine/kernel/hand-verbs.ts";
import type { EndRequestView } from "../../contracts/transaction-page.ts";
import type { ActionResult } from "../../contracts/console.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";
import { onceAudited, type AskedAction } from "../action-log.ts";
import { callByHand, type MovingEngine } from "../manual-actions.ts";
import { peopleOf } from "../reads/people.ts";
import { branchIdOf } from "../reads/transactions.ts";

const SELF_APPROVAL = "force-end.self-approval";

export interface EndRequest {
  txId: string;
  branchNos: number[];
  reason: string;
  evidence: string;
  operatorId: string;
  actionKey: string;
}

/** A second person is needed, and this is the first. */
export class SecondPersonNeeded extends Error {
  constructor() {
    super("A second person has to approve what you asked for.");
    this.name = "SecondPersonNeeded";
  }
}

/** @throws EngineError UNKNOWN_TRANSACTION, ILLEGAL_STATE: not decided, no ticket, a branch not named, or asked already. */
export async function askForceEnd(prisma: PrismaClient, { txId, branchNos, reason, evidence, operatorId, actionKey }: EndRequest): Promise<{ requestId: string }> {
  const asked: AskedAction = { verb: "transaction.force-end.ask", target: txId, operatorId, actionKey, reason, request: { branches: branchNos, evidence } };
  const { answer } = await onceAudited(prisma, asked, async (again) => {
    const requestId = nanoid(16);
    // All conditions in the statement that writes: two leads at once leave one request.
    const [found] = await prisma.$queryRaw<{ state: string; ticket: string | null; unnamed: number[] | null; wrong: number[] | null; written: string | null; earlier: string | null }[]>`
      WITH tx AS (SELECT tx_id, state FROM transactions WHERE tx_id = ${txId}),
      moot AS (
        UPDATE end_requests SET outcome = 'REJECTED', decided_by = 'nobody', decided_at = clock_timestamp()
          FROM tx WHERE end_requests.tx_id = tx.tx_id AND outcome IS NULL AND end_requests.state <> tx.state
        RETURNING request_id),
      ticket AS (SELECT ticket_id FROM tickets WHERE tx_id = ${txId} AND kind = 'REVIEW' AND closed_at IS NULL),
      undone AS (SELECT branch_no FROM branches WHERE tx_id = ${txId} AND next_attempt_at IS NOT NULL),
      unnamed AS (SELECT array_agg(branch_no::int) AS nos FROM undone WHERE branch_no <> ALL (${branchNos}::smallint[])),
      wrong AS (SELECT array_agg(no) AS nos FROM unnest(${branchNos}::int[]) AS no WHERE no NOT IN (SELECT branch_no FROM undone)),
      earlier AS (SELECT request_id, asked_by FROM end_requests, tx WHERE end_requests.tx_id = tx.tx_id AND outcome IS NULL AND end_requests.state = tx.state),
      written AS (
        INSERT INTO end_requests (request_id, tx_id, ticket_id, state, branches, reason, evidence, asked_by)
        SELECT ${requestId}, tx.tx_id, ticket.ticket_id, tx.state, ${branchNos}::smallint[], ${reason}, ${evidence}, ${operatorId}
          FROM tx, ticket, unnamed, wrong
         WHERE tx.state IN ('CONFIRMING', 'CANCELLING', 'REVERSING') AND unnamed.nos IS NULL AND wrong.nos IS NULL
           AND NOT EXISTS (SELECT FROM earlier) AND NOT EXISTS (SELECT FROM moot)
        ON CONFLICT DO NOTHING
        RETURNING request_id)
      SELECT tx.state::text AS state, (SELECT ticket_id FROM ticket) AS ticket, unnamed.nos AS unnamed, wrong.nos AS wrong,
             (SELECT request_id FROM written) AS written, (SELECT request_id FROM earlier WHERE asked_by = ${operatorId}) AS earlier
        FROM tx, unnamed, wrong`;
    if (!found) throw new EngineError("UNKNOWN_TRANSACTION", `There is no transaction ${txId}.`, { txId });
    const standing = found.written ?? (again ? found.earlier : null);
    if (standing !== null) return { requestId: standing };
    throw new EngineError("ILLEGAL_STATE", whyNot(txId, found), { txId, ticketId: found.ticket ?? undefined });
  });
  return answer;
}

function whyNot(txId: string, { state, ticket, unnamed, wrong, earlier }: { state: string; ticket: string | null; unnamed: number[] | null; wrong: number[] | null; earlier: string | null }): string {
  if (!isLegalByHand("force-end", state as never)) return `Transaction ${txId} is ${state}: it cannot force-end.`;
  if (ticket === null) return `Transaction ${txId} has no open review ticket yet.`;
  if (unnamed !== null) return `Branch ${unnamed.map(branchIdOf).join(", ")} is not done, and the evidence does not name it.`;
  if (wrong !== null) return `Branch ${wrong.map(branchIdOf).join(", ")} is done, or is none of it.`;
  return earlier === null ? "Somebody else has asked for this already." : "You have asked for this already: a second person has to approve it.";
}

export interface EndDecision {
  requestId: string;
  operatorId: string;
  actionKey: string;
  reason: string | null;
}

/** @throws SecondPersonNeeded; EngineError as the engine's force-end does. */
export async function approveForceEnd(prisma: PrismaClient, engine: MovingEngine, decision: EndDecision): Promise<ActionResult> {
  const { requestId, operatorId, actionKey, reason } = decision;
  const request = await requestOf(prisma, requestId);
  const self = request.askedBy === operatorId;
  if (self && !(await selfApprovalAllowed(prisma))) throw new SecondPersonNeeded();
  const { txId, branches, evidence, askedBy, state } = request;
  const audited: AskedAction = { verb: "transaction.force-end", target: txId, operatorId, actionKey, reason, request: { requestId, askedBy, selfApproved: self, branches, evidence } };
  const { answer, replayed } = await onceAudited(prisma, audited, async (again) => {
    const { outcome } = await requestOf(prisma, requestId);
    if (outcome !== null && !(again && outcome === "APPROVED")) throw new EngineError("ILLEGAL_STATE", `This request was ${outcome.toLowerCase()} already.`, { txId });
    const done = await engine.hand.run({ verb: "force-end", txId, again, outside: { state, branchNos: branches, evidence } }, callByHand());
    await decide(prisma, requestId, operatorId, "APPROVED");
    return { state: done.state };
  });
  return { txId, state: answer.state, replayed };
}

/** The other answer of a second person, or of whoever asked and thought better of it. */
export async function rejectForceEnd(prisma: PrismaClient, { requestId, operatorId, actionKey, reason }: EndDecision): Promise<{ requestId: string }> {
  const { txId, askedBy } = await requestOf(prisma, requestId);
  const audited: AskedAction = { verb: "transaction.force-end.reject", target: txId, operatorId, actionKey, reason, request: { requestId, askedBy } };
  const { answer } = await onceAudited(prisma, audited, async (again) => {
    const decided = await decide(prisma, requestId, operatorId, "REJECTED");
    if (!decided && !again) throw new EngineError("ILLEGAL_STATE", "This request was decided already.", { txId });
    return { requestId };
  });
  return answer;
}

async function requestOf(prisma: PrismaClient, requestId: string) {
  const request = await prisma.endRequest.findUnique({ where: { requestId } });
  if (request === null) throw new EngineError("UNKNOWN_TRANSACTION", `There is no request ${requestId}.`);
  return request;
}

async function decide(prisma: PrismaClient, requestId: string, operatorId: string, outcome: "APPROVED" | "REJECTED"): Promise<boolean> {
  const { count } = await prisma.endRequest.updateMany({ where: { requestId, outcome: null }, data: { outcome, decidedBy: operatorId, decidedAt: new Date() } });
  return count > 0;
}

export async function readOpenEndRequest(prisma: PrismaClient, txId: string): Promise<EndRequestView | null> {
  return (await readOpenEndRequests(prisma, [txId])).get(txId) ?? null;
}

/** By transaction. One whose decision has changed since is about nothing any more. */
export async function readOpenEndRequests(prisma: PrismaClient, txIds: readonly string[]): Promise<Map<string, EndRequestView>> {
  const [requests, transactions] = await Promise.all([
    prisma.endRequest.findMany({ where: { txId: { in: [...txIds] }, outcome: null } }),
    prisma.transaction.findMany({ where: { txId: { in: [...txIds] } }, select: { txId: true, state: true } }),
  ]);
  const states = new Map(transactions.map(({ txId, state }) => [txId, state]));
  const open = requests.filter(({ txId, state }) => states.get(txId) === state);
  const people = await peopleOf(prisma, open.map(({ askedBy }) => askedBy));
  return new Map(
    open.map(({ requestId, txId, askedBy, askedAt, reason, evidence, branches }) => [
      txId,
      { requestId, askedBy: people(askedBy), askedById: askedBy, askedAtMs: askedAt.getTime(), reason, evidence, branchIds: branches.map(branchIdOf) },
    ]),
  );
}

export async function readSelfApproval(prisma: PrismaClient): Promise<{ allowed: boolean; changedBy: string | null; changedAt: Date | null }> {
  const setting = await prisma.consoleSetting.findUnique({ where: { name: SELF_APPROVAL } });
  return { allowed: setting?.value === true, changedBy: setting?.changedBy ?? null, changedAt: setting?.changedAt ?? null };
}

export async function selfApprovalAllowed(prisma: PrismaClient): Promise<boolean> {
  return (await readSelfApproval(prisma)).allowed;
}

/** For installations with one operator. */
export async function allowSelfApproval(prisma: PrismaClient, { allowed, reason, operatorId, actionKey }: { allowed: boolean; reason: string; operatorId: string; actionKey: string }): Promise<{ allowed: boolean }> {
  const asked: AskedAction = { verb: "settings.force-end", target: SELF_APPROVAL, operatorId, actionKey, reason, request: { allowed } };
  const { answer } = await onceAudited(prisma, asked, async (_again, tell) => {
    tell({ before: { allowed: await selfApprovalAllowed(prisma) }, after: { allowed } });
    const value = { value: allowed, changedBy: operatorId, changedAt: new Date() };
    await prisma.consoleSetting.upsert({ where: { name: SELF_APPROVAL }, create: { name: SELF_APPROVAL, ...value }, update: value });
    return { allowed };
  });
  return answer;
}
