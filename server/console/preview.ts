/**
 * What would happen if a person confirmed or cancelled this transaction now: read only, from the ledger's rows.
 * It promises nothing: between the preview and the act others act too, and the engine decides by the rows it locks.
 */
import type { ActionPreview, IllegalBecause, LineEffect, ManualVerb, Role } from "../contracts/console.ts";
import { roleIncludes } from "../contracts/console.ts";
import { STOCK_EFFECTS, VERB_TARGETS, canMove } from "../engine/kernel/states.ts";
import type { TransactionState } from "../engine/kernel/states.ts";
import type { PrismaClient } from "../generated/prisma/client.ts";

interface PreviewRequest {
  txId: string;
  verb: ManualVerb;
  role: Role;
}

export async function previewAction(prisma: PrismaClient, { txId, verb, role }: PreviewRequest): Promise<ActionPreview> {
  const [[clock], transaction, reservations] = await Promise.all([
    prisma.$queryRaw<{ now: Date }[]>`SELECT clock_timestamp() AS now`,
    prisma.transaction.findUnique({ where: { txId } }),
    prisma.reservation.findMany({ where: { txId }, orderBy: { lineNo: "asc" } }),
  ]);
  const atMs = (clock?.now ?? new Date()).getTime();
  if (transaction === null || transaction.payloadHash === null) {
    const because = transaction === null ? "UNKNOWN_TRANSACTION" : "DECIDED";
    return { txId, verb, legal: false, because, transaction: null, lines: [], coupon: null, atMs };
  }
  const [dishes, store, coupon] = await Promise.all([
    prisma.dish.findMany({ where: { dishId: { in: reservations.map((line) => line.dishId) } } }),
    prisma.store.findUnique({ where: { storeId: transaction.storeId } }),
    transaction.couponId === null ? null : prisma.coupon.findUnique({ where: { couponId: transaction.couponId } }),
  ]);
  const dishById = new Map(dishes.map((dish) => [dish.dishId, dish]));
  const effect = effectOf(transaction.state, verb);
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
  const because = illegalBecause(transaction.state, verb, role, lines);
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
      amountCents: reservations.reduce(
        (sum, line) => sum + line.quantity * (dishById.get(line.dishId)?.priceCents ?? 0),
        0,
      ),
    },
    lines,
    coupon:
      coupon === null
        ? null
        : {
            couponId: coupon.couponId,
            amountCents: coupon.amountCents,
            becomes: verb === "confirm" ? "USED" : "AVAILABLE",
          },
    atMs,
  };
}

function effectOf(state: TransactionState, verb: ManualVerb) {
  const move = `${state}>${VERB_TARGETS[verb]}`;
  return move in STOCK_EFFECTS ? STOCK_EFFECTS[move as keyof typeof STOCK_EFFECTS] : null;
}

function illegalBecause(state: TransactionState, verb: ManualVerb, role: Role, lines: LineEffect[]): IllegalBecause | null {
  const target = VERB_TARGETS[verb];
  if (state === target) return "ALREADY_DONE";
  if (state === "TRYING" && verb === "confirm") return "STILL_TRYING";
  if (!canMove(state, target)) return "DECIDED";
  if (lines.some((line) => line.after !== null && line.after.available < 0)) return "NOT_ENOUGH_STOCK";
  if (!roleIncludes(role, "operator")) return "ROLE";
  return null;
}
