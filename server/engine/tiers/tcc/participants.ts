/**
 * The participants port: other services that take part in a transaction, spoken to in dtm's HTTP wire.
 * Adapters: `http-participants.ts` (real) and `memory-participants.ts` (twin, with a temper for every fault);
 * `participants.conformance.ts` holds both to one suite. It knows no transaction: who is called when is `phase-two`'s.
 */

/** `reverse` takes back what was confirmed; it goes to the cancel URL, since dtm's wire has no URL of its own for it. */
export type BranchOperation = "try" | "confirm" | "cancel" | "reverse";

export interface BranchCall {
  txId: string;
  /** From 1, in the order of the request; on the wire two digits: 01. */
  branchNo: number;
  /** The configured name, or the host of a participant that a request named. Breakers and causes are kept by it. */
  participant: string;
  operation: BranchOperation;
  url: string;
  /** JSON, as the caller gave it; null: none. */
  body: unknown;
  /** W3C trace id, 32 hex digits. */
  traceId: string;
}

/** Why a branch is not done; the unit in which stuck work is grouped. */
export type BranchErrorClass =
  | "REFUSED" // 409, or a body that says FAILURE
  | "ONGOING" // 425, or a body that says ONGOING
  | "HTTP_CLIENT" // another 4xx
  | "HTTP_SERVER" // 5xx
  | "REDIRECTED" // 3xx; never followed
  | "TIMEOUT"
  | "UNREACHABLE" // no connection, or it broke
  | "INVALID_RESPONSE" // not HTTP, or an answer over the size limit
  | "CIRCUIT_OPEN" // not sent: the participant failed three times in a row
  | "OVERLOADED" // not sent: too many calls to it are waiting already
  | "FORBIDDEN_HOST"; // not sent: the host is not on the list any more

export interface BranchAnswer {
  /** DONE: by the participant's own word. REFUSED and ONGOING too. FAILED: it may or may not have happened. NOT_SENT: it did not. */
  outcome: "DONE" | "REFUSED" | "ONGOING" | "FAILED" | "NOT_SENT";
  errorClass: BranchErrorClass | null;
  httpStatus: number | null;
  /** One line for people, at most 200 characters; null when done. */
  message: string | null;
  durationMs: number;
}

export interface ParticipantState {
  participant: string;
  circuit: "closed" | "open" | "halfOpen";
  /** Calls under way now. */
  inFlight: number;
  /** Since the process started. */
  calls: number;
  failures: number;
}

export interface Participants {
  /** Calls one branch, at most `timeoutMs` long. Never rejects. */
  call(call: BranchCall, timeoutMs: number): Promise<BranchAnswer>;
  /** Every participant that was called, sorted by name. */
  states(): ParticipantState[];
}

/** For an installation that lets nobody take part. */
export const NO_PARTICIPANTS: Participants = {
  call: async () => ({ outcome: "NOT_SENT", errorClass: "FORBIDDEN_HOST", httpStatus: null, message: "this instance calls no participants", durationMs: 0 }),
  states: () => [],
};
