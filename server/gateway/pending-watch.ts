/**
 * The oldest pending transactions, read at most once a second and only while somebody looks; between two reads the feed
 * takes away what was confirmed, cancelled or expired. It cannot see every pending transaction, only the oldest, and the totals.
 */
import type { PendingTotals, PendingTransaction, TransactionsDelta } from "../contracts/socket-events.ts";
import type { TransactionState } from "../engine/kernel/states.ts";
import type { DishBook } from "./dish-book.ts";
import type { PendingRead, PendingRecord } from "./live-reads.ts";

const PENDING_STATES: ReadonlySet<TransactionState> = new Set([
  "TRYING",
  "RESERVED",
  "CONFIRMING",
  "CANCELLING",
  "REVERSING",
]);

/** Ended transactions are remembered this long, so that a read that began before does not bring them back. */
const ENDED_REMEMBERED_MAX = 2_000;

export const NO_TOTALS: PendingTotals = { pending: 0, ageing: 0, expiring: 0, capped: false, oldestCreatedAtMs: null, stranded: 0, strandedPortions: 0, strandedCents: 0 };

export class PendingWatch {
  private readonly book: DishBook;
  private rows = new Map<string, PendingTransaction>();
  private totals: PendingTotals = NO_TOTALS;
  private readonly ended = new Map<string, TransactionState>();
  private upserted = new Map<string, PendingTransaction>();
  private gone = new Map<string, TransactionState | null>();
  private totalsChanged = false;
  /** Rows that the last read did not list, and of which the feed has said nothing. */
  private missing = new Set<string>();

  constructor(book: DishBook) {
    this.book = book;
  }

  /** A change from the feed. @returns whether a listed row is concerned. */
  changed(txId: string, state: TransactionState): boolean {
    if (PENDING_STATES.has(state)) {
      this.ended.delete(txId);
      const row = this.rows.get(txId);
      if (row === undefined || row.state === state) return false;
      this.upsert({ ...row, state });
      return true;
    }
    this.ended.set(txId, state);
    if (this.ended.size > ENDED_REMEMBERED_MAX) this.ended.delete(this.ended.keys().next().value as string);
    const row = this.rows.get(txId);
    if (row === undefined) return false;
    this.remove(txId, state);
    this.setTotals({
      ...this.totals,
      pending: Math.max(0, this.totals.pending - 1),
      oldestCreatedAtMs: this.rows.values().next().value?.createdAtMs ?? null,
    });
    return true;
  }

  /** Takes over a fresh read. @returns whether anything differs. */
  refresh(read: PendingRead): boolean {
    const listed = new Set<string>();
    for (const record of read.rows) {
      if (this.ended.has(record.txId)) continue;
      listed.add(record.txId);
      const known = this.rows.get(record.txId);
      if (known === undefined || known.state !== record.state) this.upsert(this.toRow(record));
    }
    const missing = new Set<string>();
    for (const txId of this.rows.keys()) {
      if (listed.has(txId)) continue;
      // A read can overtake the feed: what became of the row is a moment away. Missing twice, the feed has lost it.
      if (this.missing.has(txId)) this.remove(txId, null);
      else missing.add(txId);
    }
    this.missing = missing;
    this.rows = new Map([...this.rows.entries()].sort(([, a], [, b]) => byAge(a, b)));
    this.setTotals({
      pending: read.pending,
      ageing: read.ageing,
      expiring: read.expiring,
      capped: read.capped,
      oldestCreatedAtMs: read.oldestCreatedAtMs,
      stranded: read.stranded.transactions,
      strandedPortions: read.stranded.portions,
      strandedCents: read.stranded.cents,
    });
    return this.dirty;
  }

  get dirty(): boolean {
    return this.upserted.size > 0 || this.gone.size > 0 || this.totalsChanged;
  }

  /** What changed since the last call. */
  takeDelta(): Omit<TransactionsDelta, "seq" | "atMs"> {
    const delta: Omit<TransactionsDelta, "seq" | "atMs"> = {};
    if (this.upserted.size > 0) delta.upserted = [...this.upserted.values()];
    if (this.gone.size > 0) delta.gone = [...this.gone].map(([txId, state]) => ({ txId, state }));
    if (this.totalsChanged) delta.totals = this.totals;
    this.upserted = new Map();
    this.gone = new Map();
    this.totalsChanged = false;
    return delta;
  }

  view(): { rows: PendingTransaction[]; totals: PendingTotals } {
    return { rows: [...this.rows.values()], totals: this.totals };
  }

  private upsert(row: PendingTransaction): void {
    this.rows.set(row.txId, row);
    this.upserted.set(row.txId, row);
    this.gone.delete(row.txId);
  }

  private remove(txId: string, state: TransactionState | null): void {
    this.rows.delete(txId);
    this.upserted.delete(txId);
    this.gone.set(txId, state);
  }

  private setTotals(totals: PendingTotals): void {
    const before = this.totals;
    this.totals = totals;
    this.totalsChanged ||= (Object.keys(totals) as (keyof PendingTotals)[]).some((key) => totals[key] !== before[key]);
  }

  private toRow(record: PendingRecord): PendingTransaction {
    const anyCard = record.lines.map((line) => this.book.get(line.dishId)?.card).find((card) => card !== undefined);
    return {
      ...record,
      storeNames: anyCard?.storeNames ?? { en: record.storeId, "zh-CN": record.storeId },
      lines: record.lines.map((line) => ({
        ...line,
        names: this.book.get(line.dishId)?.card.names ?? { en: line.dishId, "zh-CN": line.dishId },
      })),
    };
  }
}

function byAge(a: PendingTransaction, b: PendingTransaction): number {
  return a.createdAtMs - b.createdAtMs || (a.txId < b.txId ? -1 : 1);
}
