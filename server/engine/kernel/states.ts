/**
 * The life of a transaction as tables, read in one look. Enforced twice: here, and by the batched statement in SQL,
 * which moves a row only from the states named below.
 */

export const TRANSACTION_STATES = [
  "TRYING",
  "RESERVED",
  "CONFIRMING",
  "CONFIRMED",
  "CANCELLING",
  "CANCELLED",
  "EXPIRED",
  "REVERSING",
  "REVERSED",
] as const;

export type TransactionState = (typeof TRANSACTION_STATES)[number];

/** Every legal move. With local branches only, the states ending in -ING are never observable. */
export const TRANSACTION_MOVES = {
  TRYING: ["RESERVED", "CANCELLING", "CANCELLED"],
  RESERVED: ["CONFIRMING", "CONFIRMED", "CANCELLING", "CANCELLED", "EXPIRED"],
  CONFIRMING: ["CONFIRMED"], // decided: never cancels
  CONFIRMED: ["REVERSING", "REVERSED"], // paid: is reversed, never cancelled
  CANCELLING: ["CANCELLED"], // decided: never confirms
  CANCELLED: [], // final, and the fence against a late Try
  EXPIRED: ["CONFIRMED", "CANCELLED"], // a late payment reserves again, if there is stock
  REVERSING: ["REVERSED"],
  REVERSED: [],
} as const satisfies Record<TransactionState, readonly TransactionState[]>;

/** What a caller may ask of a transaction, and where each verb leads. */
export const VERB_TARGETS = {
  confirm: "CONFIRMED",
  cancel: "CANCELLED",
  reverse: "REVERSED",
  expire: "EXPIRED",
} as const satisfies Record<string, TransactionState>;

export type Verb = keyof typeof VERB_TARGETS;

export function canMove(from: TransactionState, to: TransactionState): boolean {
  return (TRANSACTION_MOVES[from] as readonly TransactionState[]).includes(to);
}

/** Why a transaction was cancelled; null while it was not. */
export type CancelCause = "REQUESTED" | "EXPIRED" | "FAILED";

/**
 * Portions a move shifts between the columns of a dish, as a factor of the reserved quantity.
 * `available + frozen + sold` never changes: the three factors of a row add up to zero.
 */
export const STOCK_EFFECTS = {
  "TRYING>CANCELLED": { available: 1, frozen: -1, sold: 0 },
  "RESERVED>CONFIRMED": { available: 0, frozen: -1, sold: 1 },
  "RESERVED>CANCELLED": { available: 1, frozen: -1, sold: 0 },
  "RESERVED>EXPIRED": { available: 1, frozen: -1, sold: 0 },
  "EXPIRED>CONFIRMED": { available: -1, frozen: 0, sold: 1 },
  "EXPIRED>CANCELLED": { available: 0, frozen: 0, sold: 0 },
  "CONFIRMED>REVERSED": { available: 1, frozen: 0, sold: -1 },
} as const;
