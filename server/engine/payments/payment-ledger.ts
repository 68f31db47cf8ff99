/**
 * The payment ledger port: callbacks written down before they are acknowledged, leased to one instance at a time, and moved
 * along PAYMENT_MOVES. Adapters: `postgres-payments.ts` (real) and `memory-payments.ts` (twin); `payments.conformance.ts`
 * holds both to one suite. It confirms and cancels nothing: `payments.ts` asks the engine.
 */
import type { PaymentOutcome, PaymentState } from "./payment-states.ts";

/** How long whoever has a payment has it alone: an engine call, its report, and a pause of the process. */
export const PAYMENT_LEASE_MS = 5_000;

export type PaymentStatus = "PAID" | "FAILED";

export interface PaymentEvent {
  source: string;
  orderId: string;
  eventId: string;
  status: PaymentStatus;
  /** By the sender's clock; recorded, never believed. */
  occurredAtMs: number;
  amountCents: number | null;
}

/** A payment for the caller alone. */
export interface LeasedPayment {
  paymentKey: string;
  orderId: string;
  status: PaymentStatus;
  state: PaymentState;
  /** Null: nobody knows the order yet. */
  txId: string | null;
  attempt: number;
  failures: number;
  /** Since it was received, by the ledger's clock. */
  ageMs: number;
  /** It says FAILED, and another says PAID for the same transaction: "paid" sticks. */
  overruled: boolean;
}

export interface PaymentReport {
  paymentKey: string;
  /** State and attempt it was leased in: an older report changes nothing. */
  attempt: number;
  from: PaymentState;
  to: PaymentState;
  outcome: PaymentOutcome | null;
  errorClass: string | null;
  message: string | null;
  /** Whether this attempt counts as failed. */
  failed: boolean;
  /** When one that is not done is due again, from now. */
  retryInMs: number;
}

export interface SettledPayment {
  paymentKey: string;
  state: PaymentState;
  txId: string | null;
  outcome: PaymentOutcome | null;
  /** Opened by this report. */
  openedTicketId: string | null;
}

export interface PaymentLedger {
  /**
   * Writes each new event down, with its key, in one commit.
   * @returns those that are new, leased to the caller; PAID before FAILED. A key that is not among them was seen before.
   */
  accept(events: readonly PaymentEvent[]): Promise<LeasedPayment[]>;
  /** Due payments for the caller alone, PAID before FAILED; one that waited for its transaction finds it here. */
  claim(limit: number): Promise<LeasedPayment[]>;
  /**
   * Writes reports down. REFUND_DUE is written only when it is certain that the transaction cannot confirm and the order means
   * no other one; else the payment is due again. @returns one answer for each report that counted.
   */
  settle(reports: readonly PaymentReport[]): Promise<SettledPayment[]>;
}

/** `source:orderId:eventId`. Ids may hold colons, so those within a part are written as %3A: no two events share a key. */
export function paymentKeyOf({ source, orderId, eventId }: Pick<PaymentEvent, "source" | "orderId" | "eventId">): string {
  return [source, orderId, eventId].map((part) => part.replaceAll(":", "%3A")).join(":");
}
