/**
 * PostgresTruth keeps the keys of one consumer in the table dedup_keys, for consumers whose effect is not in Postgres: they
 * act on what is new, and are at most once from there on. Who has an effect there inserts its keys in the same commit instead,
 * as the function accept_payments does. It forgets what is older than the retention: see server/retention.
 */
import { readFileSync } from "node:fs";
import type pg from "pg";
import { failureOf } from "../tiers/tcc/postgres-failures.ts";
import type { DedupTruth } from "./dedup.ts";

const RECORD = readFileSync(new URL("./sql/record-keys.sql", import.meta.url), "utf8");

export class PostgresTruth implements DedupTruth {
  constructor(
    private readonly pool: pg.Pool,
    private readonly consumer: string,
  ) {}

  /** @throws LedgerFailure when it cannot be known whether the keys are written: record them again. */
  async record(keys: readonly string[]): Promise<boolean[]> {
    let rows: { key: string }[];
    try {
      ({ rows } = await this.pool.query<{ key: string }>({ name: "record_keys", text: RECORD, values: [this.consumer, keys] }));
    } catch (error) {
      throw failureOf(error);
    }
    const fresh = new Set(rows.map(({ key }) => key));
    return keys.map((key) => fresh.delete(key));
  }
}
