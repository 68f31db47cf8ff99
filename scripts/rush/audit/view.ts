/**
 * What the ledger says, as the checkers want it: plain rows. `sql.ts` reads all of it, `http.ts` what the API shows.
 * A list may hold the same id twice: that is one of the things to find.
 */

export interface LedgerLine {
  dishId: string;
  quantity: number;
  freezeId: string;
  state: string;
}

export interface LedgerTransaction {
  txId: string;
  storeId: string;
  orderId: string;
  couponId: string | null;
  state: string;
  lines: LedgerLine[];
  /** A cancel that came before its Try: it has no basket. */
  tombstone: boolean;
  /** Its tickets for refunds. */
  refundTickets: string[];
  /** How long after its time it was marked EXPIRED; null: it was not. */
  sweptLateMs: number | null;
}

export interface LedgerOrder {
  orderId: string;
  txId: string;
  state: string;
}

export interface LedgerDish {
  dishId: string;
  supplied: number;
  available: number;
  frozen: number;
  sold: number;
}

/** A row of prisma/sql/audit.sql: a promise that some rows of the ledger break together. */
export interface LedgerBreach {
  rule: string;
  subject: string;
  expected: string;
  found: string;
}

export interface LedgerCoupon {
  couponId: string;
  state: string;
  txId: string | null;
}

export interface LedgerView {
  source: "database" | "api";
  transactions: LedgerTransaction[];
  /** Null: all of this rush were looked for. Otherwise how many, in words, and which. */
  sample: string | null;
  lookedFor: ReadonlySet<string> | null;
  dishes: LedgerDish[];
  coupons: LedgerCoupon[];
  /** Only a database shows these. */
  orders: LedgerOrder[] | null;
  /** Of the whole ledger, not of this rush alone. */
  breaches: LedgerBreach[] | null;
  /** Portions that transactions of others, and write-offs, may have taken since the rush began. */
  takenByOthers: ReadonlyMap<string, number> | null;
  /** Restocks of this rush: action key, and how often it moved stock by how much. */
  restocks: { actionKey: string; dishId: string; quantity: number }[] | null;
  /** Transactions of this rush on which a person acted. */
  byHand: string[] | null;
}

export const ENDED_STATES: ReadonlySet<string> = new Set(["CONFIRMED", "CANCELLED", "EXPIRED", "REVERSED"]);
