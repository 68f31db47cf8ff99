/**
 * What the live board reads from Postgres: the menu once, and the oldest pending transactions while somebody looks.
 * Everything here is bounded; nothing here runs for every change. Changes themselves come from the engine's feed.
 */
import { AGEING_MS, EXPIRING_MS } from "../contracts/socket-events.ts";
import type { DishCard } from "../contracts/socket-events.ts";
import type { DishRow } from "../engine/kernel/types.ts";
import type { TransactionState } from "../engine/kernel/states.ts";
import type { PrismaClient } from "../generated/prisma/client.ts";

/** As many rows as a person reads; the totals say how many there are. */
export const PENDING_ROWS_MAX = 50;
/** Counting stops here: the partial index on open reservations is walked once a second, 10 000 rows in about 10 ms. */
export const PENDING_COUNT_MAX = 10_000;
/** Younger ones are counted, not listed: most are paid for within moments, and a list of them would only flicker. */
const LISTED_AFTER_MS = 2_000;

export interface MenuEntry {
  card: DishCard;
  row: DishRow;
}

export interface PendingRead {
  /** The database's clock at the read. */
  atMs: number;
  rows: PendingRecord[];
  pending: number;
  ageing: number;
  expiring: number;
  capped: boolean;
  oldestCreatedAtMs: number | null;
  stranded: Stranded;
}

/** Portions that the dead hold, see PendingTotals. */
export interface Stranded {
  transactions: number;
  portions: number;
  cents: number;
}

export interface PendingRecord {
  txId: string;
  orderId: string;
  storeId: string;
  state: TransactionState;
  couponId: string | null;
  lines: { dishId: string; quantity: number }[];
  createdAtMs: number;
  expiresAtMs: number;
}

/** The port: `createLiveReads` is real, tests and the design sandbox bring their own. */
export interface LiveReads {
  /** @param dishIds null: the whole menu. */
  menu(dishIds: readonly string[] | null): Promise<MenuEntry[]>;
  pending(): Promise<PendingRead>;
}

export function createLiveReads(prisma: PrismaClient): LiveReads {
  return {
    async menu(dishIds) {
      const rows = await prisma.$queryRaw<MenuSqlRow[]>`
        SELECT d.dish_id, d.store_id, d.name_en, d.name_zh, d.price_cents, d.supplied, d.available, d.frozen, d.sold,
               d.on_sale, (d.version + (SELECT ledger_timeline()))::text AS version, s.name_en AS store_en, s.name_zh AS store_zh
        FROM dishes d LEFT JOIN stores s ON s.store_id = d.store_id
        WHERE ${dishIds === null} OR d.dish_id = ANY(${dishIds === null ? [] : [...dishIds]})
        ORDER BY d.store_id, d.dish_id`;
      return rows.map(toMenuEntry);
    },

    async pending() {
      const [totals] = await prisma.$queryRaw<TotalsSqlRow[]>`
        SELECT count(*)::int AS pending,
               count(*) FILTER (WHERE created_at < clock_timestamp() - ${AGEING_MS} * interval '1 millisecond')::int AS ageing,
               count(*) FILTER (WHERE expires_at < clock_timestamp() + ${EXPIRING_MS} * interval '1 millisecond')::int AS expiring,
               min(created_at) AS oldest,
               extract(epoch FROM clock_timestamp()) * 1000 AS at_ms
        FROM (SELECT created_at, expires_at FROM transactions WHERE state = 'RESERVED'
              ORDER BY expires_at LIMIT ${PENDING_COUNT_MAX + 1}) open`;
      const [stranded] = await prisma.$queryRaw<Stranded[]>`
        SELECT count(DISTINCT r.tx_id)::int AS transactions, coalesce(sum(r.quantity), 0)::float8 AS portions,
               coalesce(sum(r.quantity::bigint * d.price_cents), 0)::float8 AS cents
        FROM ((SELECT tx_id FROM transactions WHERE state = 'RESERVED' AND expires_at < clock_timestamp()
               ORDER BY expires_at LIMIT ${PENDING_COUNT_MAX})
              UNION
              (SELECT tx_id FROM branches WHERE next_attempt_at < clock_timestamp() AND state = 'TRYING' LIMIT ${PENDING_COUNT_MAX})) dead
        JOIN reservations r USING (tx_id) JOIN dishes d USING (dish_id)`;
      const rows = await prisma.$queryRaw<PendingSqlRow[]>`
        SELECT t.tx_id, t.order_id, t.store_id, t.state::text AS state, t.coupon_id, t.created_at, t.expires_at,
               (SELECT json_agg(json_build_object('dishId', r.dish_id, 'quantity', r.quantity) ORDER BY r.line_no)
                FROM reservations r WHERE r.tx_id = t.tx_id) AS lines
        FROM ((SELECT tx_id, order_id, store_id, state, coupon_id, created_at, expires_at FROM
                (SELECT * FROM transactions WHERE state = 'RESERVED' ORDER BY expires_at LIMIT ${PENDING_COUNT_MAX}) open
               WHERE created_at < clock_timestamp() - ${LISTED_AFTER_MS} * interval '1 millisecond'
               ORDER BY created_at, tx_id LIMIT ${PENDING_ROWS_MAX})
              UNION ALL -- decided, and a participant has not done its part
              (SELECT tx_id, order_id, store_id, state, coupon_id, created_at, expires_at FROM transactions
               WHERE tx_id IN (SELECT tx_id FROM branches WHERE next_attempt_at IS NOT NULL AND failures > 0
                               ORDER BY next_attempt_at LIMIT ${PENDING_ROWS_MAX})
               ORDER BY created_at, tx_id)) t
        -- What is stuck is never crowded out.
        ORDER BY t.state = 'RESERVED', t.created_at, t.tx_id LIMIT ${PENDING_ROWS_MAX}`;
      if (totals === undefined || stranded === undefined) throw new Error("An aggregate without GROUP BY returned no row.");
      return {
        atMs: Math.round(Number(totals.at_ms)),
        rows: rows.map((row) => ({
          txId: row.tx_id,
          orderId: row.order_id,
          storeId: row.store_id,
          state: row.state,
          couponId: row.coupon_id,
          lines: row.lines ?? [],
          createdAtMs: row.created_at.getTime(),
          expiresAtMs: row.expires_at.getTime(),
        })),
        pending: Math.min(totals.pending, PENDING_COUNT_MAX),
        ageing: totals.ageing,
        expiring: totals.expiring,
        capped: totals.pending > PENDING_COUNT_MAX,
        oldestCreatedAtMs: totals.oldest?.getTime() ?? null,
        stranded,
      };
    },
  };
}

interface MenuSqlRow {
  dish_id: string;
  store_id: string;
  name_en: string;
  name_zh: string;
  price_cents: number;
  supplied: number;
  available: number;
  frozen: number;
  sold: number;
  on_sale: boolean;
  version: string;
  store_en: string | null;
  store_zh: string | null;
}

interface TotalsSqlRow {
  pending: number;
  ageing: number;
  expiring: number;
  oldest: Date | null;
  at_ms: unknown;
}

interface PendingSqlRow {
  tx_id: string;
  order_id: string;
  store_id: string;
  state: TransactionState;
  coupon_id: string | null;
  lines: { dishId: string; quantity: number }[] | null;
  created_at: Date;
  expires_at: Date;
}

function toMenuEntry(row: MenuSqlRow): MenuEntry {
  return {
    card: {
      dishId: row.dish_id,
      storeId: row.store_id,
      names: { en: row.name_en, "zh-CN": row.name_zh },
      storeNames: { en: row.store_en ?? row.store_id, "zh-CN": row.store_zh ?? row.store_id },
      priceCents: row.price_cents,
    },
    row: {
      dishId: row.dish_id,
      storeId: row.store_id,
      supplied: row.supplied,
      available: row.available,
      frozen: row.frozen,
      sold: row.sold,
      onSale: row.on_sale,
      version: Number(row.version),
    },
  };
}
