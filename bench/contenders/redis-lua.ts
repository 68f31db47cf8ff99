/**
 * Redis alone, one script an order: the ceiling of what is not durable. It keeps nothing on disk here, as in production, and a
 * power cut after the answer loses the order. Its script checks every line before it takes any.
 */
import { readFileSync } from "node:fs";
import { Redis } from "ioredis";
import type { Order } from "../load/load.ts";
import type { ContenderKind, Place, Subject } from "./contender.ts";

const script = (name: string): string => readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), "utf8");

interface Scripts {
  benchReserve(keys: number, ...args: string[]): Promise<number>;
  benchConfirm(keys: number, ...args: string[]): Promise<number>;
}

export const stockKey = (dishId: string): string => `lua:stock:${dishId}`;
export const couponKey = (couponId: string): string => `lua:coupon:${couponId}`;
const orderKey = (orderId: string): string => `lua:order:${orderId}`;

export const REDIS_LUA: ContenderKind = {
  name: "Redis Lua alone",
  about: "one EVALSHA an order, nothing durable: a ceiling, not a peer",
  hasPool: false,
  books: "redis",
  open: async (place) => new RedisLua(place),
};

class RedisLua implements Subject {
  private readonly redis: Redis & Scripts;

  constructor({ redisUrl }: Place) {
    this.redis = new Redis(redisUrl, { enableAutoPipelining: true }) as Redis & Scripts;
    this.redis.defineCommand("benchReserve", { lua: script("reserve") });
    this.redis.defineCommand("benchConfirm", { lua: script("confirm") });
  }

  async reserve({ orderId, dishIds, couponId }: Order): Promise<"reserved" | "refused"> {
    const keys = [orderKey(orderId), couponId === null ? "" : couponKey(couponId), ...dishIds.map(stockKey)];
    return (await this.redis.benchReserve(keys.length, ...keys)) === 1 ? "reserved" : "refused";
  }

  async confirm({ orderId, dishIds, couponId }: Order): Promise<void> {
    const keys = [orderKey(orderId), couponId === null ? "" : couponKey(couponId), ...dishIds.map(stockKey)];
    if ((await this.redis.benchConfirm(keys.length, ...keys)) !== 1) throw new Error(`order ${orderId} was not reserved`);
  }

  async close(): Promise<void> {
    this.redis.disconnect();
  }
}
