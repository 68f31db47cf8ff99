/**
 * What would happen if a person did something to this transaction now: read only, computed from the ledger's rows.
 * It promises nothing: between the preview and the act others act too, and the engine decides by the rows it locks.
 */
import type { ActionPreview, BranchEffect, IllegalBecause, LineEffect, ManualVerb, Role } from "../../contracts/console.ts";
import { MANUAL_VERBS, roleIncludes, VERB_ROLES } from "../../contracts/console.ts";
import { isDoneByHand, isLegalByHand } from "../../engine/kernel/hand-verbs.ts";
import { BRANCH_OPERATIONS, ENDED_STATES, isUnfinished, localState, STOCK_EFFECTS, targetOf, VERB_TARGETS } from "../../engine/kernel/states.ts";
import type { TransactionState } from "../../engine/kernel/states.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";
import { branchIdOf } from "../reads/transactions.ts";

export interface Reading {
  txId: string;
  atMs: number;
  transaction: Awaited<ReturnType<typeof readRows>>["transaction"];
  reservations: Awaited<ReturnType<typeof readRows>>["reservations"];
  branches: Awaited<ReturnType<typeof readRows>>["branches"];
  tickets: Awaited<ReturnType<typeof readRows>>["tickets"];
  dishes: Awaited<ReturnType<typeof readDetails>>["dishes"];
  store: Awaited<ReturnType<typeof readDetails>>["store"];
  coupon: Awaited<ReturnType<typeof readDetails>>["coupon"];
}

/** Everything that a preview is made of, of one transaction. */
export async function readForPreview(prisma: PrismaClient, txId: string): Promise<Reading> {
  const rows = await readRows(prisma, txId);
  return { txId, ...rows, ...(await readDetails(prisma, rows)) };
}

async function readRows(prisma: PrismaClient, txId: string) {
  const [[clock], transaction, reservations, branches, tickets] = await Promise.all([
    prisma.$queryRaw<{ now: Date }[]>`SELECT clock_timestamp() AS now`,
    prisma.transaction.findUnique({ where: { txId } }),
    prisma.reservation.findMany({ where: { txId }, orderBy: { lineNo: "asc" } }),
    prisma.branch.findMany({ where: { txId }, orderBy: { branchNo: "asc" } }),
    prisma.ticket.findMany({ where: { txId }, orderBy: { openedAt: "asc" } }),
  ]);
  return { atMs: (clock?.now ?? new Date()).getTime(), transaction, reservations, branches, tickets };
}

async function readDetails(prisma: PrismaClient, { transaction, reservations }: Pick<Reading, "transaction" | "reservations">) {
  const [dishes, store, coupon] = await Promise.all([
    prisma.dish.findMany({ where: { dishId: { in: reservations.map((line) => line.dishId) } } }),
    transaction === null ? null : prisma.store.findUnique({ where: { storeId: transaction.storeId } }),
    transaction?.couponId ? prisma.coupon.findUnique({ where: { couponId: transaction.couponId } }) : null,
  ]);
  return { dishes, store, coupon };
}

export async function previewAction(prisma: PrismaClient, request: { txId: string; verb: ManualVerb; role: Role }): Promise<ActionPreview> {
  return previewOf(await readForPreview(prisma, request.txId), request.verb, request.role);
}

export function previewsOf(reading: Reading, role: Role): ActionPreview[] {
  return MANUAL_VERBS.map((verb) => previewOf(reading, verb, role));
}

export function previewOf(reading: Reading, verb: ManualVerb, role: Role): ActionPreview {
  const { txId, atMs, transaction, reservations, coupon, store } = reading;
  if (transaction === null || transaction.payloadHash === null) {
    const because = transaction === null ? "UNKNOWN_TRANSACTION" : "DECIDED";
    return { txId, verb, legal: false, because, transaction: null, becomes: null, lines: [], coupon: null, branches: [], atMs };
  }
  const dishById = new Map(reading.dishes.map((dish) => [dish.dishId, dish]));
  const effect = stockEffect(transaction.state, verb, transaction.remoteBranches);
  const lines = reservations.map((line): LineEffect => {
    const dish = dishById.get(line.dishId);
    const before = dish === undefined ? null : { available: dish.available, frozen: dish.frozen, sold: dish.sold };
    return {
      dishId: line.dishId,
      names: dish === undefined ? { en: line.dishId, "zh-CN": line.dishId } : { en: dish.nameEn, "zh-CN": dish.nameZh },
      quantity: line.quantity,
      before,
      after:
        before === null || effect === null
          ? null
          : {
              available: before.available + effect.available * line.quantity,
              frozen: before.frozen + effect.frozen * line.quantity,
              sold: before.sold + effect.sold * line.quantity,
            },
    };
  });
  const because = illegalBecause(reading, transaction.state, verb, role, lines);
  return {
    txId,
    verb,
    legal: because === null,
    because,
    transaction: {
      state: transaction.state,
      storeId: transaction.storeId,
      storeNames: { en: store?.nameEn ?? transaction.storeId, "zh-CN": store?.nameZh ?? transaction.storeId },
      orderId: transaction.orderId,
      createdAtMs: transaction.createdAt.getTime(),
      expiresAtMs: transaction.expiresAt.getTime(),
      amountCents: amountOf(reading),
    },
    becomes: endOf(transaction.state, verb),
    lines,
    coupon:
      coupon === null || verb === "retry"
        ? null
        : { couponId: coupon.couponId, amountCents: coupon.amountCents, becomes: verb === "confirm" ? "USED" : "AVAILABLE" },
    branches: branchEffects(reading, transaction.state, verb),
    atMs,
  };
}

export function amountOf({ reservations, dishes }: Pick<Reading, "reservations" | "dishes">): number {
  const prices = new Map(dishes.map(({ dishId, priceCents }) => [dishId, priceCents]));
  return reservations.reduce((sum, { dishId, quantity }) => sum + quantity * (prices.get(dishId) ?? 0), 0);
}

function endOf(state: TransactionState, verb: ManualVerb): TransactionState | null {
  if (verb !== "retry") return VERB_TARGETS[verb];
  return isUnfinished(state) ? ENDED_STATES[state] : null;
}

/** Stock moves with the decision; a retry finds it moved. */
function stockEffect(state: TransactionState, verb: ManualVerb, remoteBranches: number) {
  if (verb === "retry") return null;
  const move = `${state}>${targetOf(VERB_TARGETS[verb], remoteBranches)}`;
  return move in STOCK_EFFECTS ? STOCK_EFFECTS[move as keyof typeof STOCK_EFFECTS] : null;
}

function branchEffects(reading: Reading, state: TransactionState, verb: ManualVerb): BranchEffect[] {
  const target = endOf(state, verb);
  if (target === null) return [];
  const from = localState(state);
  const local = ["stock", ...(reading.coupon === null ? [] : ["coupon"]), "order"].map(
    (participant): BranchEffect => ({ branchId: participant, participant, kind: "local", from, becomes: target, call: null }),
  );
  const remote = reading.branches.map(({ branchNo, participant, state: at, nextAttemptAt }): BranchEffect => {
    const call = verb !== "retry" ? verb : nextAttemptAt === null || at === "TRYING" ? null : (BRANCH_OPERATIONS[at as keyof typeof BRANCH_OPERATIONS] as BranchEffect["call"]);
    return { branchId: branchIdOf(branchNo), participant, kind: "remote", from: at, becomes: target, call };
  });
  return [...local, ...remote];
}

/** The state comes first: what nobody may do says so to everybody. */
function illegalBecause(reading: Reading, state: TransactionState, verb: ManualVerb, role: Role, lines: LineEffect[]): IllegalBecause | null {
  if (!isLegalByHand(verb, state)) {
    if (verb === "retry") return "NOTHING_TO_RETRY";
    if (isDoneByHand(verb, state)) return isUnfinished(state) ? "UNDER_WAY" : "ALREADY_DONE";
    if (state === "TRYING") return "STILL_TRYING";
    if (verb === "reverse" && state !== "CANCELLED" && state !== "CANCELLING") return "NOT_CONFIRMED";
    return "DECIDED";
  }
  if (verb === "retry" && !reading.branches.some(({ nextAttemptAt }) => nextAttemptAt !== null)) return "NOTHING_TO_RETRY";
  if (lines.some((line) => line.after !== null && line.after.available < 0)) return "NOT_ENOUGH_STOCK";
  if (!roleIncludes(role, VERB_ROLES[verb])) return "ROLE";
  return null;
}
