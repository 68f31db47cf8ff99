/**
 * What a Prisma application does: an interactive transaction that locks the dishes with a raw SELECT … FOR UPDATE and writes
 * through the models. Nobody is turned away for having waited: its limits are set beyond the round.
 */
import { PrismaPg } from "@prisma/adapter-pg";
import { type Prisma, PrismaClient } from "../../server/generated/prisma/client.ts";
import type { Order } from "../load/load.ts";
import { againAfterDeadlock, type ContenderKind, type Place, type Subject } from "./contender.ts";

/** The defaults, 2 s for a connection and 5 s in all, would turn away most of 512 clients. */
const LIMITS = { maxWait: 60_000, timeout: 60_000 };

export const PRISMA_FOR_UPDATE: ContenderKind = {
  name: "Prisma FOR UPDATE",
  about: "Prisma: $transaction(async tx => …) around $queryRaw SELECT … FOR UPDATE and the models",
  hasPool: true,
  books: "postgres",
  open: async (place) => new PrismaForUpdate(place),
};

export function prismaOf({ databaseUrl, pool }: Place): PrismaClient {
  return new PrismaClient({ adapter: new PrismaPg({ connectionString: databaseUrl, max: pool }) });
}

class PrismaForUpdate implements Subject {
  private readonly prisma: PrismaClient;

  constructor(place: Place) {
    this.prisma = prismaOf(place);
  }

  reserve(order: Order): Promise<"reserved" | "refused"> {
    const { dishIds, couponId } = order;
    return againAfterDeadlock(() =>
      this.prisma.$transaction(async (tx) => {
        const dishes = await tx.$queryRaw<{ available: number }[]>`SELECT available FROM dishes WHERE dish_id = ANY (${dishIds}) ORDER BY dish_id FOR UPDATE`;
        if (dishes.length < dishIds.length || dishes.some(({ available }) => available < 1)) return "refused";
        if (couponId !== null) {
          const { count } = await tx.coupon.updateMany({ where: { couponId, state: "AVAILABLE" }, data: { state: "FROZEN", txId: order.orderId } });
          if (count === 0) return "refused";
        }
        await writeReservation(tx, order);
        return "reserved";
      }, LIMITS),
    );
  }

  async confirm(order: Order): Promise<void> {
    await againAfterDeadlock(() =>
      this.prisma.$transaction(async (tx) => {
        const lines = await tx.reservation.findMany({ where: { txId: order.orderId }, select: { dishId: true } });
        const dishIds = lines.map(({ dishId }) => dishId);
        await tx.$queryRaw`SELECT dish_id FROM dishes WHERE dish_id = ANY (${dishIds}) ORDER BY dish_id FOR UPDATE`;
        await writeSale(tx, order, dishIds);
      }, LIMITS),
    );
  }

  close(): Promise<void> {
    return this.prisma.$disconnect();
  }
}

/** Of dishes that are locked and have enough. */
export async function writeReservation(tx: Prisma.TransactionClient, { orderId, dishIds }: Order): Promise<void> {
  await tx.dish.updateMany({
    where: { dishId: { in: dishIds } },
    data: { available: { decrement: 1 }, frozen: { increment: 1 }, version: { increment: 1 } },
  });
  await tx.order.create({ data: { orderId, txId: orderId, state: "RESERVED" } });
  await tx.reservation.createMany({
    data: dishIds.map((dishId, line) => ({ txId: orderId, lineNo: line + 1, dishId, quantity: 1, state: "RESERVED" as const })),
  });
}

export async function writeSale(tx: Prisma.TransactionClient, { orderId, couponId }: Order, dishIds: string[]): Promise<void> {
  const { count } = await tx.order.updateMany({ where: { orderId, state: "RESERVED" }, data: { state: "CONFIRMED" } });
  if (count === 0) throw new Error(`order ${orderId} was not reserved`);
  await tx.dish.updateMany({
    where: { dishId: { in: dishIds } },
    data: { frozen: { decrement: 1 }, sold: { increment: 1 }, version: { increment: 1 } },
  });
  await tx.reservation.updateMany({ where: { txId: orderId }, data: { state: "CONFIRMED" } });
  if (couponId !== null) await tx.coupon.updateMany({ where: { couponId }, data: { state: "USED" } });
}
