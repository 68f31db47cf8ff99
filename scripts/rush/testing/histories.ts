/**
 * Histories and ledgers for the checkers' tests: first a clean case, then each test breaks one thing of it.
 */
import type { AcknowledgedRestock } from "../recorder.ts";
import type { Attempt, History, Verb } from "../history.ts";
import type { StockEvidence } from "../audit/stock.ts";
import type { LedgerTransaction, LedgerView } from "../audit/view.ts";
import type { Invariant, Verdict } from "../audit/verdict.ts";

/** An answer as `"201 RESERVED"` or `"409 SOLD_OUT"`; `"lost"` is none. Sent at `at`, answered 10 ms later. */
export function attempt(verb: Verb, answer: string, at: number, more: Partial<Attempt> = {}): Attempt {
  const [status, word] = answer === "lost" ? [0, "connection"] : [Number(answer.split(" ")[0]), answer.split(" ")[1] ?? null];
  const yes = status >= 200 && status < 300;
  return {
    verb,
    altered: false,
    sentAtMs: at,
    doneAtMs: at + 10,
    status,
    code: yes ? null : (word ?? null),
    state: yes ? (word ?? null) : null,
    ticketId: null,
    ...more,
  };
}

/** Each pair is a verb and its answer, one after the other, 100 ms apart. */
export function history(txId: string, answers: readonly (readonly [Verb, string])[], more: Partial<History> = {}): History {
  return {
    txId,
    storeId: "store-1",
    orderId: txId,
    couponId: null,
    lines: [
      { dishId: "noodles", quantity: 2 },
      { dishId: "soup", quantity: 1 },
    ],
    ttlSeconds: 30,
    firstTryAtMs: answers.some(([verb]) => verb === "try") ? 100 * answers.findIndex(([verb]) => verb === "try") : null,
    attempts: answers.map(([verb, answer], index) => attempt(verb, answer, index * 100)),
    reserved: answers.some(([verb, answer]) => verb === "try" && answer.startsWith("20"))
      ? { freezeIds: [`${txId}.1`, `${txId}.2`], expiresAt: "2026-11-22T12:00:00.000Z" }
      : null,
    contradictions: null,
    ...more,
  };
}

export function row(txId: string, state: string, more: Partial<LedgerTransaction> = {}): LedgerTransaction {
  return {
    txId,
    storeId: "store-1",
    orderId: txId,
    couponId: null,
    state,
    tombstone: false,
    lines: [
      { dishId: "noodles", quantity: 2, freezeId: `${txId}.1`, state },
      { dishId: "soup", quantity: 1, freezeId: `${txId}.2`, state },
    ],
    refundTickets: [],
    sweptLateMs: null,
    ...more,
  };
}

/** A whole rush that went well: one of each kind of end. */
export function cleanCase(): { histories: Map<string, History>; view: LedgerView; evidence: StockEvidence } {
  const restock: AcknowledgedRestock = { actionKey: "r:restock:1", dishId: "soup", quantity: 50, acknowledged: true, contradiction: null };
  const histories = [
    history("r:confirmed", [["try", "201 RESERVED"], ["try", "200 RESERVED"], ["confirm", "200 CONFIRMED"]], { couponId: "r:coupon:1" }),
    history("r:cancelled", [["try", "201 RESERVED"], ["cancel", "200 CANCELLED"], ["try", "409 LATE_TRY"]]),
    history("r:reversed", [["try", "201 RESERVED"], ["confirm", "200 CONFIRMED"], ["reverse", "200 REVERSED"]]),
    history("r:expired", [["try", "201 RESERVED"]], { ttlSeconds: 1 }),
    history("r:soldout", [["try", "409 SOLD_OUT"]]),
    history("r:lost", [["try", "lost"]]),
    history("r:refused", [["try", "lost"], ["try", "409 SOLD_OUT"]]),
    history("r:fenced", [["cancel", "200 CANCELLED"], ["try", "409 LATE_TRY"]]),
  ];
  const transactions = [
    row("r:confirmed", "CONFIRMED", { couponId: "r:coupon:1" }),
    row("r:cancelled", "CANCELLED"),
    row("r:reversed", "REVERSED"),
    row("r:expired", "EXPIRED"),
    row("r:fenced", "CANCELLED", { storeId: "", orderId: "", tombstone: true, lines: [] }),
  ];
  const dishes = [
    { dishId: "noodles", supplied: 100, available: 98, frozen: 0, sold: 2 },
    { dishId: "soup", supplied: 60, available: 59, frozen: 0, sold: 1 },
  ];
  const view: LedgerView = {
    source: "database",
    transactions,
    sample: null,
    lookedFor: null,
    dishes,
    coupons: [
      { couponId: "r:coupon:1", state: "USED", txId: "r:confirmed" },
      { couponId: "r:coupon:2", state: "AVAILABLE", txId: null },
    ],
    orders: transactions.filter(({ tombstone }) => !tombstone).map(({ orderId, txId, state }) => ({ orderId, txId, state })),
    breaches: [],
    takenByOthers: new Map(),
    restocks: [{ actionKey: "r:restock:1", dishId: "soup", quantity: 50 }],
    byHand: [],
  };
  const evidence: StockEvidence = {
    view,
    shown: { api: dishes.map((dish) => ({ ...dish })), ledger: dishes.map((dish) => ({ ...dish })) },
    restocks: [restock],
    coupons: new Set(["r:coupon:1", "r:coupon:2"]),
    doubtful: [],
    odd: [],
    soldOutAnswers: 1,
  };
  return { histories: new Map(histories.map((one) => [one.txId, one])), view, evidence };
}

/** The invariants that broke, by name. */
export function broken(verdicts: readonly Verdict[]): Invariant[] {
  return verdicts.filter(({ outcome }) => outcome === "broken").map(({ invariant }) => invariant);
}
