/** Drops a database that was used by connections which have just been ended. */
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";

/** A pool that was ended has said good-bye, which Postgres may not have read yet: who is thrown out then is an uncaught error. */
const GOODBYE_MS_MAX = 2_000;
const GOODBYE_LOOK_MS = 5;

export async function dropDatabase(sql: pg.Client | pg.Pool, name: string): Promise<void> {
  const untilMs = performance.now() + GOODBYE_MS_MAX;
  const open = async () => (await sql.query("SELECT FROM pg_stat_activity WHERE datname = $1 LIMIT 1", [name])).rowCount !== 0;
  while (performance.now() < untilMs && (await open())) await sleep(GOODBYE_LOOK_MS);
  await sql.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}
