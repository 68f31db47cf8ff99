/**
 * How remote branches travel to Postgres and back: rows, and the parameters of settle_branches. Nothing here talks to a server.
 */
import type { TransactionState, UnfinishedState } from "../../kernel/states.ts";
import type { RemoteBranch } from "../../kernel/types.ts";
import type { BranchRecord, BranchReport, ClaimedBranch, SettledTransaction } from "./ledger.ts";
import type { BranchErrorClass } from "./participants.ts";

interface PlaceRow {
  tx_id: string;
  branch_no: number;
  participant: string;
  try_url: string;
  confirm_url: string;
  cancel_url: string;
  body: unknown;
  attempt: number;
  failures: number;
}

export interface BranchRow extends PlaceRow {
  state: TransactionState;
  error_class: BranchErrorClass | null;
  last_error: string | null;
  http_status: number | null;
  next_attempt_at_ms: number | null;
}

export interface ClaimedRow extends PlaceRow {
  state: UnfinishedState;
  store_id: string;
  trace_id: string;
}

export interface SettledRow {
  tx_id: string;
  store_id: string;
  state: TransactionState;
  ended: boolean;
  opened_ticket: string | null;
}

export function branchOf(row: BranchRow): BranchRecord {
  return {
    ...placeOf(row),
    state: row.state,
    errorClass: row.error_class,
    lastError: row.last_error,
    httpStatus: row.http_status,
    nextAttemptAtMs: row.next_attempt_at_ms,
  };
}

export function claimedOf(row: ClaimedRow): ClaimedBranch {
  return { ...placeOf(row), state: row.state, storeId: row.store_id, traceId: row.trace_id };
}

export function settledOf(row: SettledRow): SettledTransaction {
  return { txId: row.tx_id, storeId: row.store_id, state: row.state, ended: row.ended, openedTicketId: row.opened_ticket };
}

/** The parameters $1 to $10 of settle_branches. */
export function reportValues(reports: readonly BranchReport[]): unknown[] {
  const column = <T>(of: (report: BranchReport) => T): T[] => reports.map(of);
  return [
    column(({ txId }) => txId),
    column(({ branchNo }) => branchNo),
    column(({ state }) => state),
    column(({ attempt }) => attempt),
    column(({ outcome }) => outcome),
    column(({ errorClass }) => errorClass),
    column(({ message }) => message),
    column(({ httpStatus }) => httpStatus),
    column(({ durationMs }) => Math.round(durationMs)),
    column(({ retryInMs }) => Math.round(retryInMs)),
  ];
}

function placeOf(row: PlaceRow): RemoteBranch & { txId: string; branchNo: number; attempt: number; failures: number } {
  return {
    txId: row.tx_id,
    branchNo: row.branch_no,
    participant: row.participant,
    tryUrl: row.try_url,
    confirmUrl: row.confirm_url,
    cancelUrl: row.cancel_url,
    body: row.body,
    attempt: row.attempt,
    failures: row.failures,
  };
}
