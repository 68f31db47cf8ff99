/**
 * What the pages /transactions and /transactions/{txId} and their routes say to each other. Plain data.
 * A row is a transaction with the names a person reads; a sheet is everything needed to decide about one.
 */
import { z } from "zod";
import { Cursor } from "./cursor.ts";
import type { ActionPreview, IllegalBecause, Names, TransactionState } from "./console.ts";
import { TransactionsQuery, type Transaction } from "./transactions.ts";

/** Rows of one page of the table. */
export const ROWS_PAGE = 60;
/** Rows that one look brings up to date. */
export const WATCHED_MAX = 200;
/** "N new" is counted so far. */
export const NEW_COUNT_MAX = 999;
/** Transactions of one export; what is left out is said. */
export const EXPORT_MAX = 10_000;

export interface TransactionRow {
  txId: string;
  orderId: string | null;
  storeId: string | null;
  storeNames: Names | null;
  state: TransactionState;
  cause: Transaction["cause"];
  lines: { dishId: string; names: Names; quantity: number }[];
  couponId: string | null;
  createdAtMs: number;
  updatedAtMs: number;
  expiresAtMs: number;
  /** The branch that failed most often, if one is not done. */
  stuck: { participant: string; attempts: number; lastError: string | null; nextAttemptAtMs: number | null } | null;
  ticketId: string | null;
}

export interface TransactionRows {
  atMs: number;
  rows: TransactionRow[];
  nextCursor: string | null;
  /** Of the newest row; to be asked with for what is newer. Null: no row. */
  newest: string | null;
}

/** Filters as in the address; the same words as the API's. */
export const RowsQuery = TransactionsQuery.omit({ limit: true });

export const watchSchema = z.strictObject({
  txIds: z.array(z.string().max(64)).max(WATCHED_MAX),
  /** Count what is newer than this. Absent: count nothing. */
  newest: Cursor.nullish(),
});

export interface Watched {
  atMs: number;
  /** Those asked for that still exist, as they are now. */
  rows: TransactionRow[];
  /** Newer ones that match the filters; at most NEW_COUNT_MAX. */
  newer: number;
}

export interface SheetBranch {
  branchId: string;
  participant: string;
  kind: "local" | "remote";
  state: TransactionState;
  /** The fence: number of the latest call in this state that an instance was given. */
  attempt: number;
  failures: number;
  errorClass: string | null;
  lastError: string | null;
  httpStatus: number | null;
  nextAttemptAtMs: number | null;
  fingerprint: string | null;
  url: string | null;
}

export interface SheetTicket {
  ticketId: string;
  kind: "REFUND" | "REVIEW";
  openedAtMs: number;
  closedAtMs: number | null;
  claimedBy: string | null;
}

export interface SheetEvent {
  atMs: number;
  actor: string;
  verb: string;
  reason: string | null;
  outcome: string | null;
}

export interface ForceEndView {
  legal: boolean;
  because: IllegalBecause | null;
  /** Asked, and waiting for a second person. */
  request: EndRequestView | null;
  /** The installation lets one person ask and approve. */
  selfApproval: boolean;
}

export interface EndRequestView {
  requestId: string;
  askedBy: string;
  askedById: string;
  askedAtMs: number;
  reason: string;
  evidence: string;
  branchIds: string[];
}

export interface DecisionSheet {
  atMs: number;
  transaction: Transaction;
  storeNames: Names | null;
  dishNames: Record<string, Names>;
  amountCents: number;
  branches: SheetBranch[];
  tickets: SheetTicket[];
  /** By hand, oldest first. */
  events: SheetEvent[];
  previews: ActionPreview[];
  forceEnd: ForceEndView;
}
