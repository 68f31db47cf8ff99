/**
 * Durable execution: a DBOS workflow an order, with the branches as its steps (stock, coupon, order), each one statement, and a
 * step that gives the portions back when the coupon is gone. DBOS records the workflow and every step in the same Postgres.
 * There is one DBOS in a process, so one of these can be open at a time.
 */
import { DBOS } from "@dbos-inc/dbos-sdk";
import pg from "pg";
import type { Order } from "../load/load.ts";
import { againAfterDeadlock, type ContenderKind, type Place, type Subject } from "./contender.ts";

const PARTLY = "22012"; // division by zero, on purpose: the basket fits only in part, so all of it is rolled back
const STOCK = `WITH
  dish AS MATERIALIZED (SELECT dish_id FROM dishes WHERE dish_id = ANY ($2) ORDER BY dish_id FOR NO KEY UPDATE),
  stock AS (UPDATE dishes SET available = available - 1, frozen = frozen + 1, version = version + 1
             WHERE dish_id IN (SELECT dish_id FROM dish) AND available >= 1
               AND NOT EXISTS (SELECT FROM reservations WHERE tx_id = $1) RETURNING dish_id),
  lines AS (INSERT INTO reservations (tx_id, line_no, dish_id, quantity, state)
            SELECT $1, row_number() OVER (), dish_id, 1, 'RESERVED' FROM stock)
  SELECT CASE WHEN taken IN (0, cardinality($2::text[])) THEN taken ELSE 1 / (taken - taken) END AS taken FROM (SELECT count(*) AS taken FROM stock) AS all_of_it`;
const COUPON = "UPDATE coupons SET state = 'FROZEN', tx_id = $1 WHERE coupon_id = $2 AND (state = 'AVAILABLE' OR tx_id = $1)";
const ORDER = "INSERT INTO orders (order_id, tx_id, state) VALUES ($1, $1, 'RESERVED') ON CONFLICT DO NOTHING";
const RELEASE = `WITH gone AS (DELETE FROM reservations WHERE tx_id = $1 RETURNING dish_id)
  UPDATE dishes SET available = available + 1, frozen = frozen - 1, version = version + 1 FROM gone WHERE dishes.dish_id = gone.dish_id`;

const SELL = `WITH moved AS (UPDATE reservations SET state = 'CONFIRMED' WHERE tx_id = $1 AND state = 'RESERVED' RETURNING dish_id)
  UPDATE dishes SET frozen = frozen - 1, sold = sold + 1, version = version + 1 FROM moved WHERE dishes.dish_id = moved.dish_id`;
const USE = "UPDATE coupons SET state = 'USED' WHERE coupon_id = $1";
const CONFIRM = "UPDATE orders SET state = 'CONFIRMED' WHERE order_id = $1";

let pool: pg.Pool | null = null;

async function ask(name: string, text: string, values: unknown[]): Promise<pg.QueryResult<Record<string, string>>> {
  if (!pool) throw new Error("no DBOS contender is open");
  const open = pool;
  return againAfterDeadlock(() => open.query({ name, text, values }));
}

const reserveOrder = DBOS.registerWorkflow(
  async ({ orderId, dishIds, couponId }: Order): Promise<"reserved" | "refused"> => {
    const fits = await DBOS.runStep(() => takeStock(orderId, dishIds), { name: "stock" });
    if (!fits) return "refused";
    if (couponId !== null) {
      const frozen = await DBOS.runStep(async () => ((await ask("coupon", COUPON, [orderId, couponId])).rowCount ?? 0) > 0, { name: "coupon" });
      if (!frozen) {
        await DBOS.runStep(async () => void (await ask("release", RELEASE, [orderId])), { name: "release" });
        return "refused";
      }
    }
    await DBOS.runStep(async () => void (await ask("order", ORDER, [orderId])), { name: "order" });
    return "reserved";
  },
  { name: "reserve" },
);

const confirmOrder = DBOS.registerWorkflow(
  async ({ orderId, couponId }: Order): Promise<void> => {
    await DBOS.runStep(async () => void (await ask("sell", SELL, [orderId])), { name: "stock" });
    if (couponId !== null) await DBOS.runStep(async () => void (await ask("use", USE, [couponId])), { name: "coupon" });
    await DBOS.runStep(async () => void (await ask("confirm", CONFIRM, [orderId])), { name: "order" });
  },
  { name: "confirm" },
);

async function takeStock(orderId: string, dishIds: string[]): Promise<boolean> {
  try {
    return Number((await ask("stock", STOCK, [orderId, dishIds])).rows[0]?.taken) > 0;
  } catch (error) {
    if ((error as { code?: string }).code === PARTLY) return false;
    throw error;
  }
}

export const DBOS_WORKFLOW: ContenderKind = {
  name: "DBOS workflow",
  about: "@dbos-inc/dbos-sdk: a workflow an order, the branches as its steps; system tables in the same database",
  hasPool: true,
  books: "postgres",
  async open({ databaseUrl, pool: connections }: Place): Promise<Subject> {
    pool = new pg.Pool({ connectionString: databaseUrl, max: connections, idleTimeoutMillis: 0 });
    pool.on("error", () => {});
    DBOS.setConfig({ name: "bench", systemDatabaseUrl: databaseUrl, systemDatabasePoolSize: connections, logLevel: "error" });
    await DBOS.launch();
    return {
      reserve: (order) => DBOS.withNextWorkflowID(order.orderId, () => reserveOrder(order)),
      confirm: (order) => DBOS.withNextWorkflowID(`${order.orderId}.confirm`, () => confirmOrder(order)),
      async close() {
        await DBOS.shutdown();
        await pool?.end();
        pool = null;
      },
    };
  },
};
