/**
 * Pending transactions as the screen shows them, oldest first. One that ends stays in its place for a moment with what became
 * of it, and nothing is taken away while somebody points at the list.
 */
import type { TransactionState } from "@/server/contracts/console";
import type { PendingTransaction, TransactionsDelta } from "@/server/contracts/socket-events";

export interface PendingView {
  transaction: PendingTransaction;
  /** Null while it is pending. */
  outcome: TransactionState | null;
}

/** Why the list keeps still: any one is enough. */
export type Hold = "pointer" | "focus" | "dialog";

interface Shown extends PendingView {
  shownSinceMs: number;
  endedAtMs: number;
  acted: boolean;
}

/** How long an ended row stays. */
export const OUTCOME_SHOWN_MS = 5_000;
/** A row that was here for a blink needs no farewell. */
const FAREWELL_AFTER_MS = 2_000;
/** Farewells at once; in a rush more would fill the list. */
const FAREWELLS_MAX = 6;

export class PendingViews {
  private rows = new Map<string, Shown>();
  private list: PendingView[] = [];
  private readonly holds = new Set<Hold>();

  current(): PendingView[] {
    return this.list;
  }

  reset(rows: readonly PendingTransaction[], nowMs: number): void {
    const before = this.rows;
    this.rows = new Map();
    for (const transaction of rows) {
      const known = before.get(transaction.txId);
      this.rows.set(transaction.txId, show(transaction, known?.shownSinceMs ?? nowMs));
    }
    for (const row of before.values()) {
      if (row.outcome !== null && !this.rows.has(row.transaction.txId)) this.rows.set(row.transaction.txId, row);
    }
    this.publish();
  }

  apply({ upserted = [], gone = [] }: TransactionsDelta, nowMs: number): void {
    for (const transaction of upserted) {
      const known = this.rows.get(transaction.txId);
      this.rows.set(transaction.txId, show(transaction, known?.shownSinceMs ?? nowMs));
    }
    for (const { txId, state } of gone) this.end(txId, state, nowMs);
    if (upserted.length > 0 || gone.length > 0) this.publish();
  }

  /** The operator's own action was answered, perhaps before the feed told of it. */
  acted(txId: string, state: TransactionState, nowMs: number): void {
    const row = this.rows.get(txId);
    if (row === undefined) return;
    this.rows.set(txId, { ...row, outcome: state, endedAtMs: nowMs, acted: true });
    this.publish();
  }

  hold(hold: Hold, held: boolean): void {
    if (held) this.holds.add(hold);
    else this.holds.delete(hold);
  }

  private get held(): boolean {
    return this.holds.size > 0;
  }

  /** Takes away what was shown long enough. @returns whether anything changed. */
  sweep(nowMs: number): boolean {
    if (this.held) return false;
    let swept = false;
    for (const [txId, row] of this.rows) {
      if (row.outcome === null || nowMs - row.endedAtMs < OUTCOME_SHOWN_MS) continue;
      this.rows.delete(txId);
      swept = true;
    }
    if (swept) this.publish();
    return swept;
  }

  private end(txId: string, state: TransactionState | null, nowMs: number): void {
    const row = this.rows.get(txId);
    if (row === undefined) return;
    const farewells = [...this.rows.values()].filter((each) => each.outcome !== null).length;
    const seen = nowMs - row.shownSinceMs >= FAREWELL_AFTER_MS && farewells < FAREWELLS_MAX;
    const outcome = state ?? row.outcome;
    const keep = outcome !== null && (row.acted || this.held || seen);
    if (keep) this.rows.set(txId, { ...row, outcome, endedAtMs: row.acted ? row.endedAtMs : nowMs });
    else this.rows.delete(txId);
  }

  private publish(): void {
    this.list = [...this.rows.values()].sort(byAge);
  }
}

function show(transaction: PendingTransaction, shownSinceMs: number): Shown {
  return { transaction, outcome: null, shownSinceMs, endedAtMs: 0, acted: false };
}

function byAge(a: PendingView, b: PendingView): number {
  return a.transaction.createdAtMs - b.transaction.createdAtMs || (a.transaction.txId < b.transaction.txId ? -1 : 1);
}
