/**
 * What must be true of the ledger's contents at any time, read off one view of them: portions add up, branches follow their
 * transaction. They know no history.
 */
import { ENDED_STATES, isUnfinished, localState } from "../../kernel/states.ts";
import type { TransactionRecord } from "../../kernel/types.ts";
import type { LedgerView } from "../../tiers/tcc/memory-ledger.ts";

/** Portions are neither made nor lost: per dish the columns agree with each other, with the reservations and with the movements. */
export function checkConservation({ dishes, transactions, movements }: LedgerView): string[] {
  const wrong: string[] = [];
  for (const dish of dishes) {
    const { dishId, supplied, available, frozen, sold } = dish;
    const reserved = (state: string): number =>
      sum(transactions.filter((tx) => localState(tx.state) === state).flatMap(({ lines }) => lines.filter((line) => line.dishId === dishId).map(({ quantity }) => quantity)));
    const moved = sum(movements.filter((movement) => movement.dishId === dishId).map(({ quantity }) => quantity));
    if (available < 0 || frozen < 0 || sold < 0) wrong.push(`${dishId} is oversold: ${JSON.stringify(dish)}`);
    if (supplied !== available + frozen + sold) wrong.push(`${dishId}: ${supplied} ≠ ${available} + ${frozen} + ${sold}`);
    if (frozen !== reserved("RESERVED")) wrong.push(`${dishId}: frozen ${frozen}, reservations say ${reserved("RESERVED")}`);
    if (sold !== reserved("CONFIRMED")) wrong.push(`${dishId}: sold ${sold}, reservations say ${reserved("CONFIRMED")}`);
    if (supplied !== moved) wrong.push(`${dishId}: supplied ${supplied}, movements say ${moved}`);
  }
  return wrong;
}

/** Lines, coupon and order follow their transaction. */
export function checkLocalBranches({ transactions, coupons, orders }: LedgerView): string[] {
  const wrong: string[] = [];
  for (const { txId, state, lines } of transactions) {
    for (const line of lines) if (line.state !== localState(state)) wrong.push(`${line.freezeId} is ${line.state}, and ${txId} is ${state}`);
  }
  const byId = new Map<string, TransactionRecord>(transactions.map((tx) => [tx.txId, tx]));
  for (const { couponId, state, txId } of coupons) {
    const tx = txId === null ? undefined : byId.get(txId);
    const local = tx && localState(tx.state);
    const expected = local === "CONFIRMED" ? "USED" : local === "RESERVED" ? "FROZEN" : "AVAILABLE";
    if (state !== expected) wrong.push(`coupon ${couponId} is ${state}; its transaction ${txId ?? "none"} is ${tx?.state ?? "none"}`);
    const users = transactions.filter((other) => other.couponId === couponId && ["RESERVED", "CONFIRMED"].includes(localState(other.state)));
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

/** Remote branches agree with the decision, and a transaction is unfinished exactly as long as one of them is. */
export function checkRemoteBranches({ transactions, branches }: LedgerView): string[] {
  const wrong: string[] = [];
  for (const { txId, state, remoteBranches } of transactions) {
    const own = branches.filter((branch) => branch.txId === txId);
    if (own.length !== remoteBranches) wrong.push(`${txId} should have ${remoteBranches} remote branches, and has ${own.length}`);
    for (const branch of own) {
      const allowed: readonly string[] = isUnfinished(state) ? [state, ENDED_STATES[state]] : [state];
      if (!allowed.includes(branch.state)) wrong.push(`branch ${branch.branchNo} of ${txId} (${state}) is ${branch.state}`);
    }
    if (isUnfinished(state) && own.every((branch) => branch.nextAttemptAtMs === null)) wrong.push(`${txId} is ${state} with nothing left to do`);
  }
  return wrong;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
