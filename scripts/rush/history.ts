/**
 * What one client was told about one transaction: every request it sent and what came back. The audit believes nothing
 * else. Times are the client's monotonic clock, in milliseconds.
 */
import type { Line } from "./workload.ts";

export type Verb = "try" | "confirm" | "cancel" | "reverse";

export interface Attempt {
  verb: Verb;
  /** A Try with another payload than the transaction's own. */
  altered: boolean;
  sentAtMs: number;
  doneAtMs: number;
  /** 0: no answer came. */
  status: number;
  /** The problem's code; why the answer was lost; null for a yes. */
  code: string | null;
  /** The state a yes named. */
  state: string | null;
  ticketId: string | null;
}

export interface History {
  txId: string;
  storeId: string;
  orderId: string;
  couponId: string | null;
  /** Merged, in order of first appearance. */
  lines: readonly Line[];
  ttlSeconds: number;
  /** When its first Try was sent: it cannot expire before `ttlSeconds` after that. */
  firstTryAtMs: number | null;
  attempts: Attempt[];
  /** The first yes to its Try. */
  reserved: { freezeIds: readonly string[]; expiresAt: string } | null;
  /** Of those that are made to hang at a remote participant: it may stay in CONFIRMING. */
  stuck?: boolean;
  /** Answers that differ from the request or from the first answer, in words; null: none. */
  contradictions: string[] | null;
}

/** What an attempt settled. A `refused` request has certainly not been done; an `unknown` one may have been. */
export type Certainty = "done" | "refused" | "unknown";

/** Refusals by which the server promises that it did nothing; any other 5xx may hide a commit. */
const NOTHING_DONE_503 = new Set(["UNAVAILABLE", "OVERLOADED", "PARTICIPANT_UNAVAILABLE"]);

export function certaintyOf(attempt: { status: number; code: string | null }): Certainty {
  const { status, code } = attempt;
  if (status >= 200 && status < 300) return "done";
  if (status === 503 && code !== null && NOTHING_DONE_503.has(code)) return "refused";
  if (status === 0 || status >= 500 || code === "IN_PROGRESS") return "unknown";
  return "refused";
}

/** Asking again, unchanged, makes sense. */
export function isWorthAsking(attempt: { status: number; code: string | null }): boolean {
  return attempt.status === 0 || attempt.status >= 500 || attempt.status === 429 || attempt.status === 202 || attempt.code === "IN_PROGRESS";
}

/** Refusals of a Try that say: there is no reservation, and none was made. */
export const NOT_RESERVED: ReadonlySet<string> = new Set(["SOLD_OUT", "DISH_PAUSED", "COUPON_UNAVAILABLE", "ORDER_CONFLICT"]);

/** A history, read as a whole. */
export interface Facts {
  /** Its own Try was answered yes. */
  accepted: boolean;
  /** A Try, of either payload, has an unknown outcome. */
  tryUnknown: boolean;
  confirmed: boolean;
  confirmUnknown: boolean;
  cancelled: boolean;
  cancelUnknown: boolean;
  reversed: boolean;
  reverseUnknown: boolean;
  /** A late payment that found no portions; the ticket that was promised. */
  refundTicket: string | null;
}

export function factsOf(history: History): Facts {
  const facts: Facts = {
    accepted: false,
    tryUnknown: false,
    confirmed: false,
    confirmUnknown: false,
    cancelled: false,
    cancelUnknown: false,
    reversed: false,
    reverseUnknown: false,
    refundTicket: null,
  };
  for (const attempt of history.attempts) {
    const certainty = certaintyOf(attempt);
    // 202 says that the decision stands and is not yet carried out.
    const unknown = certainty === "unknown" || attempt.status === 202;
    const done = certainty === "done" && !unknown;
    switch (attempt.verb) {
      case "try":
        if (done && !attempt.altered) facts.accepted = true;
        if (unknown) facts.tryUnknown = true;
        break;
      case "confirm":
        if (done) facts.confirmed = true;
        if (unknown) facts.confirmUnknown = true;
        if (attempt.code === "REFUND_DUE") facts.refundTicket = attempt.ticketId ?? "";
        break;
      case "cancel":
        if (done) facts.cancelled = true;
        if (unknown) facts.cancelUnknown = true;
        break;
      case "reverse":
        if (done) facts.reversed = true;
        if (unknown) facts.reverseUnknown = true;
        break;
    }
  }
  return facts;
}
