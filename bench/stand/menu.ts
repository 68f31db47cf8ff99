/**
 * A round's menu, written into a contender's store before the round, and its books, read after it. Every round has dishes of
 * its own, so that its books balance by themselves and no round inherits another's dead rows.
 */
import { Redis } from "ioredis";
import pg from "pg";
import type { Place } from "../contenders/contender.ts";
import { couponKey, stockKey } from "../contenders/redis-lua.ts";
import { couponIdOf, dishIdOf, DISHES_PER_STORE, type Load, supplyOf } from "../load/load.ts";

/** A dish after a round, in its store's own words. */
export interface BookedDish {
  supplied: number;
  available: number;
  frozen: number;
  sold: number;
  /** Summed over the reservations; null where there are none to sum (Redis). */
  open: number | null;
  confirmed: number | null;
}

export interface Books {
  /** By position on the menu. */
  dishes: BookedDish[];
  /** Coupons of the round that are no longer available. */
  coupons: number;
}

export interface Menu {
  set(round: string, load: Load, coupons: number): Promise<void>;
  read(round: string, load: Load, coupons: number): Promise<Books>;
  close(): Promise<void>;
}

export function openMenu(books: "postgres" | "redis", place: Place): Menu {
  return books === "postgres" ? new PostgresMenu(place.databaseUrl) : new RedisMenu(place.redisUrl);
}

class PostgresMenu implements Menu {
  private readonly pool: pg.Pool;

  constructor(databaseUrl: string) {
    this.pool = new pg.Pool({ connectionString: databaseUrl, max: 1, idleTimeoutMillis: 0 });
    this.pool.on("error", () => {});
  }

  async set(round: string, load: Load, coupons: number): Promise<void> {
    const positions = Array.from({ length: load.dishes }, (_, position) => position);
    const ids = positions.map((position) => dishIdOf(round, position));
    const stores = positions.map((position) => `store-${Math.floor(position / DISHES_PER_STORE)}`);
    const supplies = positions.map((position) => supplyOf(load, position));
    await this.pool.query(
      `WITH menu AS (INSERT INTO dishes (dish_id, store_id, name_en, name_zh, price_cents, supplied, available)
                     SELECT id, store, id, id, 900, supply, supply FROM unnest($1::text[], $2::text[], $3::int[]) AS dish(id, store, supply)
                     RETURNING dish_id, supplied)
       INSERT INTO stock_movements (dish_id, kind, quantity, actor, action_key) SELECT dish_id, 'SUPPLY', supplied, 'bench', 'bench ' || dish_id FROM menu`,
      [ids, stores, supplies],
    );
    await this.pool.query("INSERT INTO coupons (coupon_id, amount_cents) SELECT $1 || n, 500 FROM generate_series(0, $2::int - 1) AS n", [`${round}.coupon-`, coupons]);
  }

  async read(round: string, load: Load): Promise<Books> {
    // Ids of a round share a prefix; "." is followed by "/" in bytes.
    const bounds = [`${round}.`, `${round}/`];
    const { rows } = await this.pool.query<Record<keyof BookedDish, number> & { dish_id: string }>(
      `SELECT dish_id, supplied, available, frozen, sold,
              coalesce(line.open, 0)::int AS open, coalesce(line.confirmed, 0)::int AS confirmed
         FROM dishes LEFT JOIN (SELECT dish_id, sum(quantity) FILTER (WHERE state = 'RESERVED') AS open, sum(quantity) FILTER (WHERE state = 'CONFIRMED') AS confirmed
                                  FROM reservations WHERE dish_id >= $1 AND dish_id < $2 GROUP BY dish_id) AS line USING (dish_id)
        WHERE dish_id >= $1 AND dish_id < $2 ORDER BY dish_id`,
      bounds,
    );
    const coupons = await this.pool.query<{ taken: number }>("SELECT count(*)::int AS taken FROM coupons WHERE coupon_id >= $1 AND coupon_id < $2 AND state <> 'AVAILABLE'", bounds);
    if (rows.length !== load.dishes) throw new Error(`round ${round} has ${rows.length} dishes, not ${load.dishes}`);
    return { dishes: rows, coupons: coupons.rows[0]?.taken ?? 0 };
  }

  close(): Promise<void> {
    return this.pool.end();
  }
}

class RedisMenu implements Menu {
  private readonly redis: Redis;

  constructor(redisUrl: string) {
    this.redis = new Redis(redisUrl);
  }

  async set(round: string, load: Load, coupons: number): Promise<void> {
    const pipeline = this.redis.pipeline();
    for (let position = 0; position < load.dishes; position++) {
      const supply = supplyOf(load, position);
      pipeline.hset(stockKey(dishIdOf(round, position)), { supplied: supply, available: supply, frozen: 0, sold: 0 });
    }
    for (let number = 0; number < coupons; number++) pipeline.set(couponKey(couponIdOf(round, number)), "AVAILABLE", "EX", 60);
    await pipeline.exec();
  }

  async read(round: string, load: Load, coupons: number): Promise<Books> {
    const ids = Array.from({ length: load.dishes }, (_, position) => stockKey(dishIdOf(round, position)));
    const pipeline = this.redis.pipeline();
    for (const id of ids) pipeline.hgetall(id);
    const replies = (await pipeline.exec()) ?? [];
    const dishes = replies.map(([, cell]) => {
      const { supplied, available, frozen, sold } = cell as Record<string, string>;
      return { supplied: Number(supplied), available: Number(available), frozen: Number(frozen), sold: Number(sold), open: null, confirmed: null };
    });
    await this.redis.del(ids);
    const states = coupons === 0 ? [] : await this.redis.mget(Array.from({ length: coupons }, (_, number) => couponKey(couponIdOf(round, number))));
    return { dishes, coupons: states.filter((state) => state !== "AVAILABLE").length };
  }

  async close(): Promise<void> {
    this.redis.disconnect();
  }
}
