/**
 * What a person may ask of a transaction by hand, and in which states. The API's verbs forgive repetition, because programs
 * repeat; a person is told when somebody was faster. Who may ask is the console's to check, with its roles.
 */
import { isUnfinished, VERB_TARGETS, targetOf, type TransactionState } from "./states.ts";

const DECIDED = ["CONFIRMING", "CANCELLING", "REVERSING"] as const;

export const HAND_VERBS = {
  /** Its undone branches are called now, not when their pause is over. */
  retry: DECIDED,
  confirm: ["RESERVED", "EXPIRED"],
  cancel: ["TRYING", "RESERVED", "EXPIRED"],
  reverse: ["CONFIRMED"],
  /** Its undone branches were done by other means; only while a review ticket is open. */
  "force-end": DECIDED,
} as const satisfies Record<string, readonly TransactionState[]>;

export type HandVerb = keyof typeof HAND_VERBS;

export function isLegalByHand(verb: HandVerb, state: TransactionState): boolean {
  return (HAND_VERBS[verb] as readonly TransactionState[]).includes(state);
}

/** True when a transaction stands where the verb leads: an act that was begun before may be this one. */
export function isDoneByHand(verb: HandVerb, state: TransactionState): boolean {
  if (verb === "retry" || verb === "force-end") return !isUnfinished(state);
  return state === VERB_TARGETS[verb] || state === targetOf(VERB_TARGETS[verb], 1);
}
