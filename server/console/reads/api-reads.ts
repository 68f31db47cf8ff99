/**
 * What the API reads, over Prisma: its `ApiReads` port made real. The console's pages may use the same reads.
 */
import type { Coupon } from "../../contracts/coupons.ts";
import type { DishesQuery } from "../../contracts/dishes.ts";
import type { TransactionsQuery } from "../../contracts/transactions.ts";
import type { Clock } from "../../engine/kernel/clock.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";
import { readDish, readDishes, readDishFace } from "./dishes.ts";
import { readTransaction, readTransactions } from "./transactions.ts";

export type ApiReadModels = ReturnType<typeof createApiReads>;

export function createApiReads(prisma: PrismaClient, clock: Clock) {
  return {
    dish: (dishId: string) => readDish(prisma, clock, dishId),
    dishes: (query: DishesQuery) => readDishes(prisma, clock, query),
    dishFace: (dishId: string, actionKey: string) => readDishFace(prisma, dishId, actionKey),
    coupon: (couponId: string) => readCoupon(prisma, couponId),
    transaction: (txId: string) => readTransaction(prisma, txId),
    transactions: (query: TransactionsQuery) => readTransactions(prisma, query),
  };
}

async function readCoupon(prisma: PrismaClient, couponId: string): Promise<Coupon | null> {
  const row = await prisma.coupon.findUnique({ where: { couponId } });
  if (!row) return null;
  const { storeId, amountCents, state, txId } = row;
  return { couponId, storeId, amountCents, state, txId };
}
