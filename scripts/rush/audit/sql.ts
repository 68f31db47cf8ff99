/**
 * Reads the ledger's rows behind a rush from Postgres, all in one snapshot. It writes nothing and judges nothing.
 */
import { readFileSync } from "node:fs";
import pg from "pg";
import { freezeIdOf } from "../../../server/engine/kernel/basket.ts";
import type { LedgerDish, LedgerTransaction, LedgerView } from "./view.ts";

/** Bounds the memory of one answer; a page takes tens of milliseconds. */
const PAGE_ROWS = 20_000;
const CONNECT_MS_MAX = 3_000;
/** Sums over millions of reservations take seconds. */
const STATEMENT_MS_MAX = 120_000;

const sql = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
const WHOLE_LEDGER = sql("../../../prisma/sql/audit.sql");
const TAKEN_BY_OTHERS = sql("taken-by-others.sql");
const RUSH_TRANSACTIONS = sql("rush-transactions.sql");
const RUSH_ORDERS = sql("rush-orders.sql");
const DISHES = "SELECT dish_id, supplied, available, frozen, sold FROM dishes";

/** The ids of one rush: all begin with `run:`, and ";" follows ":" in the order of bytes. */
export function rangeOf(run: string): { first: string; last: string } {
  return { first: `${run}:`, last: `${run};` };
}

export class LedgerDatabase {
  private readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  /** @returns the database's clock; @throws when it cannot be reached. */
  async now(): Promise<Date> {
    return this.within(async (client) => (await client.query("SELECT clock_timestamp() AS now")).rows[0].now);
  }

  /** The transactions of the rush that have not ended; @throws when it cannot be reached. */
  async open(run: string): Promise<string[]> {
    const { first, last } = rangeOf(run);
    return this.within(async (client) => {
      const { rows } = await client.query(
        `SELECT tx_id FROM transactions
         WHERE tx_id BETWEEN $1 AND $2 AND state NOT IN ('CONFIRMED', 'CANCELLED', 'EXPIRED', 'REVERSED')`,
        [first, last],
      );
      return rows.map((row) => row.tx_id);
    });
  }

  /** @param since the database's clock when the rush began. */
  async read(run: string, since: Date): Promise<LedgerView> {
    const { first, last } = rangeOf(run);
    return this.within(async (client) => {
      await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
      const transactions = (await pages(client, RUSH_TRANSACTIONS, first, last, "tx_id")).map(transactionOf);
      const orders = await pages(client, RUSH_ORDERS, first, last, "order_id");
      const dishes = await client.query(DISHES);
      const breaches = await client.query(WHOLE_LEDGER);
      const others = await client.query(TAKEN_BY_OTHERS, [first, last, since]);
      const coupons = await client.query("SELECT coupon_id, state, tx_id FROM coupons WHERE coupon_id BETWEEN $1 AND $2", [first, last]);
      // The API keeps a caller's key behind the name of its API key.
      const restocks = await client.query(
        `SELECT substring(action_key FROM position($1 IN action_key)) AS action_key, dish_id, quantity
         FROM stock_movements WHERE at >= $2 AND position($1 IN action_key) > 0`,
        [`${run}:restock:`, since],
      );
      const byHand = await client.query(
        "SELECT DISTINCT target FROM audit_entries WHERE verb LIKE 'transaction.%' AND target BETWEEN $1 AND $2",
        [first, last],
      );
      await client.query("COMMIT");
      return {
        source: "database",
        transactions,
        sample: null,
        lookedFor: null,
        orders: orders.map((row) => ({ orderId: row.order_id, txId: row.tx_id, state: row.state })),
        dishes: dishes.rows.map(dishOf),
        breaches: breaches.rows,
        takenByOthers: new Map(others.rows.map((row) => [row.dish_id, row.portions])),
        coupons: coupons.rows.map((row) => ({ couponId: row.coupon_id, state: row.state, txId: row.tx_id })),
        restocks: restocks.rows.map((row) => ({ actionKey: row.action_key, dishId: row.dish_id, quantity: row.quantity })),
        byHand: byHand.rows.map((row) => row.target),
      };
    });
  }

  async dishes(): Promise<LedgerDish[]> {
    return this.within(async (client) => {
      return (await client.query(DISHES)).rows.map(dishOf);
    });
  }

  private async within<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = new pg.Client({
      connectionString: this.url,
      connectionTimeoutMillis: CONNECT_MS_MAX,
      statement_timeout: STATEMENT_MS_MAX,
      application_name: "eightysix rush audit",
    });
    // A connection that breaks between two queries is reported by the next one.
    client.on("error", () => undefined);
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

// biome-ignore lint/suspicious/noExplicitAny: rows as pg gives them.
async function pages(client: pg.Client, text: string, first: string, last: string, id: string): Promise<any[]> {
  const all = [];
  for (let after = first; ; ) {
    const { rows } = await client.query(text, [after, last, PAGE_ROWS]);
    for (const row of rows) all.push(row);
    if (rows.length < PAGE_ROWS) return all;
    after = rows[rows.length - 1][id];
  }
}

function dishOf(row: { dish_id: string } & Omit<LedgerDish, "dishId">): LedgerDish {
  const { dish_id: dishId, supplied, available, frozen, sold } = row;
  return { dishId, supplied, available, frozen, sold };
}

// biome-ignore lint/suspicious/noExplicitAny: a row as pg gives it; its shape is rush-transactions.sql.
function transactionOf(row: any): LedgerTransaction {
  const dishIds: string[] = row.dish_ids ?? [];
  return {
    txId: row.tx_id,
    storeId: row.store_id,
    orderId: row.order_id,
    couponId: row.coupon_id,
    state: row.state,
    tombstone: row.tombstone,
    lines: dishIds.map((dishId, index) => ({
      dishId,
      quantity: row.quantities[index],
      freezeId: freezeIdOf(row.tx_id, row.line_nos[index]),
      state: row.states[index],
    })),
    refundTickets: row.ticket_ids ?? [],
    sweptLateMs: row.swept_late_ms,
  };
}
