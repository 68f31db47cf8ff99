/**
 * Failures grouped by cause, and one verb for a frozen list of transactions. Plain data and its bounds.
 */
import { z } from "zod";
import { MANUAL_VERBS, type ManualVerb, type Names, type TransactionState } from "./console.ts";
import { ID_PATTERN, REASON_LENGTH_MAX } from "./limits.ts";
import { RowsQuery } from "./transaction-page.ts";

/** Transactions of one list: at RATE_PER_SECOND a quarter of an hour or so, about as long as anybody watches. */
export const BULK_MAX = 10_000;
/** So many first, and the rest only when they went well. */
export const CANARY = 5;
/** After the canary: a participant that has just come back is not met by everybody at once. */
export const RATE_PER_SECOND = 20;
/** What cannot be undone begins so much later, on the server: until then Undo is possible. */
export const GRACE_MS = 10_000;

export const BULK_STATES = ["DRAFT", "GRACE", "CANARY", "WATCHING", "HELD", "RUNNING", "DONE", "STOPPED", "UNDONE"] as const;
export type BulkState = (typeof BULK_STATES)[number];

/** Only a retry can be taken back by doing nothing. */
export const GRACED_VERBS: ReadonlySet<ManualVerb> = new Set(["confirm", "cancel", "reverse"]);

export interface Cause {
  /** participant/operation/error class. */
  fingerprint: string;
  participant: string;
  operation: "confirm" | "cancel" | "reverse" | "try";
  errorClass: string;
  /** With it: what was not even sent because of it. All of them are meant when the cause is acted on. */
  fingerprints: string[];
  transactions: number;
  tickets: number;
  /** How long they have been stuck: since their decision. */
  ages: { underMinute: number; underFive: number; underHalfHour: number; older: number };
  oldestSinceMs: number;
  failuresMax: number;
  nextAttemptAtMs: number;
  lastError: string | null;
}

export interface Causes {
  atMs: number;
  causes: Cause[];
}

const fingerprint = z.string().regex(/^[A-Za-z0-9_.:/[\]-]{1,300}$/);

export const freezeSchema = z.strictObject({
  actionKey: z.string().regex(ID_PATTERN).optional(),
  verb: z.enum(MANUAL_VERBS),
  of: z.union([
    z.strictObject({ fingerprints: z.array(fingerprint).min(1).max(20) }),
    z.strictObject({ filters: RowsQuery }),
    z.strictObject({ txIds: z.array(z.string().regex(ID_PATTERN)).min(1).max(200) }),
  ]),
});

export const startSchema = z.strictObject({ actionKey: z.string().regex(ID_PATTERN).optional(), reason: z.string().trim().min(1).max(REASON_LENGTH_MAX) });
export const steerSchema = z.strictObject({ actionKey: z.string().regex(ID_PATTERN).optional() });

/** Why it is held or was stopped; each has a sentence in messages/. */
export type BulkWhy = "CANARY_FAILED" | "TOO_MANY_FAILED" | "ROLE" | "PERSON";

export interface BulkView {
  bulkId: string;
  verb: ManualVerb;
  state: BulkState;
  cause: string | null;
  reason: string | null;
  actor: string;
  total: number;
  counts: { waiting: number; done: number; refused: number; failed: number };
  why: BulkWhy | null;
  createdAtMs: number;
  startedAtMs: number | null;
  /** Of GRACE: when it begins. */
  dueAtMs: number | null;
  endedAtMs: number | null;
}

/** What the verb does to all of the list together. */
export interface BulkEffect {
  states: Partial<Record<TransactionState, number>>;
  amountCents: number;
  coupons: number;
  /** The dishes that move most. */
  dishes: { dishId: string; names: Names; portions: number; before: { available: number; frozen: number; sold: number }; after: { available: number; frozen: number; sold: number } | null }[];
  otherDishes: number;
  /** Calls that other services get. */
  participants: { participant: string; calls: number }[];
}

export interface BulkSheet extends BulkView {
  atMs: number;
  effect: BulkEffect;
  /** The first of the list, and of what did not go well. */
  sample: string[];
  problems: { txId: string; state: "REFUSED" | "FAILED"; result: string | null }[];
}

export interface Bulks {
  atMs: number;
  bulks: BulkView[];
}
