/**
 * What the console shows of payments: the inbox (every callback and where it stands) and the refunds that people settle.
 * Times are since the epoch by the database's clock, but `occurredAtMs`, which is the sender's.
 */
import { z } from "zod";
import { ID_PATTERN, REASON_LENGTH_MAX } from "./limits.ts";
import { Reason, wholeNumber } from "./scalars.ts";
import type { TransactionState } from "./console.ts";

export const PAYMENT_STATES = ["PENDING", "PROCESSING", "FAILED", "COMPLETED", "COMPENSATING", "MANUAL_REVIEW"] as const;
export type PaymentState = (typeof PAYMENT_STATES)[number];

export const PAYMENT_OUTCOMES = ["SOLD", "REPEATED", "REFUND_DUE", "REFUNDED", "CANCELLED", "OVERRULED", "TOO_LATE", "NO_ORDER"] as const;
export type PaymentOutcome = (typeof PAYMENT_OUTCOMES)[number];

/** waiting: its order is not known yet; open: not ended, waiting ones too; all: ended ones too. */
export const INBOX_VIEWS = ["open", "waiting", "all"] as const;
export type InboxView = (typeof INBOX_VIEWS)[number];
export const REFUND_VIEWS = ["open", "settled", "all"] as const;
export type RefundView = (typeof REFUND_VIEWS)[number];

const PAGE_DEFAULT = 50;
const PAGE_MAX = 200;
/** What the page of the inbox shows of a list: what is more has to be narrowed. */
export const LIST_MAX = 100;
/** Of a page of a list: opaque. */
const listCursor = z.string().regex(/^\d{1,13}~[A-Za-z0-9_.:%-]{1,640}$/);
const page = { limit: wholeNumber(1, PAGE_MAX).default(PAGE_DEFAULT), cursor: listCursor.optional() };

export const inboxQuery = z.strictObject({ view: z.enum(INBOX_VIEWS).default("open"), orderId: z.string().regex(ID_PATTERN).optional(), ...page });
export const refundsQuery = z.strictObject({ view: z.enum(REFUND_VIEWS).default("open"), ...page });

/** Or in the Idempotency-Key header. */
const actionKey = z.string().regex(ID_PATTERN).optional();
export const REFERENCE_LENGTH_MAX = 200;

export const settleRefundSchema = z.strictObject({
  reason: Reason,
  /** What the gateway or the bank calls the transfer. */
  reference: z.string().trim().min(1).max(REFERENCE_LENGTH_MAX).optional(),
  actionKey,
});
export const retryPaymentSchema = z.strictObject({ reason: z.string().trim().max(REASON_LENGTH_MAX).optional(), actionKey });

export interface PaymentRow {
  paymentKey: string;
  source: string;
  orderId: string;
  eventId: string;
  status: "PAID" | "FAILED";
  amountCents: number | null;
  state: PaymentState;
  outcome: PaymentOutcome | null;
  txId: string | null;
  txState: TransactionState | null;
  ticketId: string | null;
  failures: number;
  errorClass: string | null;
  lastError: string | null;
  occurredAtMs: number;
  receivedAtMs: number;
  updatedAtMs: number;
  nextAttemptAtMs: number | null;
}

export interface InboxPage {
  payments: PaymentRow[];
  nextCursor: string | null;
  /** Counted up to 10 000. */
  counts: { waiting: number; open: number; review: number; refund: number };
  atMs: number;
}

export interface RefundRow {
  ticketId: string;
  txId: string;
  /** Null: the transaction was fenced before its Try, and never had them. */
  orderId: string | null;
  storeId: string | null;
  txState: TransactionState;
  openedAtMs: number;
  closedAtMs: number | null;
  claimedBy: string | null;
  settledBy: string | null;
  /** Why and how, in the words of whoever settled it. */
  settlement: string | null;
  /** What is (or was) owed: the sum of its payments, as far as they said; null: none did. */
  amountCents: number | null;
  payments: { paymentKey: string; source: string; eventId: string; amountCents: number | null; receivedAtMs: number }[];
}

export interface RefundsPage {
  refunds: RefundRow[];
  nextCursor: string | null;
  open: number;
  atMs: number;
}

export interface SettleRefundResult {
  ticketId: string;
  txId: string;
  /** True when this action key had been used for the same request before. */
  replayed: boolean;
}

export interface RetryPaymentResult {
  paymentKey: string;
  /** False: nothing is left for a machine to do, or somebody is at it. */
  hastened: boolean;
  replayed: boolean;
}
