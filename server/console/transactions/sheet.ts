/**
 * The decision sheet: all that a person needs to decide about one transaction, read at one moment. It changes nothing.
 */
import type { Role } from "../../contracts/console.ts";
import { roleIncludes, VERB_ROLES } from "../../contracts/console.ts";
import type { DecisionSheet, ForceEndView, SheetBranch, SheetEvent } from "../../contracts/transaction-page.ts";
import type { Transaction } from "../../contracts/transactions.ts";
import { isLegalByHand } from "../../engine/kernel/hand-verbs.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";
import { peopleOf } from "../reads/people.ts";
import { branchIdOf, readTransaction } from "../reads/transactions.ts";
import { readOpenEndRequest, selfApprovalAllowed } from "../review/end-requests.ts";
import { amountOf, previewsOf, readForPreview, type Reading } from "./effects.ts";

/** What people did to one transaction, the newest of it. */
const EVENTS_MAX = 100;

/** Null: there is no such transaction. */
export async function readSheet(prisma: PrismaClient, txId: string, role: Role): Promise<DecisionSheet | null> {
  const [transaction, reading, entries, request, selfApproval] = await Promise.all([
    readTransaction(prisma, txId),
    readForPreview(prisma, txId),
    prisma.auditEntry.findMany({ where: { target: txId }, orderBy: { id: "desc" }, take: EVENTS_MAX }),
    readOpenEndRequest(prisma, txId),
    selfApprovalAllowed(prisma),
  ]);
  if (transaction === null) return null;
  const people = await peopleOf(prisma, [...entries.map(({ actor }) => actor), ...reading.tickets.flatMap(({ claimedBy }) => claimedBy ?? [])]);
  return {
    atMs: reading.atMs,
    transaction,
    storeNames: reading.store === null ? null : { en: reading.store.nameEn, "zh-CN": reading.store.nameZh },
    dishNames: Object.fromEntries(reading.dishes.map(({ dishId, nameEn, nameZh }) => [dishId, { en: nameEn, "zh-CN": nameZh }])),
    amountCents: amountOf(reading),
    branches: branchesOf(transaction, reading),
    tickets: reading.tickets.map(({ ticketId, kind, openedAt, closedAt, claimedBy }) => ({
      ticketId,
      kind,
      openedAtMs: openedAt.getTime(),
      closedAtMs: closedAt?.getTime() ?? null,
      claimedBy: claimedBy === null ? null : people(claimedBy),
    })),
    events: entries.reverse().map(({ at, actor, verb, reason, detail }): SheetEvent => {
      const outcome = (detail as { outcome?: unknown } | null)?.outcome;
      return { atMs: at.getTime(), actor: people(actor), verb, reason, outcome: typeof outcome === "string" ? outcome : null };
    }),
    previews: previewsOf(reading, role),
    forceEnd: { ...forceEndOf(reading, role, request), selfApproval },
  };
}

function branchesOf(transaction: Transaction, reading: Reading): SheetBranch[] {
  const local = transaction.branches.filter(({ kind }) => kind === "local").map(({ branchId, participant, kind, state }): SheetBranch => ({
    branchId, participant, kind, state, attempt: 0, failures: 0, errorClass: null, lastError: null, httpStatus: null, nextAttemptAtMs: null, fingerprint: null, url: null,
  }));
  const remote = reading.branches.map((branch): SheetBranch => {
    const { branchNo, participant, state, attempt, failures, errorClass, lastError, httpStatus, nextAttemptAt, fingerprint } = branch;
    const url = state === "TRYING" || state === "RESERVED" ? branch.tryUrl : state === "CONFIRMING" || state === "CONFIRMED" ? branch.confirmUrl : branch.cancelUrl;
    const undone = nextAttemptAt !== null;
    return {
      branchId: branchIdOf(branchNo), participant, kind: "remote", state, attempt, failures, errorClass, lastError, httpStatus,
      nextAttemptAtMs: nextAttemptAt?.getTime() ?? null, fingerprint: undone && failures > 0 ? fingerprint : null, url,
    };
  });
  return [...local, ...remote];
}

function forceEndOf(reading: Reading, role: Role, request: ForceEndView["request"]): Omit<ForceEndView, "selfApproval"> {
  const state = reading.transaction?.state;
  if (state === undefined || !isLegalByHand("force-end", state)) return { legal: false, because: "NOTHING_TO_RETRY", request: null };
  if (!reading.tickets.some(({ kind, closedAt }) => kind === "REVIEW" && closedAt === null)) return { legal: false, because: "NO_TICKET", request: null };
  if (!roleIncludes(role, VERB_ROLES["force-end"])) return { legal: false, because: "ROLE", request };
  return { legal: true, because: null, request };
}
