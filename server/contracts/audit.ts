/**
 * The audit as the page /audit asks for it and shows it: who did what, when, to what, and why. Plain data.
 */
import { z } from "zod";
import { Id, isStorable, Search, wholeNumber } from "./scalars.ts";

/** Everything that is written down; each has its words in messages/. */
export const AUDIT_VERBS = [
  "transaction.retry", "transaction.confirm", "transaction.cancel", "transaction.reverse",
  "transaction.force-end", "transaction.force-end.ask", "transaction.force-end.reject",
  "dish.restock", "dish.write-off", "dish.pause", "dish.resume", "dish.reload-cells",
  "ticket.claim", "ticket.hand-over", "ticket.note", "refund.settle", "payment.retry",
  "bulk.start", "bulk.undo", "bulk.stop", "bulk.continue",
  "contention.sampling", "settings.force-end",
  "operator.create", "operator.role", "operator.disable", "operator.enable", "operator.reset-password", "operator.change-password",
  "key.create", "key.rotate", "key.revoke",
] as const;
export type AuditVerb = (typeof AUDIT_VERBS)[number];

/** What a verb is about: the part before the dot. */
export const AUDIT_KINDS = ["transaction", "dish", "ticket", "refund", "payment", "bulk", "contention", "settings", "operator", "key"] as const;
export type AuditKind = (typeof AUDIT_KINDS)[number];

/** ASKED: begun, and what came of it was never written: the process died. */
export const AUDIT_OUTCOMES = ["DONE", "REFUSED", "ASKED"] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

const PAGE = 60;
const PAGE_MAX = 500;
/** Entries of one file; what is left out is said. */
export const AUDIT_EXPORT_MAX = 10_000;

const filters = {
  actor: Id.optional(),
  kind: z.enum(AUDIT_KINDS).optional(),
  verb: z.enum(AUDIT_VERBS).optional(),
  outcome: z.enum(AUDIT_OUTCOMES).optional(),
  target: z.string().min(1).max(200).refine(isStorable).optional(),
  /** Part of a target or of a reason. */
  q: Search.optional(),
  /** Instants, or days: from the first moment of one to before the other. */
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
};
/** An entry's number: older ones follow. */
const cursor = z.string().regex(/^[1-9]\d{0,17}$/).optional();

export const auditQuery = z.strictObject({ ...filters, cursor, limit: wholeNumber(1, PAGE_MAX).default(PAGE) });
export const auditExportQuery = z.strictObject(filters);
export type AuditFilters = z.output<typeof auditExportQuery>;

export interface AuditRow {
  id: string;
  atMs: number;
  /** A person's name; the id of whoever is no operator any more. */
  actor: string;
  actorId: string;
  verb: string;
  target: string;
  /** Of a person or a key: the id says nothing to anybody. */
  targetName: string | null;
  reason: string | null;
  outcome: AuditOutcome | null;
  /** The error's code, when it was refused. */
  code: string | null;
  /** What it was before and after, as far as it was written down. */
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  /** Everything else that was written down. */
  more: Record<string, unknown>;
}

export interface AuditPage {
  atMs: number;
  entries: AuditRow[];
  nextCursor: string | null;
}

/** Who is in the audit at all, to choose from. */
export interface AuditActor {
  actorId: string;
  name: string;
}
