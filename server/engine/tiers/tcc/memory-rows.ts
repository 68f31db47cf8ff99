/**
 * The twin's rows: the fence of a cancel that came first, copies for those who ask, and the first that is due.
 */
import type { DishRow, TransactionRecord } from "../../kernel/types.ts";
import type { LedgerMove } from "./ledger.ts";

export function tombstone({ txId, cause }: LedgerMove, atMs: number): TransactionRecord {
  return {
    txId,
    storeId: "",
    orderId: "",
    couponId: null,
    state: "CANCELLED",
    cause,
    payloadHash: null,
    lines: [],
    ticketId: null,
    remoteBranches: 0,
    createdAtMs: atMs,
    updatedAtMs: atMs,
    expiresAtMs: atMs,
  };
}

/** Copies of rows without depth. By hand, like the next two: structuredClone costs thirty times as much, and a simulation copies millions. */
export function copies<Row extends object>(rows: readonly Row[]): Row[] {
  return rows.map((row) => ({ ...row }));
}

export function copyOfDish(dish: DishRow | undefined): DishRow | null {
  return dish ? { ...dish } : null;
}

export function copyOfRecord(record: TransactionRecord): TransactionRecord {
  return { ...record, lines: copies(record.lines) };
}

/** Milliseconds until the first of these times; null: none within so long. */
export function firstWithin(timesMs: readonly number[], nowMs: number, withinMs: number): number | null {
  const first = timesMs.reduce((least, timeMs) => Math.min(least, timeMs), Number.POSITIVE_INFINITY);
  return first <= nowMs + withinMs ? first - nowMs : null;
}
