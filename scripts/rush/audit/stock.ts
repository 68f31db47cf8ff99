/**
 * Checks stock and coupons: each figure against the rows it stands for, and each refusal against what was there.
 * Not the CHECK constraint again: a CHECK sees one row, these see the rows behind it. Pure.
 */
import type { AcknowledgedRestock, DoubtfulRefusal, OddShortage } from "../recorder.ts";
import { groupBy } from "./rows.ts";
import { Examination, type Invariant, notChecked, type Verdict } from "./verdict.ts";
import type { LedgerDish, LedgerView } from "./view.ts";

/** Coupons are taken while their transaction is under way or confirmed. */
const HOLDING_STATES = new Set(["TRYING", "RESERVED", "CONFIRMING", "CONFIRMED", "CANCELLING", "REVERSING"]);

/** The rules of prisma/sql/audit.sql that speak of one dish; the others are the whole ledger's. */
const RULES: Record<string, "available" | "frozen-and-sold" | "supplied"> = {
  "supplied = available + frozen + sold": "available",
  "frozen is the sum of open reservations": "frozen-and-sold",
  "sold is the sum of confirmed reservations": "frozen-and-sold",
  "supplied is the sum of movements": "supplied",
};

export interface StockEvidence {
  view: LedgerView;
  /** The dishes as GET /api/v1/dishes shows them at rest, and as the ledger had them then; null: one did not answer. */
  shown: { api: readonly LedgerDish[]; ledger: readonly LedgerDish[] } | null;
  restocks: readonly AcknowledgedRestock[];
  coupons: ReadonlySet<string>;
  doubtful: readonly DoubtfulRefusal[];
  odd: readonly OddShortage[];
  soldOutAnswers: number;
}

export function checkStock(evidence: StockEvidence): Verdict[] {
  return [
    ...checkDishes(evidence.view),
    checkRestocks(evidence),
    checkCoupons(evidence),
    checkShown(evidence),
    checkRefusals(evidence),
  ];
}

function checkDishes(view: LedgerView): Verdict[] {
  const available = new Examination("available");
  for (const dish of view.dishes) {
    available.examined += 1;
    const left = dish.supplied - dish.frozen - dish.sold;
    if (dish.available !== left) available.fail(`available ${dish.available}, supplied − frozen − sold is ${left}`, dish.dishId);
    for (const column of ["available", "frozen", "sold"] as const) {
      if (dish[column] < 0) available.fail(`${column} is ${dish[column]}`, dish.dishId);
    }
  }
  const others = {
    "frozen-and-sold": new Examination("frozen-and-sold"),
    supplied: new Examination("supplied"),
    "ledger-whole": new Examination("ledger-whole"),
  };
  if (!view.breaches) {
    const remark = "the API does not show reservations and movements: give --database-url";
    return [available.verdict(), ...(Object.keys(others) as Invariant[]).map((name) => notChecked(name, remark))];
  }
  for (const examination of Object.values(others)) examination.examined = view.dishes.length;
  others["ledger-whole"].examined = view.transactions.length;
  for (const { rule, subject, expected, found } of view.breaches) {
    const examination = { ...others, available }[RULES[rule] ?? "ledger-whole"];
    examination.fail(`${rule}: should be ${expected}, is ${found}`, subject);
  }
  return [available, ...Object.values(others)].map((examination) => examination.verdict());
}

function checkRestocks({ view, restocks }: StockEvidence): Verdict {
  if (!view.restocks) return notChecked("restocks-once", "the API does not show movements: give --database-url");
  const examination = new Examination("restocks-once");
  const movements = groupBy(view.restocks, (movement) => movement.actionKey);
  const known = new Set<string>();
  for (const restock of restocks) {
    known.add(restock.actionKey);
    examination.examined += 1;
    const made = movements.get(restock.actionKey) ?? [];
    if (restock.contradiction) examination.fail(restock.contradiction, restock.actionKey);
    if (made.length > 1) examination.fail(`moved stock ${made.length} times`, restock.actionKey);
    if (restock.acknowledged && made.length === 0) examination.fail("acknowledged, and no movement", restock.actionKey);
    for (const movement of made) {
      if (movement.dishId !== restock.dishId || movement.quantity !== restock.quantity) {
        examination.fail(`asked for ${restock.quantity} × ${restock.dishId}, moved ${movement.quantity} × ${movement.dishId}`, restock.actionKey);
      }
    }
  }
  for (const actionKey of movements.keys()) if (!known.has(actionKey)) examination.fail("a movement nobody asked for", actionKey);
  return examination.verdict();
}

function checkCoupons({ view, coupons }: StockEvidence): Verdict {
  const examination = new Examination("coupon-used-once");
  examination.remark = view.sample;
  const users = groupBy(
    view.transactions.filter((row) => row.couponId !== null && HOLDING_STATES.has(row.state)),
    (row) => row.couponId!,
  );
  for (const [couponId, rows] of users) {
    if (rows.length > 1) examination.fail(`serves ${rows.length} transactions`, couponId, ...rows.map((row) => row.txId));
  }
  for (const coupon of view.coupons) {
    if (!coupons.has(coupon.couponId)) continue;
    examination.examined += 1;
    const holder = users.get(coupon.couponId)?.[0];
    if (!holder) {
      // A refunded order's coupon may stay used; nothing else keeps one.
      const row = view.transactions.find((transaction) => transaction.txId === coupon.txId);
      const refunded = coupon.state === "USED" && (row?.state === "REVERSED" || (view.sample !== null && !row));
      if (coupon.state === "AVAILABLE" || refunded) continue;
      examination.fail(`${coupon.state} by ${coupon.txId}, which is ${row?.state ?? "unknown"}`, coupon.couponId);
      continue;
    }
    const expected = holder.state === "CONFIRMED" || holder.state === "REVERSING" ? "USED" : "FROZEN";
    if (coupon.state !== expected || coupon.txId !== holder.txId) {
      examination.fail(`${coupon.state} by ${coupon.txId}; ${holder.txId} is ${holder.state} with it`, coupon.couponId);
    }
  }
  return examination.verdict();
}

function checkShown({ view, shown }: StockEvidence): Verdict {
  if (view.source === "api") return notChecked("api-agrees", "there is no ledger to compare with: give --database-url");
  if (!shown) return notChecked("api-agrees", "GET /api/v1/dishes did not answer");
  const examination = new Examination("api-agrees");
  // Where others order, two readings one after the other may differ.
  const busy = new Set(view.takenByOthers?.keys());
  if (busy.size > 0) examination.remark = `not for ${busy.size} dishes that others order, too`;
  for (const { dishId, column, api, ledger } of differences(shown.api, shown.ledger)) {
    if (!busy.has(dishId)) examination.fail(`${column} is shown as ${api}, the ledger has ${ledger}`, dishId);
  }
  examination.examined = shown.api.length;
  return examination.verdict();
}

export function differences(
  api: readonly LedgerDish[],
  ledger: readonly LedgerDish[],
): { dishId: string; column: string; api: number; ledger: number | undefined }[] {
  const rows = new Map(ledger.map((dish) => [dish.dishId, dish]));
  return api.flatMap((dish) =>
    (["supplied", "available", "frozen", "sold"] as const)
      .filter((column) => dish[column] !== rows.get(dish.dishId)?.[column])
      .map((column) => ({ dishId: dish.dishId, column, api: dish[column], ledger: rows.get(dish.dishId)?.[column] })),
  );
}

function checkRefusals({ view, doubtful, odd, soldOutAnswers }: StockEvidence): Verdict {
  const examination = new Examination("refusals-justified");
  examination.examined = soldOutAnswers;
  for (const { txId, dishId, wanted, available } of odd) {
    examination.fail(`SOLD_OUT for ${wanted} × ${dishId}, and the answer says ${available} are there`, txId, dishId);
  }
  for (const { txId, dishId, slack, atMs } of doubtful) {
    const left = slack - (view.takenByOthers?.get(dishId) ?? 0);
    if (left < 0) continue;
    const when = `${(atMs / 1000).toFixed(1)} s into the rush`;
    examination.fail(`SOLD_OUT for ${dishId} ${when}, with ${left} more than were wanted certainly there`, txId, dishId);
  }
  if (!view.takenByOthers) examination.remark = "supposes that nobody else orders: give --database-url to be sure";
  return examination.verdict();
}
