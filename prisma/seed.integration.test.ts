import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { auditOf } from "../server/engine/tiers/tcc/postgres-testing.ts";
import { createDatabase, type TestDatabase } from "../server/testing/stack.ts";
import { COUPONS, MENU } from "./menu.ts";
import { seed } from "./seed.ts";

let database: TestDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await createDatabase();
  pool = new pg.Pool({ connectionString: database.url });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

test("a first run has a menu whose books balance; a second changes nothing; two at once make one", async () => {
  const made = { dishes: MENU.flatMap(({ dishes }) => dishes).length, coupons: COUPONS.reduce((sum, [, , , count]) => sum + count, 0) };
  const answers = await Promise.all([seed(pool), seed(pool)]);
  expect(answers.reduce((sum, { dishes }) => sum + dishes, 0)).toBe(made.dishes);
  expect(answers.reduce((sum, { coupons }) => sum + coupons, 0)).toBe(made.coupons);
  expect(await seed(database.url)).toEqual({ dishes: 0, coupons: 0 });
  expect(await auditOf(pool)).toEqual([]);
  expect(made).toEqual({ dishes: 62, coupons: 30 });
});

test("every id is one that the API accepts, and no two are equal", () => {
  const ids = [...MENU.map(({ storeId }) => storeId), ...MENU.flatMap(({ dishes }) => dishes.map(([id]) => id)), ...COUPONS.map(([prefix]) => prefix)];
  for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_.:-]{1,60}$/);
  expect(new Set(ids).size).toBe(ids.length);
});

test("a database with somebody's dish gets no menu", async () => {
  const theirs = await createDatabase();
  const client = new pg.Client({ connectionString: theirs.url });
  await client.connect();
  try {
    await client.query("INSERT INTO dishes (dish_id, store_id, name_en, name_zh, price_cents, supplied, available) VALUES ('theirs', 's', 'x', 'x', 1, 0, 0)");
    expect(await seed(client)).toEqual({ dishes: 0, coupons: 0 });
  } finally {
    await client.end();
    await theirs.drop();
  }
});
