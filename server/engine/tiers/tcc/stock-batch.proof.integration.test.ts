/** A short proof on every run; `npx tsx scripts/prove-ledger.ts --seconds 60` is the long one. */
import pg from "pg";
import { expect, test } from "vitest";
import { createDatabase } from "../../../testing/stack.ts";
import { auditOf } from "./postgres-testing.ts";
import { proveLedger } from "./proof/prove.ts";
import { measure } from "./proof/throughput.ts";

/** Long enough, on a busy machine too, to meet each verdict below and a dozen killed sessions. */
const SECONDS = 5;

test("sessions that want the same dishes, transactions, orders and coupons, and die at random, break no promise", async () => {
  const database = await createDatabase();
  try {
    const report = await proveLedger({ databaseUrl: database.url, seconds: SECONDS, seed: 86 });
    expect(report.wrong).toEqual([]);
    // A proof that met nothing would have proved nothing.
    const met = ["ACCEPTED", "KNOWN", "ORDER_CONFLICT", "SOLD_OUT", "COUPON_UNAVAILABLE", "CONFIRMED", "CANCELLED", "EXPIRED", "FENCED", "UNKNOWN", "NOT_MOVED", "REFUND_DUE", "RESTOCK APPLIED"];
    expect(met.filter((verdict) => !report.verdicts[verdict])).toEqual([]);
    expect(report.killed).toBeGreaterThan(3);
    expect(report.failures.poisoned).toBeGreaterThan(0);
    expect(report.failures.unknown).toBeGreaterThan(0);
  } finally {
    await database.drop();
  }
});

test("a measurement of its speed leaves the books balanced", async () => {
  const database = await createDatabase();
  try {
    const speed = await measure(database.url, 64, 2, 20, 0.4);
    expect(speed.trysPerSecond).toBeGreaterThan(0);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    expect(await auditOf(client)).toEqual([]);
    await client.end();
  } finally {
    await database.drop();
  }
});
