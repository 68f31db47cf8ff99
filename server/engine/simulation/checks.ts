/**
 * What must be true after a run, said without the engine's own words wherever possible: a plain model of who was told what.
 * Each check returns what is wrong, as sentences; an empty list is a pass.
 */
import { ENDED_STATES, isUnfinished, localState } from "../kernel/states.ts";
import type { ReservedLine, TransactionRecord, TryRequest } from "../kernel/types.ts";
import type { World } from "./world.ts";

/** What callers were told. */
export interface Acknowledged {
  trys: Map<string, { request: TryRequest; lines: ReservedLine[] }>;
  moves: { verb: "confirm" | "cancel" | "reverse"; txId: string; state: string }[];
}

/** States in which nothing is pending any more. */
const ENDED = new Set(["CONFIRMED", "CANCELLED", "EXPIRED", "REVERSED"]);

/** What an acknowledged verb allows at the end. */
const AFTER = { confirm: ["CONFIRMED", "REVERSED"], cancel: ["CANCELLED"], reverse: ["REVERSED"] } as const;

export type LedgerView = ReturnType<World["ledger"]["inspect"]>;

/** Everything that can be said once faults have stopped and time has passed. */
export function checkEnd(world: World, acknowledged: Acknowledged): string[] {
  const view = world.ledger.inspect();
  return [
    ...checkConservation(view),
    ...checkPromises(view, acknowledged),
    ...checkLocalBranches(view),
    ...checkRemoteBranches(view),
    ...view.transactions.filter(({ state }) => !ENDED.has(state)).map(({ txId, state }) => `${txId} is still ${state}`),
    ...world.instances
      .filter(({ engine }) => engine.admittedTotal() !== 0)
      .map(({ name, engine }) => `${name} still promises ${engine.admittedTotal()} portions with nothing in flight`),
  ];
}

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

/** Nobody was told anything that is not so. */
export function checkPromises({ transactions }: LedgerView, { trys, moves }: Acknowledged): string[] {
  const wrong: string[] = [];
  const byId = new Map<string, TransactionRecord>(transactions.map((tx) => [tx.txId, tx]));
  for (const [txId, { lines }] of trys) {
    const tx = byId.get(txId);
    if (!tx) wrong.push(`${txId} was acknowledged and is lost`);
    else if (JSON.stringify(tx.lines.map(plainLine)) !== JSON.stringify(lines.map(plainLine))) wrong.push(`${txId} holds other lines than were acknowledged`);
  }
  for (const { verb, txId } of moves) {
    const state = byId.get(txId)?.state;
    if (!(AFTER[verb] as readonly (string | undefined)[]).includes(state)) wrong.push(`${verb} of ${txId} was acknowledged, and it is ${state ?? "lost"}`);
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

/**
 * A sold-out mark does not stick: after everything has healed, every instance sells what is left of every dish,
 * and refuses one portion more.
 */
export async function checkSellsAgain(world: World, storeId: string, dishIds: readonly string[]): Promise<string[]> {
  const wrong: string[] = [];
  const call = { timeoutMs: 800, traceId: "0".repeat(32) };
  for (const { name, engine } of world.instances) {
    for (const dishId of dishIds) {
      const before = world.ledger.inspect().dishes.find((dish) => dish.dishId === dishId);
      if (!before) continue;
      const resume = { dishId, kind: "RESUME", quantity: 0, reason: null, actor: "check", actionKey: `resume ${dishId} ${name}` } as const;
      await world.clock.run(engine.change(resume, call));
      const sell = (quantity: number, label: string): Promise<unknown> => {
        const txId = `end-${name}-${dishId}-${label}`;
        return world.clock.run(engine.try({ txId, storeId, lines: [{ dishId, quantity }], orderId: txId, couponId: null, ttlSeconds: 60 }, call));
      };
      if (before.available > 0) {
        await sell(before.available, "rest").catch((error: Error) => wrong.push(`${name} does not sell the last ${before.available} of ${dishId}: ${error.message}`));
        await world.clock.run(engine.cancel(`end-${name}-${dishId}-rest`, call));
      }
      await sell(before.available + 1, "more").then(
        () => wrong.push(`${name} sold ${before.available + 1} of ${dishId}, and there were ${before.available}`),
        (error: { code?: string }) => {
          if (error.code !== "SOLD_OUT") wrong.push(`${name} refused ${dishId} as ${error.code}`);
        },
      );
    }
  }
  return wrong;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

const plainLine = ({ dishId, quantity, freezeId }: ReservedLine): ReservedLine => ({ dishId, quantity, freezeId });
