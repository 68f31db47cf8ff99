/**
 * The way of the textbooks: a transaction that locks the dishes with SELECT … FOR UPDATE, looks, and writes. Statements are
 * prepared, dishes locked in one order, refused baskets rolled back.
 */
import pg from "pg";
import type { Order } from "../load/load.ts";
import { againAfterDeadlock, type ContenderKind, type Place, type Subject } from "./contender.ts";

const LOCK = "SELECT available FROM dishes WHERE dish_id = ANY ($1) ORDER BY dish_id FOR UPDATE";
const LOCK_COUPON = "SELECT state FROM coupons WHERE coupon_id = $1 FOR UPDATE";
const TAKE = "UPDATE dishes SET available = available - 1, frozen = frozen + 1, version = version + 1 WHERE dish_id = ANY ($1)";
const FREEZE = "UPDATE coupons SET state = 'FROZEN', tx_id = $2 WHERE coupon_id = $1";
const ORDER = "INSERT INTO orders (order_id, tx_id, state) VALUES ($1, $1, 'RESERVED')";
const RESERVE = `INSERT INTO reservations (tx_id, line_no, dish_id, quantity, state)
  SELECT $1, line_no, dish_id, 1, 'RESERVED' FROM unnest($2::text[]) WITH ORDINALITY AS line(dish_id, line_no)`;

const OPEN_ORDER = "SELECT state FROM orders WHERE order_id = $1 FOR UPDATE";
const LINES = "SELECT dish_id, quantity FROM reservations WHERE tx_id = $1";
const SELL = "UPDATE dishes SET frozen = frozen - 1, sold = sold + 1, version = version + 1 WHERE dish_id = ANY ($1)";
const CONFIRM = "UPDATE orders SET state = 'CONFIRMED' WHERE order_id = $1";
const CONFIRM_LINES = "UPDATE reservations SET state = 'CONFIRMED' WHERE tx_id = $1";
const USE = "UPDATE coupons SET state = 'USED' WHERE coupon_id = $1";

export const PG_FOR_UPDATE: ContenderKind = {
  name: "pg FOR UPDATE",
  about: "pg: BEGIN, SELECT … FOR UPDATE, UPDATE, INSERTs, COMMIT",
  hasPool: true,
  books: "postgres",
  open: async (place) => new PgForUpdate(place),
};

class PgForUpdate implements Subject {
  private readonly pool: pg.Pool;

  constructor({ databaseUrl, pool }: Place) {
    this.pool = new pg.Pool({ connectionString: databaseUrl, max: pool, idleTimeoutMillis: 0 });
    this.pool.on("error", () => {}); // its database is dropped at the end
  }

  reserve({ orderId, dishIds, couponId }: Order): Promise<"reserved" | "refused"> {
    return this.inTransaction(async (ask) => {
      const dishes = await ask(LOCK, [dishIds]);
      if (dishes.length < dishIds.length || dishes.some(({ available }) => Number(available) < 1)) return "refused";
      if (couponId !== null) {
        const [coupon] = await ask(LOCK_COUPON, [couponId]);
        if (coupon?.state !== "AVAILABLE") return "refused";
        await ask(FREEZE, [couponId, orderId]);
      }
      await ask(TAKE, [dishIds]);
      await ask(ORDER, [orderId]);
      await ask(RESERVE, [orderId, dishIds]);
      return "reserved";
    });
  }

  async confirm({ orderId, couponId }: Order): Promise<void> {
    await this.inTransaction(async (ask) => {
      // Dishes before orders, as when reserving: no deadlock. Lines never change, so they may be read first.
      const dishIds = (await ask(LINES, [orderId])).map(({ dish_id }) => dish_id);
      await ask(LOCK, [dishIds]);
      const [order] = await ask(OPEN_ORDER, [orderId]);
      if (order?.state !== "RESERVED") throw new Error(`order ${orderId} is ${order?.state}`);
      await ask(SELL, [dishIds]);
      await ask(CONFIRM, [orderId]);
      await ask(CONFIRM_LINES, [orderId]);
      if (couponId !== null) await ask(USE, [couponId]);
      return "reserved";
    });
  }

  close(): Promise<void> {
    return this.pool.end();
  }

  private async inTransaction(work: (ask: (text: string, values: unknown[]) => Promise<Record<string, string>[]>) => Promise<"reserved" | "refused">): Promise<"reserved" | "refused"> {
    const client = await this.pool.connect();
    const ask = async (text: string, values: unknown[]) => (await client.query({ name: nameOf(text), text, values })).rows;
    try {
      return await againAfterDeadlock(async () => {
        await client.query("BEGIN");
        try {
          const verdict = await work(ask);
          await client.query(verdict === "reserved" ? "COMMIT" : "ROLLBACK");
          return verdict;
        } catch (error) {
          await client.query("ROLLBACK");
          throw error;
        }
      });
    } finally {
      client.release();
    }
  }
}

const names = new Map<string, string>();

function nameOf(text: string): string {
  let name = names.get(text);
  if (!name) names.set(text, (name = `for_update_${names.size}`));
  return name;
}
