/**
 * Brings a database to the newest schema: applies the folders of prisma/migrations that it has not seen, in order.
 * Prisma's own engine does it, compiled to WebAssembly, so nothing is downloaded; its table is the ordinary `_prisma_migrations`.
 * It cannot undo a migration. Several instances may call it at once: an advisory lock lets one work and the others find it done.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { PrismaPg } from "@prisma/adapter-pg";
import { bindMigrationAwareSqlAdapterFactory, type SqlMigrationAwareDriverAdapterFactory } from "@prisma/driver-adapter-utils";
import pg from "pg";

const PRISMA_DIR = join(import.meta.dirname, "../../prisma");
/** Any number, as long as every version of Eightysix uses this one. */
const ADVISORY_LOCK = 8_686_001;
const LOCK_WAIT_MS = 120_000;
/** Written by the script's own transaction into the row that says it has begun. */
const MARK = "applied whole";

export interface MigrateResult {
  applied: string[];
}

export function migrate(databaseUrl: string, prismaDir = PRISMA_DIR): Promise<MigrateResult> {
  return alone(databaseUrl, async (client) => {
    await settleBrokenOff(client);
    if (await isUpToDate(client, prismaDir)) return { applied: [] };
    const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
    try {
      const engine = await schemaEngine(pool, prismaDir);
      const { appliedMigrationNames } = await engine.applyMigrations({
        migrationsList: migrationsList(prismaDir),
        filters: { externalTables: [], externalEnums: [] },
      });
      return { applied: appliedMigrationNames };
    } finally {
      await pool.end();
    }
  });
}

/** The SQL that the schema by itself would make, for a test that compares it with the migrations. */
export async function schemaScript(databaseUrl: string, prismaDir = PRISMA_DIR): Promise<string> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  try {
    const engine = await schemaEngine(pool, prismaDir);
    const { stdout } = await engine.diff({
      from: { tag: "empty" },
      to: { tag: "schemaDatamodel", files: schemaFiles(prismaDir), configDir: prismaDir },
      script: true,
      shadowDatabaseUrl: null,
      exitCode: null,
      filters: { externalTables: [], externalEnums: [] },
    });
    return stdout ?? "";
  } finally {
    await pool.end();
  }
}

/** Runs `work` while no other instance on this database runs any. */
export async function alone<T>(databaseUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    await client.query(`SET lock_timeout = ${LOCK_WAIT_MS}`);
    await client.query("SELECT pg_advisory_lock($1)", [ADVISORY_LOCK]);
    return await work(client);
  } finally {
    await client.end();
  }
}

function migrationNames(prismaDir: string): string[] {
  const folder = join(prismaDir, "migrations");
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, "migration.sql")))
    .map((entry) => entry.name)
    .sort();
}

/**
 * A start killed in mid-migration leaves a row that is neither finished nor rolled back, and Prisma's engine would refuse the
 * database from then on. A script is one transaction, its mark included: with the mark it is done, without it nothing happened.
 * Nobody migrates at this moment: we hold the lock.
 */
async function settleBrokenOff(client: pg.Client): Promise<void> {
  if (!(await hasMigrationsTable(client))) return;
  await client.query(`
    UPDATE _prisma_migrations SET finished_at = clock_timestamp(), applied_steps_count = 1
    WHERE finished_at IS NULL AND rolled_back_at IS NULL AND logs = '${MARK}'`);
  await client.query("DELETE FROM _prisma_migrations WHERE finished_at IS NULL AND rolled_back_at IS NULL");
}

async function hasMigrationsTable(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query("SELECT to_regclass('_prisma_migrations') IS NOT NULL AS there");
  return rows[0].there;
}

/** Loading the engine costs 150 ms: a start that has nothing to do skips it. */
async function isUpToDate(client: pg.Client, prismaDir: string): Promise<boolean> {
  const names = migrationNames(prismaDir);
  if (!(await hasMigrationsTable(client))) return names.length === 0;
  const { rows } = await client.query("SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL");
  const done = new Set(rows.map((row) => row.migration_name as string));
  return names.every((name) => done.has(name));
}

function migrationScripts(prismaDir: string): ReadonlySet<string> {
  return new Set(migrationNames(prismaDir).map((name) => readFileSync(join(prismaDir, "migrations", name, "migration.sql"), "utf8")));
}

function migrationsList(prismaDir: string) {
  const baseDir = join(prismaDir, "migrations");
  const lockFile = join(baseDir, "migration_lock.toml");
  return {
    baseDir,
    lockfile: { path: "migration_lock.toml", content: existsSync(lockFile) ? readFileSync(lockFile, "utf8") : null },
    shadowDbInitScript: "",
    migrationDirectories: migrationNames(prismaDir).map((name) => ({
      path: name,
      migrationFile: { path: "migration.sql", content: { tag: "ok" as const, value: readFileSync(join(baseDir, name, "migration.sql"), "utf8") } },
    })),
  };
}

function schemaFiles(prismaDir: string) {
  const folder = join(prismaDir, "schema");
  const paths = readdirSync(folder).filter((name) => name.endsWith(".prisma")).sort().map((name) => join(folder, name));
  return paths.map((path) => ({ path, content: readFileSync(path, "utf8") }));
}

interface Engine {
  applyMigrations(input: object): Promise<{ appliedMigrationNames: string[] }>;
  diff(input: object): Promise<{ stdout?: string | null }>;
}

let loading: Promise<typeof import("@prisma/schema-engine-wasm/schema_engine_bg")> | undefined;

async function schemaEngine(pool: pg.Pool, prismaDir: string): Promise<Engine> {
  loading ??= loadBindings(); // one instance a process: its glue code keeps one in a global
  const { SchemaEngine } = await loading;
  const datamodels = schemaFiles(prismaDir).map((file) => [file.path, file.content]);
  const adapter = bindMigrationAwareSqlAdapterFactory(wholeScripts(new PrismaPg(pool), migrationScripts(prismaDir)));
  return (await SchemaEngine.new({ datamodels } as never, () => {}, adapter)) as unknown as Engine;
}

async function loadBindings() {
  const bindings = await import("@prisma/schema-engine-wasm/schema_engine_bg");
  const bytes = readFileSync(join(dirname(createRequire(import.meta.url).resolve("@prisma/schema-engine-wasm")), "schema_engine_bg.wasm"));
  const imports = { "./schema_engine_bg.js": withoutLingering(bindings as unknown as WebAssembly.ModuleImports) };
  const { instance } = await WebAssembly.instantiate(bytes, imports);
  (bindings as unknown as { __wbg_set_wasm(exports: WebAssembly.Exports): void }).__wbg_set_wasm(instance.exports);
  (instance.exports as { __wbindgen_start(): void }).__wbindgen_start();
  return bindings;
}

/** The engine's lock time-out is never cleared; it must not hold the process for its 10 s. */
function withoutLingering(imports: WebAssembly.ModuleImports): WebAssembly.ModuleImports {
  const wrapped = Object.entries(imports).map(([name, value]) => {
    if (!name.startsWith("__wbg_setTimeout")) return [name, value];
    return [name, (task: () => void, ms: number) => setTimeout(task, ms >>> 0).unref()];
  });
  return Object.fromEntries(wrapped);
}

/**
 * The stock adapter cuts a script at every semicolon, also inside a function's body; Postgres takes it in one piece, which makes
 * it one transaction. A migration's mark goes along.
 */
function wholeScripts(factory: PrismaPg, migrations: ReadonlySet<string>): SqlMigrationAwareDriverAdapterFactory {
  const mark = `\n;\nUPDATE _prisma_migrations SET logs = '${MARK}' WHERE finished_at IS NULL AND rolled_back_at IS NULL`;
  const connect = factory.connect.bind(factory);
  factory.connect = async () => {
    const connection = await connect();
    connection.executeScript = async (script) => void (await connection.underlyingDriver().query(migrations.has(script) ? script + mark : script));
    return connection;
  };
  return factory as unknown as SqlMigrationAwareDriverAdapterFactory;
}
