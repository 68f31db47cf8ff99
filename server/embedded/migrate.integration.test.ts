import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { beforeEach, describe, expect, test } from "vitest";
import { createBareDatabase, createFolder } from "../testing/stack.ts";
import { migrate } from "./migrate.ts";

const SCHEMA = `
datasource db { provider = "postgresql" }
generator client {
  provider = "prisma-client"
  output   = "../../generated"
}
model Dish {
  id String @id
}
`;
const FUNCTION = `CREATE FUNCTION twice(x int) RETURNS int LANGUAGE plpgsql AS $$ DECLARE y int := 2; BEGIN y := y * x; RETURN y; END $$;`;

let prismaDir: string;

beforeEach(() => {
  prismaDir = createFolder();
  mkdirSync(join(prismaDir, "schema"));
  writeFileSync(join(prismaDir, "schema/main.prisma"), SCHEMA);
  addMigration("0001_dish", 'CREATE TABLE "Dish" (id text PRIMARY KEY);');
  writeFileSync(join(prismaDir, "migrations/migration_lock.toml"), 'provider = "postgresql"\n');
});

function addMigration(name: string, sql: string): void {
  mkdirSync(join(prismaDir, "migrations", name), { recursive: true });
  writeFileSync(join(prismaDir, "migrations", name, "migration.sql"), sql);
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe("migrations", () => {
  test("of several instances that start at once, one applies them and the others find them applied", async () => {
    const { url } = await createBareDatabase();
    const results = await Promise.all([migrate(url, prismaDir), migrate(url, prismaDir), migrate(url, prismaDir)]);
    expect(results.map(({ applied }) => applied.length).sort()).toEqual([0, 0, 1]);
    expect(await query(url, "SELECT migration_name, finished_at IS NOT NULL AS done FROM _prisma_migrations")).toEqual([{ migration_name: "0001_dish", done: true }]);
  });

  test("only the new ones are applied, in order, functions with semicolons among them", async () => {
    const { url } = await createBareDatabase();
    await migrate(url, prismaDir);
    addMigration("0003_use", "CREATE TABLE answer AS SELECT twice(43) AS number;");
    addMigration("0002_function", FUNCTION);
    expect(await migrate(url, prismaDir)).toEqual({ applied: ["0002_function", "0003_use"] });
    expect(await migrate(url, prismaDir)).toEqual({ applied: [] });
    expect(await query(url, "SELECT number FROM answer")).toEqual([{ number: 86 }]);
  });

  test("one that fails leaves nothing behind and says which it was", async () => {
    const { url } = await createBareDatabase();
    addMigration("0002_broken", 'CREATE TABLE half (id int); INSERT INTO "Dish" VALUES (NULL);');
    await expect(migrate(url, prismaDir)).rejects.toThrow(/0002_broken/);
    expect(await query(url, "SELECT to_regclass('half') AS half")).toEqual([{ half: null }]);
  });

  const breakOff = "UPDATE _prisma_migrations SET finished_at = NULL, applied_steps_count = 0";

  test("one that was killed after its commit is not applied twice", async () => {
    const { url } = await createBareDatabase();
    await migrate(url, prismaDir);
    await query(url, breakOff);
    addMigration("0002_more", "CREATE TABLE more (id int);");
    expect(await migrate(url, prismaDir)).toEqual({ applied: ["0002_more"] });
    expect(await query(url, "SELECT count(*)::int AS done FROM _prisma_migrations WHERE finished_at IS NOT NULL")).toEqual([{ done: 2 }]);
  });

  test("one that was killed before its commit is applied again", async () => {
    const { url } = await createBareDatabase();
    await migrate(url, prismaDir);
    await query(url, `${breakOff}, logs = NULL; DROP TABLE "Dish"`);
    expect(await migrate(url, prismaDir)).toEqual({ applied: ["0001_dish"] });
    expect(await query(url, "SELECT to_regclass('\"Dish\"')::text AS dish")).toEqual([{ dish: '"Dish"' }]);
  });

  test("one that failed is tried again at the next start", async () => {
    const { url } = await createBareDatabase();
    addMigration("0002_broken", 'INSERT INTO "Dish" VALUES (NULL);');
    await expect(migrate(url, prismaDir)).rejects.toThrow(/0002_broken/);
    addMigration("0002_broken", "INSERT INTO \"Dish\" VALUES ('mended');");
    expect(await migrate(url, prismaDir)).toEqual({ applied: ["0002_broken"] });
  });

  test("the project's own apply to an empty database", async () => {
    const { url } = await createBareDatabase();
    expect((await migrate(url)).applied.length).toBeGreaterThan(0);
    expect(await migrate(url)).toEqual({ applied: [] });
  });
});
