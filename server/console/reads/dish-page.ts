/**
 * What one dish's page reads: its stock in every place that has it, who holds portions of it, and what was done to it.
 * The cells come from the engine, the rest from Postgres in one snapshot; nothing here changes a dish.
 */
import type { Conservation, DishWaits, OpenReservations, StockEvent } from "../../contracts/dish-page.ts";
import type { InstanceView } from "../../engine/feed/instances.ts";
import type { TransactionState } from "../../engine/kernel/states.ts";
import type { DishCells } from "../../engine/paths/cell-care.ts";
import type { DishPageReads } from "../../gateway/dish-pages.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";

/** As many rows as a person reads; the totals say how many there are. */
const OPEN_ROWS_MAX = 50;
const EVENTS_MAX = 50;

export interface DishPageEngine {
  readonly cells: { look(dishId: string, storeId: string): Promise<DishCells> };
  instances(): InstanceView[];
}

export function createDishPageReads(prisma: PrismaClient, engine: DishPageEngine): DishPageReads {
  return {
    async stock(dishId, storeId) {
      // The cells first: they learn from Postgres, so none of them can rightly be ahead of the row that is read after them.
      const cells = await engine.cells.look(dishId, storeId);
      const [row] = await prisma.$queryRaw<StockSqlRow[]>`
        WITH lines AS MATERIALIZED (
          SELECT tx_id, quantity, state FROM reservations WHERE dish_id = ${dishId})
        SELECT d.supplied, d.available, d.frozen, d.sold, d.on_sale, (d.version + (SELECT ledger_timeline()))::float8 AS version,
               (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS at_ms,
               (SELECT coalesce(sum(quantity), 0)::float8 FROM stock_movements m WHERE m.dish_id = d.dish_id) AS moved,
               sums.frozen AS frozen_sum, sums.sold AS sold_sum, sums.open AS open_count,
               (SELECT json_agg(json_build_object('txId', o.tx_id, 'orderId', o.order_id, 'quantity', o.quantity, 'state', o.state,
                         'createdAtMs', floor(extract(epoch FROM o.created_at) * 1000), 'expiresAtMs', floor(extract(epoch FROM o.expires_at) * 1000))
                         ORDER BY o.expires_at, o.tx_id)
                  FROM (SELECT t.tx_id, t.order_id, l.quantity, t.state, t.created_at, t.expires_at
                          FROM lines l JOIN transactions t USING (tx_id) WHERE l.state IN ('TRYING', 'RESERVED')
                         ORDER BY t.expires_at, t.tx_id LIMIT ${OPEN_ROWS_MAX}) o) AS rows
          FROM dishes d,
               (SELECT coalesce(sum(quantity) FILTER (WHERE state IN ('TRYING', 'RESERVED')), 0)::float8 AS frozen,
                       coalesce(sum(quantity) FILTER (WHERE state = 'CONFIRMED'), 0)::float8
                         + coalesce((SELECT sold FROM archived_sales WHERE dish_id = ${dishId}), 0)::float8 AS sold,
                       (count(*) FILTER (WHERE state IN ('TRYING', 'RESERVED')))::int AS open
                  FROM lines) sums
         WHERE d.dish_id = ${dishId}`;
      return row === undefined ? null : { conservation: conservationOf(row, cells), open: openOf(row) };
    },

    async events(dishId) {
      const rows = await prisma.$queryRaw<EventSqlRow[]>`
        SELECT event.id, event.at, event.kind, event.quantity, event.reason, event.actor, u.name AS operator, k.name AS key
          FROM ((SELECT 'm' || movement_id AS id, at, kind::text AS kind, quantity, reason, actor
                   FROM stock_movements WHERE dish_id = ${dishId} ORDER BY movement_id DESC LIMIT ${EVENTS_MAX})
                UNION ALL
                (SELECT 'a' || id, at, CASE verb WHEN 'dish.pause' THEN 'PAUSE' WHEN 'dish.resume' THEN 'RESUME' ELSE 'RELOAD' END,
                        NULL, reason, actor
                   FROM audit_entries
                  WHERE target = ${dishId} AND verb IN ('dish.pause', 'dish.resume', 'dish.reload-cells') AND detail ->> 'outcome' = 'DONE'
                  ORDER BY id DESC LIMIT ${EVENTS_MAX})
                UNION ALL -- what programs did; people's are above, and stay longer
                (SELECT 'p' || action_key, at, verb, NULL, reason, actor
                   FROM actions
                  WHERE target = ${dishId} AND verb IN ('PAUSE', 'RESUME') AND answer ->> 'verdict' = 'APPLIED'
                    AND EXISTS (SELECT FROM api_keys WHERE key_id = actor)
                  ORDER BY at DESC LIMIT ${EVENTS_MAX})) event
          LEFT JOIN users u ON u.id = event.actor
          LEFT JOIN api_keys k ON k.key_id = event.actor
         ORDER BY event.at DESC, event.id DESC LIMIT ${EVENTS_MAX}`;
      return rows.map(eventOf);
    },

    waits: (dishId) => waitsOf(dishId, engine.instances()),
  };
}

interface StockSqlRow {
  supplied: number;
  available: number;
  frozen: number;
  sold: number;
  on_sale: boolean;
  version: number;
  at_ms: number;
  moved: number;
  frozen_sum: number;
  sold_sum: number;
  open_count: number;
  rows: { txId: string; orderId: string; quantity: number; state: TransactionState; createdAtMs: number; expiresAtMs: number }[] | null;
}

interface EventSqlRow {
  id: string;
  at: Date;
  kind: StockEvent["kind"];
  quantity: number | null;
  reason: string | null;
  actor: string;
  operator: string | null;
  key: string | null;
}

function conservationOf(row: StockSqlRow, { instance, memory, shared }: DishCells): Conservation {
  const { supplied, available, frozen, sold, version } = row;
  return {
    atMs: Math.round(row.at_ms),
    row: { supplied, available, frozen, sold, version, onSale: row.on_sale },
    reservations: { frozen: row.frozen_sum, sold: row.sold_sum },
    movements: { supplied: row.moved },
    memory: {
      instance,
      cell: memory && { available: memory.available, admitted: memory.admitted, version: memory.version, onSale: memory.onSale },
    },
    redis: shared,
  };
}

function openOf({ rows, open_count, frozen_sum }: StockSqlRow): OpenReservations {
  return { rows: rows ?? [], count: open_count, portions: frozen_sum };
}

function eventOf({ id, at, kind, quantity, reason, actor, operator, key }: EventSqlRow): StockEvent {
  const by = operator !== null ? { kind: "operator" as const, name: operator } : key !== null ? { kind: "key" as const, name: key } : { kind: "other" as const, name: actor };
  return { id, atMs: at.getTime(), kind, quantity, reason, by };
}

/** What the instances say of this dish; one that is silent says nothing. */
export function waitsOf(dishId: string, instances: readonly InstanceView[]): DishWaits {
  const total = { seconds: 0, waits: 0, painMs: 0, waitMsMax: 0, blameMs: 0, holds: 0, holdMs: 0, waiting: 0, longestWaitMs: 0, heldMs: null as number | null };
  for (const { alive, contention, chains } of instances) {
    if (!alive) continue;
    total.seconds = Math.max(total.seconds, contention.seconds);
    const seen = contention.dishes.find((dish) => dish.dishId === dishId);
    if (seen !== undefined) {
      total.waits += seen.waits;
      total.painMs += seen.painMs;
      total.waitMsMax = Math.max(total.waitMsMax, seen.waitMsMax);
      total.blameMs += seen.blameMs;
      total.holds += seen.holds;
      total.holdMs += seen.holdMs;
    }
    const chain = chains.find((each) => each.dishId === dishId);
    if (chain !== undefined) {
      total.waiting += chain.waiting;
      total.longestWaitMs = Math.max(total.longestWaitMs, chain.longestWaitMs);
      if (chain.heldMs !== null) total.heldMs = Math.max(total.heldMs ?? 0, chain.heldMs);
    }
  }
  const { seconds, waits, painMs, waitMsMax, blameMs, holds, holdMs, waiting, longestWaitMs, heldMs } = total;
  return {
    seconds,
    waits,
    waitMsMean: waits === 0 ? 0 : rounded(painMs / waits),
    waitMsMax: rounded(waitMsMax),
    blameMs: rounded(blameMs),
    holds,
    holdMsMean: holds === 0 ? 0 : rounded(holdMs / holds),
    waiting,
    longestWaitMs: rounded(longestWaitMs),
    heldMs: heldMs === null ? null : rounded(heldMs),
  };
}

/** A tenth of a millisecond is as fine as a person reads. */
function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
