/**
 * What the audit asserts, one sentence each, and how a check reports. It checks nothing itself.
 */

export const INVARIANTS = {
  "answers-by-contract": "every answer is one that the contract allows for its verb",
  "replays-repeat": "every replay of a Try repeats the first answer: the lines asked for, the same freezeIds and expiry",
  "acknowledged-stays": "no later answer denies an acknowledged reservation, confirm, cancel or reversal",
  "one-decision": "of confirm and cancel exactly one is acknowledged",
  "late-try": "a Try after an acknowledged cancel reserves nothing",
  "other-payload": "a txId with another payload is refused",
  "expires-in-time": "nothing expires before its time",
  "refusals-justified": "no SOLD_OUT for portions that were certainly there",
  "acknowledged-present": "every acknowledged Try is in the ledger exactly once, with its store, order, coupon and lines",
  "states-agree": "every acknowledged confirm, cancel, reversal and refund ticket is what the ledger says",
  "nothing-unasked": "the ledger holds nothing of this rush that no answer explains",
  "lines-follow": "every reservation and order row is in its transaction's state",
  "all-ended": "every transaction has ended: what was abandoned has expired",
  "one-transaction-an-order": "an order has at most one transaction that is not cancelled",
  "coupon-used-once": "a coupon serves at most one transaction, and its row says which",
  "frozen-and-sold": "per dish, frozen and sold are the sums over its reservations",
  "supplied": "per dish, supplied is the sum of its movements",
  "available": "per dish, available = supplied − frozen − sold, and is not negative",
  "ledger-whole": "the whole ledger holds together: transactions, reservations, orders, coupons, tickets, movements",
  "restocks-once": "every acknowledged restock is exactly one movement",
  "api-agrees": "the API shows every dish as the ledger has it",
} as const;

export type Invariant = keyof typeof INVARIANTS;

export interface Finding {
  message: string;
  ids: string[];
}

export interface Verdict {
  invariant: Invariant;
  outcome: "held" | "broken" | "not checked";
  /** How many things were looked at. */
  examined: number;
  broken: number;
  /** The first few. */
  findings: Finding[];
  /** Why it was not, or not fully, checked. */
  remark: string | null;
}

/** Enough to start an investigation with; the count says how many there are. */
const FINDINGS_KEPT = 20;

/** Collects the verdict on one invariant. */
export class Examination {
  private readonly invariant: Invariant;
  private readonly findings: Finding[] = [];
  private broken = 0;
  private readonly exempt: ReadonlySet<string>;
  examined = 0;
  remark: string | null = null;

  /** @param exempt ids about which nothing can be asserted: somebody else acted on them. */
  constructor(invariant: Invariant, exempt: ReadonlySet<string> = new Set()) {
    this.invariant = invariant;
    this.exempt = exempt;
  }

  fail(message: string, ...ids: string[]): void {
    if (ids.some((id) => this.exempt.has(id))) return;
    this.broken += 1;
    if (this.findings.length < FINDINGS_KEPT) this.findings.push({ message, ids });
  }

  verdict(): Verdict {
    const { invariant, examined, broken, findings, remark } = this;
    return { invariant, outcome: broken > 0 ? "broken" : "held", examined, broken, findings, remark };
  }
}

export function notChecked(invariant: Invariant, remark: string): Verdict {
  return { invariant, outcome: "not checked", examined: 0, broken: 0, findings: [], remark };
}
