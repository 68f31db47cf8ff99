/**
 * What must be true of the ledger's contents at any time, read off one view of them: portions add up, branches follow their
 * transaction. They know no history.
 */
import type { TransactionRecord } from "../../kernel/types.ts";
import type { LedgerView } from "../../tiers/tcc/memory-ledger.ts";

/** Portions are neither made nor lost: per dish the columns agree with each other, with the reservations and with the movements. */
export function checkConservation({ dishes, transactions, movements }: LedgerView): string[] {
  const wrong: string[] = [];
  for (const dish of dishes) {
    const { dishId, supplied, available, frozen, sold } = dish;
    const reserved = (state: string): number =>
      sum(transactions.filter((tx) => tx.state === state).flatMap(({ lines }) => lines.filter((line) => line.dishId === dishId).map(({ quantity }) => quantity)));
    const moved = sum(movements.filter((movement) => movement.dishId === dishId).map(({ quantity }) => quantity));
    if (available < 0 || frozen < 0 || sold < 0) wrong.push(`${dishId} is oversold: ${JSON.stringify(dish)}`);
    if (supplied !== available + frozen + sold) wrong.push(`${dishId}: ${supplied} ≠ ${available} + ${frozen} + ${sold}`);
    if (frozen !== reserved("RESERVED")) wrong.push(`${dishId}: frozen ${frozen}, reservations say ${reserved("RESERVED")}`);
    if (sold !== reserved("CONFIRMED")) wrong.push(`${dishId}: sold ${sold}, reservations say ${reserved("CONFIRMED")}`);
    if (supplied !== moved) wrong.push(`${dishId}: supplied ${supplied}, movements say ${moved}`);
  }
  return wrong;
}

/** Coupon and order follow their transaction. */
export function checkLocalBranches({ transactions, coupons, orders }: LedgerView): string[] {
  const wrong: string[] = [];
  const byId = new Map<string, TransactionRecord>(transactions.map((tx) => [tx.txId, tx]));
  for (const { couponId, state, txId } of coupons) {
    const tx = txId === null ? undefined : byId.get(txId);
    const expected = tx?.state === "CONFIRMED" ? "USED" : tx?.state === "RESERVED" ? "FROZEN" : "AVAILABLE";
    if (state !== expected) wrong.push(`coupon ${couponId} is ${state}; its transaction ${txId ?? "none"} is ${tx?.state ?? "none"}`);
    const users = transactions.filter((other) => other.couponId === couponId && ["RESERVED", "CONFIRMED"].includes(other.state));
    if (users.length > 1) wrong.push(`coupon ${couponId} is used by ${users.map((user) => user.txId).join(", ")}`);
  }
  const open = new Map<string, string>();
  for (const { txId, orderId, state, payloadHash } of transactions) {
    if (state === "CANCELLED" || payloadHash === null) continue;
    const other = open.get(orderId);
    if (other) wrong.push(`order ${orderId} has two transactions that are not cancelled: ${other}, ${txId}`);
    open.set(orderId, txId);
    const order = orders.find((candidate) => candidate.orderId === orderId);
    if (order?.txId !== txId || order.state !== state) wrong.push(`order ${orderId} does not follow ${txId} (${state}): ${JSON.stringify(order)}`);
  }
  return wrong;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
