/**
 * Fills an empty database with a menu, so that a first run has something to sell. It cannot touch a database that has
 * dishes, and repeating it changes nothing.
 */
import { readFileSync } from "node:fs";
import pg from "pg";
import { COUPONS, MENU } from "./menu.ts";

const SEED = readFileSync(new URL("./sql/seed.sql", import.meta.url), "utf8");

export interface Seeded {
  dishes: number;
  coupons: number;
}

/** @param target The database, migrated: its URL, or a pool or client on it. */
export async function seed(target: string | pg.Pool | pg.Client): Promise<Seeded> {
  if (typeof target !== "string") return fill(target);
  const client = new pg.Client({ connectionString: target });
  await client.connect();
  try {
    return await fill(client);
  } finally {
    await client.end();
  }
}

async function fill(target: pg.Pool | pg.Client): Promise<Seeded> {
  const stores = MENU.map(({ storeId, en, zh }) => ({ storeId, en, zh }));
  const dishes = MENU.flatMap(({ storeId, dishes: entries }) =>
    entries.map(([dishId, en, zh, priceCents, supplied]) => ({ dishId, storeId, en, zh, priceCents, supplied })),
  );
  const coupons = COUPONS.flatMap(([prefix, storeId, amountCents, count]) =>
    Array.from({ length: count }, (_, index) => ({ couponId: `${prefix}-${String(index + 1).padStart(2, "0")}`, storeId, amountCents })),
  );
  const { rows } = await target.query<Seeded>(SEED, [JSON.stringify(stores), JSON.stringify(dishes), JSON.stringify(coupons)]);
  return rows[0] as Seeded;
}
