/**
 * A distributed lock around ordinary code: redlock on every dish of the basket, then read, look and write with Prisma in one
 * transaction. Its pauses between attempts are a hundredth of the library's defaults, which would let a freed lock lie idle.
 */
import { Redis } from "ioredis";
import Redlock from "redlock";
import type { PrismaClient } from "../../server/generated/prisma/client.ts";
import type { Order } from "../load/load.ts";
import { againAfterDeadlock, type ContenderKind, type Place, type Subject } from "./contender.ts";
import { prismaOf, writeReservation, writeSale } from "./prisma-for-update.ts";

/** Longer than any holder works: a lock that ends too early lets two in. */
const LOCK_MS = 10_000;
const RETRY_MS = 2;
const RETRY_JITTER_MS = 4;

export const REDLOCK_PRISMA: ContenderKind = {
  name: "redlock + Prisma",
  about: `redlock on each dish (retry after ${RETRY_MS} to ${RETRY_MS + RETRY_JITTER_MS} ms, without end), then a Prisma transaction`,
  hasPool: true,
  books: "postgres",
  open: async (place) => new RedlockPrisma(place),
};

class RedlockPrisma implements Subject {
  private readonly prisma: PrismaClient;
  private readonly redis: Redis;
  private readonly redlock: Redlock;

  constructor(place: Place) {
    this.prisma = prismaOf(place);
    this.redis = new Redis(place.redisUrl);
    this.redlock = new Redlock([this.redis as unknown as Redlock.CompatibleRedisClient], { retryCount: -1, retryDelay: RETRY_MS, retryJitter: RETRY_JITTER_MS });
  }

  reserve(order: Order): Promise<"reserved" | "refused"> {
    const { orderId, dishIds, couponId } = order;
    return this.locked(dishIds, () =>
      againAfterDeadlock(() =>
        this.prisma.$transaction(async (tx) => {
          const dishes = await tx.dish.findMany({ where: { dishId: { in: dishIds } }, select: { available: true } });
          if (dishes.length < dishIds.length || dishes.some(({ available }) => available < 1)) return "refused";
          if (couponId !== null) {
            const { count } = await tx.coupon.updateMany({ where: { couponId, state: "AVAILABLE" }, data: { state: "FROZEN", txId: orderId } });
            if (count === 0) return "refused";
          }
          await writeReservation(tx, order);
          return "reserved";
        }, { maxWait: LOCK_MS, timeout: LOCK_MS }),
      ),
    );
  }

  async confirm(order: Order): Promise<void> {
    const lines = await this.prisma.reservation.findMany({ where: { txId: order.orderId }, select: { dishId: true } });
    const dishIds = lines.map(({ dishId }) => dishId);
    await this.locked(dishIds, () => againAfterDeadlock(() => this.prisma.$transaction((tx) => writeSale(tx, order, dishIds), { maxWait: LOCK_MS, timeout: LOCK_MS })));
  }

  async close(): Promise<void> {
    this.redis.disconnect();
    await this.prisma.$disconnect();
  }

  private async locked<T>(dishIds: readonly string[], work: () => Promise<T>): Promise<T> {
    const lock = await this.redlock.lock([...dishIds].sort().map((dishId) => `redlock:${dishId}`), LOCK_MS);
    try {
      return await work();
    } finally {
      await lock.unlock();
    }
  }
}
