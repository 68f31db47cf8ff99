/**
 * The best that one request can do by itself: one statement that deducts where enough is left and writes the order in the same
 * breath, so the row is locked for one round trip less. A basket that fits only in part is rolled back whole: the statement
 * then divides by zero on purpose, since a guard that skips a row would leave the others deducted.
 */
import pg from "pg";
import type { Order } from "../load/load.ts";
import { againAfterDeadlock, type ContenderKind, type Place, type Subject } from "./contender.ts";

// Locked in the order of $2 first: an UPDATE alone takes its rows in the order of its plan.
const DISHES = `dish AS MATERIALIZED (SELECT dish_id FROM dishes WHERE dish_id = ANY ($2) ORDER BY dish_id FOR NO KEY UPDATE),
  stock AS (UPDATE dishes SET available = available - 1, frozen = frozen + 1, version = version + 1
             WHERE dish_id IN (SELECT dish_id FROM dish) AND available >= 1 RETURNING dish_id)`;
const ONE_DISH = `stock AS (UPDATE dishes SET available = available - 1, frozen = frozen + 1, version = version + 1
             WHERE dish_id = ANY ($2) AND available >= 1 RETURNING dish_id)`;
const COUPON = `, coupon AS (UPDATE coupons SET state = 'FROZEN', tx_id = $1 WHERE coupon_id = $3 AND state = 'AVAILABLE' RETURNING coupon_id)`;
const WRITES = `, placed AS (INSERT INTO orders (order_id, tx_id, state) SELECT $1, $1, 'RESERVED' WHERE EXISTS (SELECT FROM stock)),
  lines AS (INSERT INTO reservations (tx_id, line_no, dish_id, quantity, state)
            SELECT $1, row_number() OVER (), dish_id, 1, 'RESERVED' FROM stock)`;

/** @returns 0 when nothing was deducted, the number of lines when all were; fails with 22012 between the two. */
function reserveText(lines: number, coupon: boolean): string {
  const wanted = lines + (coupon ? 1 : 0);
  const taken = `(SELECT count(*) FROM stock)${coupon ? " + (SELECT count(*) FROM coupon)" : ""}`;
  return `WITH ${lines === 1 ? ONE_DISH : DISHES}${coupon ? COUPON : ""}${WRITES}
    SELECT CASE WHEN taken IN (0, ${wanted}) THEN taken ELSE 1 / (taken - taken) END AS taken FROM (SELECT ${taken} AS taken) AS all_of_it`;
}

const SOLD = (coupon: boolean): string => `WITH
  mine AS MATERIALIZED (SELECT dish_id FROM reservations WHERE tx_id = $1),
  dish AS MATERIALIZED (SELECT dish_id FROM dishes WHERE dish_id IN (SELECT dish_id FROM mine) ORDER BY dish_id FOR NO KEY UPDATE),
  moved AS (UPDATE orders SET state = 'CONFIRMED' WHERE order_id = $1 AND state = 'RESERVED' RETURNING order_id),
  lines AS (UPDATE reservations SET state = 'CONFIRMED' FROM moved WHERE tx_id = $1),
  stock AS (UPDATE dishes SET frozen = frozen - 1, sold = sold + 1, version = version + 1 FROM moved WHERE dish_id IN (SELECT dish_id FROM dish))
  ${coupon ? ", coupon AS (UPDATE coupons SET state = 'USED' FROM moved WHERE coupon_id = $2)" : ""}
  SELECT count(*)::int AS moved FROM moved`;

const PARTLY = "22012"; // division by zero: rolled back

export const PG_CONDITIONAL: ContenderKind = {
  name: "pg conditional UPDATE",
  about: "pg: one statement, UPDATE … WHERE available >= n with the INSERTs, rolled back whole when it fits in part",
  hasPool: true,
  books: "postgres",
  open: async (place) => new PgConditional(place),
};

class PgConditional implements Subject {
  private readonly pool: pg.Pool;

  constructor({ databaseUrl, pool }: Place) {
    this.pool = new pg.Pool({ connectionString: databaseUrl, max: pool, idleTimeoutMillis: 0 });
    this.pool.on("error", () => {});
  }

  async reserve({ orderId, dishIds, couponId }: Order): Promise<"reserved" | "refused"> {
    const hasCoupon = couponId !== null;
    const name = `reserve_${dishIds.length}_${hasCoupon}`;
    const values = hasCoupon ? [orderId, dishIds, couponId] : [orderId, dishIds];
    try {
      const { rows } = await againAfterDeadlock(() => this.pool.query<{ taken: string }>({ name, text: reserveText(dishIds.length, hasCoupon), values }));
      return Number(rows[0]?.taken) > 0 ? "reserved" : "refused";
    } catch (error) {
      if ((error as { code?: string }).code === PARTLY) return "refused";
      throw error;
    }
  }

  async confirm({ orderId, couponId }: Order): Promise<void> {
    const hasCoupon = couponId !== null;
    const query = { name: `confirm_${hasCoupon}`, text: SOLD(hasCoupon), values: hasCoupon ? [orderId, couponId] : [orderId] };
    const { rows } = await againAfterDeadlock(() => this.pool.query<{ moved: number }>(query));
    if (rows[0]?.moved !== 1) throw new Error(`order ${orderId} was not reserved`);
  }

  close(): Promise<void> {
    return this.pool.end();
  }
}
