/**
 * What the review queue and its routes say to each other: tickets, who takes care of them, and requests to end a transaction
 * outside. Plain data.
 */
import { z } from "zod";
import type { Names, TransactionState } from "./console.ts";
import { ID_PATTERN, PARTICIPANTS_MAX, REASON_LENGTH_MAX } from "./limits.ts";
import type { EndRequestView } from "./transaction-page.ts";

const actionKey = z.string().regex(ID_PATTERN).optional();
const text = z.string().trim().min(1).max(REASON_LENGTH_MAX);

export const claimSchema = z.strictObject({ actionKey });
export const handOverSchema = z.strictObject({ actionKey, to: z.string().min(1).max(64), note: text.optional() });
export const noteSchema = z.strictObject({ actionKey, text });

/** As many characters as an attempt keeps of what is said about it. */
export const EVIDENCE_LENGTH_MAX = 200;

export const forceEndSchema = z.strictObject({
  actionKey,
  reason: text,
  /** What shows that the branches were done by other means: a statement, a ticket of theirs, who said so. */
  evidence: z.string().trim().min(1).max(EVIDENCE_LENGTH_MAX),
  /** Every branch that is not done, by its id: two digits. */
  branches: z.array(z.string().regex(/^\d{2}$/)).min(1).max(PARTICIPANTS_MAX),
});

export const decideEndSchema = z.strictObject({ actionKey, reason: text.optional() });

export const selfApprovalSchema = z.strictObject({ actionKey, allowed: z.boolean(), reason: text });

export interface Person {
  operatorId: string;
  name: string;
}

export interface TicketNoteView {
  author: string;
  text: string;
  atMs: number;
}

export interface ReviewTicket {
  ticketId: string;
  kind: "REFUND" | "REVIEW";
  txId: string;
  orderId: string;
  state: TransactionState;
  storeNames: Names;
  openedAtMs: number;
  claimedBy: Person | null;
  claimedAtMs: number | null;
  /** Of the branch that is not done. */
  participant: string | null;
  errorClass: string | null;
  lastError: string | null;
  failures: number;
  nextAttemptAtMs: number | null;
  fingerprint: string | null;
  notes: TicketNoteView[];
  endRequest: EndRequestView | null;
}

/** The room `review`: the queue, and what changed in it. `atMs` is the room's. */
export interface ReviewSnapshot extends ReviewQueue {
  seq: number;
}

export interface ReviewDelta {
  seq: number;
  atMs: number;
  /** Tickets that came, or of which anything changed. */
  changed?: ReviewTicket[];
  /** Tickets that were closed, or fell behind those that are listed. */
  gone?: string[];
  open?: number;
  people?: Person[];
}

export interface ReviewQueue {
  atMs: number;
  tickets: ReviewTicket[];
  /** More are open than are listed. */
  open: number;
  people: Person[];
}
