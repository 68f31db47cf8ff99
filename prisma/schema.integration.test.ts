/** The schema, the migrations and the engine's tables say the same; Prisma itself would only find out at run time. */
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { schemaScript } from "../server/embedded/migrate.ts";
import { STOCK_EFFECTS, TRANSACTION_MOVES, TRANSACTION_STATES, type TransactionState } from "../server/engine/kernel/states.ts";
import { createBareDatabase, createDatabase, type TestDatabase } from "../server/testing/stack.ts";

let migrated: TestDatabase;
let declared: TestDatabase;

async function query<T>(database: TestDatabase, text: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    return (await client.query(text)).rows as T[];
  } finally {
    await client.end();
  }
}

beforeAll(async () => {
  migrated = await createDatabase();
  declared = await createBareDatabase();
  const script = (await schemaScript(declared.url)).replace(/^CREATE SCHEMA.*$/m, "");
  await query(declared, `CREATE SEQUENCE ticket_number; ${script}`);
});
afterAll(async () => {
  await migrated.drop();
  await declared.drop();
});

const COLUMNS = `
  SELECT table_name, column_name, udt_name, is_nullable, datetime_precision,
         CASE WHEN is_identity = 'YES' OR column_default LIKE 'nextval%' THEN 'identity' ELSE replace(column_default, '(3)', '') END AS default_value
    FROM information_schema.columns
   WHERE table_schema = 'public' AND table_name <> '_prisma_migrations' AND table_name NOT IN (SELECT viewname FROM pg_views)
   ORDER BY table_name, column_name`;

/** Partial indexes stand in the migrations only. */
const INDEXES = `
  SELECT indexname, indexdef FROM pg_indexes
   WHERE schemaname = 'public' AND tablename <> '_prisma_migrations' AND indexdef NOT LIKE '% WHERE %' ORDER BY indexname`;

const ENUMS = "SELECT typname, array_agg(enumlabel ORDER BY enumsortorder)::text AS labels FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid GROUP BY 1 ORDER BY 1";

describe("the schema", () => {
  test.each([
    ["columns", COLUMNS],
    ["indexes", INDEXES],
    ["enums", ENUMS],
  ])("the migrations make the %s that the schema declares", async (_, text) => {
    const made = await query(migrated, text);
    expect(made.length).toBeGreaterThan(4);
    expect(made).toEqual(await query(declared, text));
  });

  test("every id and every column that names one compares as bytes", async () => {
    const others = await query(migrated, `
      SELECT table_name, column_name FROM information_schema.columns
       WHERE table_schema = 'public' AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'
         AND column_name IN ('dish_id', 'store_id', 'tx_id', 'order_id', 'coupon_id', 'action_key', 'ticket_id', 'target')
         AND table_name NOT IN (SELECT viewname FROM pg_views)`);
    expect(others).toEqual([]);
  });

  test("tables on the hot path have no foreign keys", async () => {
    const keys = await query<{ relname: string }>(migrated, "SELECT conrelid::regclass::text AS relname FROM pg_constraint WHERE contype = 'f' ORDER BY 1");
    expect(keys.map(({ relname }) => relname)).toEqual(["accounts", "sessions"]);
  });
});

describe("the table of moves", () => {
  test("SQL and code allow the same moves with the same effects", async () => {
    const rows = await query<{ move: string; available: number; frozen: number; sold: number }>(
      migrated,
      "SELECT from_state || '>' || to_state AS move, available, frozen, sold FROM transaction_moves",
    );
    expect(Object.fromEntries(rows.map(({ move, ...effect }) => [move, effect]))).toEqual(STOCK_EFFECTS);
    for (const { move, available, frozen, sold } of rows) {
      const [from, to] = move.split(">") as [TransactionState, TransactionState];
      expect(TRANSACTION_MOVES[from]).toContain(to);
      expect(available + frozen + sold).toBe(0);
    }
  });

  test("SQL and code know the same states", async () => {
    const [row] = await query<{ states: string[] }>(migrated, "SELECT enum_range(NULL::transaction_state)::text[] AS states");
    expect(row?.states).toEqual(TRANSACTION_STATES);
  });
});
