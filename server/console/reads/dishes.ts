/**
 * Dishes as the API shows them, read from Postgres. It cannot answer without Postgres: then it rejects.
 */
import type { Dish, DishesPage, DishesQuery } from "../../contracts/dishes.ts";
import type { Clock } from "../../engine/kernel/clock.ts";
import { Prisma, type PrismaClient } from "../../generated/prisma/client.ts";
import { containing, pageOf } from "./pages.ts";

interface DishSqlRow {
  dish_id: string;
  store_id: string;
  name_en: string;
  name_zh: string;
  price_cents: number;
  supplied: number;
  available: number;
  frozen: number;
  sold: number;
  version: number;
  on_sale: boolean;
  created_at: Date;
}

/** A version stays below 2⁵³ (timeline × 2⁴⁰ + changes), so a double carries it exactly. */
const COLUMNS = Prisma.sql`
  dish_id, store_id, name_en, name_zh, price_cents, supplied, available, frozen, sold,
  (version + (SELECT ledger_timeline()))::float8 AS version, on_sale, created_at`;

export async function readDish(prisma: PrismaClient, clock: Clock, dishId: string): Promise<Dish | null> {
  const [row] = await prisma.$queryRaw<DishSqlRow[]>`SELECT ${COLUMNS} FROM dishes WHERE dish_id = ${dishId}`;
  return row ? dishOf(row, clock.nowMs()) : null;
}

export async function readDishes(prisma: PrismaClient, clock: Clock, query: DishesQuery): Promise<DishesPage> {
  const where = [Prisma.sql`true`];
  if (query.storeId !== undefined) where.push(Prisma.sql`store_id = ${query.storeId}`);
  if (query.q !== undefined) {
    const pattern = containing(query.q);
    where.push(Prisma.sql`(dish_id ILIKE ${pattern} OR name_en ILIKE ${pattern} OR name_zh ILIKE ${pattern})`);
  }
  if (query.cursor) {
    const { createdAtMs, id } = query.cursor;
    where.push(Prisma.sql`(created_at, dish_id) < (${new Date(createdAtMs)}, ${id} COLLATE "C")`);
  }
  const rows = await prisma.$queryRaw<DishSqlRow[]>`
    SELECT ${COLUMNS} FROM dishes WHERE ${Prisma.join(where, " AND ")}
    ORDER BY created_at DESC, dish_id DESC LIMIT ${query.limit + 1}`;
  const { page, nextCursor } = pageOf(rows, query.limit, (row) => ({ createdAtMs: row.created_at.getTime(), id: row.dish_id }));
  const nowMs = clock.nowMs();
  return { dishes: page.map((row) => dishOf(row, nowMs)), nextCursor };
}

export interface DishFace {
  names: Dish["names"];
  priceCents: number;
  /** When the action was done; null when it left no record. */
  doneAtMs: number | null;
}

/** The words around a dish's stock, and when an action on it was done. */
export async function readDishFace(prisma: PrismaClient, dishId: string, actionKey: string): Promise<DishFace | null> {
  const [row] = await prisma.$queryRaw<{ name_en: string; name_zh: string; price_cents: number; at: Date | null }[]>`
    SELECT name_en, name_zh, price_cents, (SELECT at FROM actions WHERE action_key = ${actionKey}) AS at
    FROM dishes WHERE dish_id = ${dishId}`;
  if (!row) return null;
  return {
    names: { en: row.name_en, "zh-CN": row.name_zh },
    priceCents: row.price_cents,
    doneAtMs: row.at?.getTime() ?? null,
  };
}

function dishOf(row: DishSqlRow, asOfMs: number): Dish {
  return {
    dishId: row.dish_id,
    storeId: row.store_id,
    names: { en: row.name_en, "zh-CN": row.name_zh },
    priceCents: row.price_cents,
    supplied: row.supplied,
    available: row.available,
    frozen: row.frozen,
    sold: row.sold,
    version: row.version,
    onSale: row.on_sale,
    stale: false,
    asOf: new Date(asOfMs).toISOString(),
  };
}
