/**
 * The life of a payment as a table. Enforced twice: here, and by settle_payments in SQL, which moves a row only from the
 * state that the report was made for. docs/operations/payments.md draws it; tests compare all three.
 */

export const PAYMENT_STATES = ["PENDING", "PROCESSING", "FAILED", "COMPLETED", "COMPENSATING", "MANUAL_REVIEW"] as const;

export type PaymentState = (typeof PAYMENT_STATES)[number];

/** Every legal move. What says FAILED takes the second way out of PENDING and never another. */
export const PAYMENT_MOVES = {
  PENDING: ["PROCESSING", "FAILED"], // its transaction is known; the gateway says that nothing was paid
  PROCESSING: ["COMPLETED", "COMPENSATING"], // paid: it is sold, or it could not be sold at once
  FAILED: [],
  COMPENSATING: ["COMPLETED", "MANUAL_REVIEW"], // sold after all, or the money was returned; too many failures
  MANUAL_REVIEW: ["COMPLETED"], // retries go on, slowly, and a person looks
  COMPLETED: [],
} as const satisfies Record<PaymentState, readonly PaymentState[]>;

/** What became of it; null: it is under way. */
export const PAYMENT_OUTCOMES = [
  "SOLD", // the transaction is confirmed, or decided to be
  "REPEATED", // the same money told of again after a reversal returned it
  "REFUND_DUE", // nothing will be sold for it: a refund ticket is open
  "REFUNDED", // and somebody has returned the money
  "CANCELLED", // not paid: the transaction is cancelled
  "OVERRULED", // not paid, says this one; another says paid, and that sticks
  "TOO_LATE", // not paid, and the transaction had been confirmed by other means
  "NO_ORDER", // not paid, and no transaction came
] as const;

export type PaymentOutcome = (typeof PAYMENT_OUTCOMES)[number];

export function canPaymentMove(from: PaymentState, to: PaymentState): boolean {
  return (PAYMENT_MOVES[from] as readonly PaymentState[]).includes(to);
}
