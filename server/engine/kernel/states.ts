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

/** Every legal move. The states ending in -ING have remote branches to tell: with local ones only they are never entered. */
export const TRANSACTION_MOVES = {
  TRYING: ["RESERVED", "CANCELLING"],
  RESERVED: ["CONFIRMING", "CONFIRMED", "CANCELLING", "CANCELLED", "EXPIRED"],
  CONFIRMING: ["CONFIRMED"], // decided: never cancels
  CONFIRMED: ["REVERSING", "REVERSED"], // paid: is reversed, never cancelled
  CANCELLING: ["CANCELLED"], // decided: never confirms
  CANCELLED: [], // final, and the fence against a late Try
  EXPIRED: ["CONFIRMED", "CANCELLED"], // a late payment reserves again, if there is stock
  REVERSING: ["REVERSED"],
  REVERSED: [],
} as const satisfies Record<TransactionState, readonly TransactionState[]>;

/**
 * Where a transaction with remote branches stands once it is decided for a target. It never expires: its participants
 * hold something, so it is cancelled instead.
 */
const DECIDED_STATES = { CONFIRMED: "CONFIRMING", CANCELLED: "CANCELLING", EXPIRED: "CANCELLING", REVERSED: "REVERSING" } as const;

/** The end that a transaction, or a branch, in one of these states is on its way to. */
export const ENDED_STATES = { TRYING: "RESERVED", CONFIRMING: "CONFIRMED", CANCELLING: "CANCELLED", REVERSING: "REVERSED" } as const;

export type UnfinishedState = keyof typeof ENDED_STATES;

/** The call that a branch in one of these states waits for. */
export const BRANCH_OPERATIONS = { TRYING: "try", CONFIRMING: "confirm", CANCELLING: "cancel", REVERSING: "reverse" } as const;

export type BranchOperation = (typeof BRANCH_OPERATIONS)[UnfinishedState];

export function isUnfinished(state: TransactionState): state is UnfinishedState {
  return state in ENDED_STATES;
}

/** The state of the local branches of a transaction: they are done in the commit that decides. */
export function localState(state: TransactionState): TransactionState {
  return isUnfinished(state) ? ENDED_STATES[state] : state;
}

/** Where a move asked for leads: with remote branches only to the decision. */
export function targetOf(to: keyof typeof DECIDED_STATES, remoteBranches: number): TransactionState {
  return remoteBranches > 0 ? DECIDED_STATES[to] : to;
}

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

/** True of a state that nothing leads out of: whoever heard of it has heard the last. */
export function isEnd(state: TransactionState): boolean {
  return TRANSACTION_MOVES[state].length === 0;
}

/** Why a transaction was cancelled; null while it was not. */
export type CancelCause = "REQUESTED" | "EXPIRED" | "FAILED";

/**
 * Portions a move shifts between the columns of a dish, as a factor of the reserved quantity.
 * `available + frozen + sold` never changes: the three factors of a row add up to zero.
 */
export const STOCK_EFFECTS = {
  "TRYING>RESERVED": { available: 0, frozen: 0, sold: 0 },
  "TRYING>CANCELLING": { available: 1, frozen: -1, sold: 0 },
  "RESERVED>CONFIRMING": { available: 0, frozen: -1, sold: 1 },
  "RESERVED>CONFIRMED": { available: 0, frozen: -1, sold: 1 },
  "RESERVED>CANCELLING": { available: 1, frozen: -1, sold: 0 },
  "RESERVED>CANCELLED": { available: 1, frozen: -1, sold: 0 },
  "RESERVED>EXPIRED": { available: 1, frozen: -1, sold: 0 },
  "CONFIRMING>CONFIRMED": { available: 0, frozen: 0, sold: 0 },
  "CANCELLING>CANCELLED": { available: 0, frozen: 0, sold: 0 },
  "EXPIRED>CONFIRMED": { available: -1, frozen: 0, sold: 1 },
  "EXPIRED>CANCELLED": { available: 0, frozen: 0, sold: 0 },
  "CONFIRMED>REVERSING": { available: 1, frozen: 0, sold: -1 },
  "CONFIRMED>REVERSED": { available: 1, frozen: 0, sold: -1 },
  "REVERSING>REVERSED": { available: 0, frozen: 0, sold: 0 },
} as const;
