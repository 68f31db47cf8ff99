/**
 * ParticipantBook is what a well-behaved participant remembers: one fence for each branch, and what it holds for it. The twin
 * keeps one in memory, `npm run participant` keeps one in a journal.
 * It cannot make itself durable: whoever keeps it writes an entry down before answering.
 */
import type { BranchOperation } from "./participants.ts";

/** FENCED: cancelled before its try came (an empty rollback). */
export const BOOK_STATES = ["TRIED", "CONFIRMED", "CANCELLED", "FENCED", "REVERSED"] as const;
export type BookState = (typeof BOOK_STATES)[number];

export interface BookEntry {
  txId: string;
  branchId: string;
  state: BookState;
  /** What the try asked for; 0 when it never came. Frozen in TRIED, confirmed in CONFIRMED, else given back. */
  amount: number;
  /** When it last changed, by the participant's wall clock. */
  atMs: number;
}

export interface BookAnswer {
  /** As on the wire. */
  status: 200 | 409;
  /** Null: done. It names no ids: a word like FAILURE in one would be taken for the participant's. */
  refusal: string | null;
  /** To be written down before the answer leaves; null: nothing changed. */
  written: BookEntry | null;
}

type From = BookState | "NONE";
/** A new state; "again": done before, answer the same; anything else: why not. */
type Rule = BookState | "again" | { refusal: string };

const no = (refusal: string): Rule => ({ refusal });
const late = no("its cancel came first");
const cancelled = no("it was cancelled");
const confirmed = no("it is confirmed, and can only be reversed");
const reversed = no("it was reversed");
const unknown = no("its try never came");

/** What an operation does in each state. Each may come twice, late, or before the one it follows. */
export const BOOK_RULES = {
  try: { NONE: "TRIED", TRIED: "again", CONFIRMED: "again", CANCELLED: cancelled, FENCED: late, REVERSED: "again" },
  confirm: { NONE: unknown, TRIED: "CONFIRMED", CONFIRMED: "again", CANCELLED: cancelled, FENCED: late, REVERSED: "again" },
  cancel: { NONE: "FENCED", TRIED: "CANCELLED", CONFIRMED: confirmed, CANCELLED: "again", FENCED: "again", REVERSED: reversed },
  reverse: { NONE: unknown, TRIED: no("it is not confirmed"), CONFIRMED: "REVERSED", CANCELLED: cancelled, FENCED: late, REVERSED: "again" },
} as const satisfies Record<BranchOperation, Record<From, Rule>>;

export interface BookTotals {
  /** Branches in each state. */
  branches: Record<BookState, number>;
  /** Sums of amounts. */
  frozen: number;
  confirmed: number;
}

export class ParticipantBook {
  /** By txId, then by branchId; oldest transaction first. */
  private readonly kept = new Map<string, Map<string, BookEntry>>();
  private readonly sums: BookTotals = { branches: { TRIED: 0, CONFIRMED: 0, CANCELLED: 0, FENCED: 0, REVERSED: 0 }, frozen: 0, confirmed: 0 };

  /** @param amount looked at by the try that opens the branch only. */
  apply(txId: string, branchId: string, operation: BranchOperation, amount: number, atMs: number): BookAnswer {
    const entry = this.find(txId, branchId);
    const rule: Rule = BOOK_RULES[operation][entry?.state ?? "NONE"];
    if (rule === "again") return { status: 200, refusal: null, written: null };
    if (typeof rule === "object") return { status: 409, refusal: `${operation}: ${rule.refusal}`, written: null };
    const written: BookEntry = { txId, branchId, state: rule, amount: entry?.amount ?? (rule === "FENCED" ? 0 : amount), atMs };
    this.put(written);
    return { status: 200, refusal: null, written };
  }

  /** Takes an entry as it is: for what was written down earlier. */
  put(entry: BookEntry): void {
    let branches = this.kept.get(entry.txId);
    if (!branches) this.kept.set(entry.txId, (branches = new Map()));
    const before = branches.get(entry.branchId);
    if (before) this.count(before, -1);
    branches.set(entry.branchId, entry);
    this.count(entry, 1);
  }

  find(txId: string, branchId: string): BookEntry | null {
    return this.kept.get(txId)?.get(branchId) ?? null;
  }

  /** Every branch of one transaction. */
  branchesOf(txId: string): BookEntry[] {
    return [...(this.kept.get(txId)?.values() ?? [])];
  }

  /** Oldest transaction first. */
  *entries(): Generator<BookEntry> {
    for (const branches of this.kept.values()) yield* branches.values();
  }

  totals(): BookTotals {
    return { ...this.sums, branches: { ...this.sums.branches } };
  }

  private count({ state, amount }: BookEntry, sign: 1 | -1): void {
    this.sums.branches[state] += sign;
    if (state === "TRIED") this.sums.frozen += sign * amount;
    if (state === "CONFIRMED") this.sums.confirmed += sign * amount;
  }
}

/** A branch's share of a try's body: its `amount`, or 1. */
export function amountOf(body: unknown): number {
  const amount = typeof body === "object" && body !== null ? (body as { amount?: unknown }).amount : undefined;
  return typeof amount === "number" && Number.isSafeInteger(amount) && amount > 0 ? amount : 1;
}

export function branchIdOf(branchNo: number): string {
  return String(branchNo).padStart(2, "0");
}
