/** The real payment ledger: the suite it shares with its twin, and the table of moves in SQL. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../../testing/stack.ts";
import { type PostgresUnderTest, postgresUnderTest } from "../tiers/tcc/postgres-testing.ts";
import type { PaymentEvent } from "./payment-ledger.ts";
import { describePayments } from "./payments.conformance.ts";
import { PostgresPayments } from "./postgres-payments.ts";
import { PAYMENT_MOVES, PAYMENT_STATES } from "./payment-states.ts";

let database: TestDatabase;
let under: PostgresUnderTest;
let payments: PostgresPayments;
let other: PostgresPayments;

beforeAll(async () => {
  database = await createDatabase();
  under = postgresUnderTest(database.url);
  payments = new PostgresPayments({ databaseUrl: database.url });
  other = new PostgresPayments({ databaseUrl: database.url });
});
afterAll(async () => {
  await Promise.all([payments.close(), other.close()]);
  await under.close();
  await database.drop();
});

describePayments("Postgres", async () => ({
  ledger: under.ledger,
  payments,
  other,
  openTickets: async (txIds) => {
    const { rows } = await under.pool.query("SELECT kind || ' ' || tx_id AS ticket FROM tickets WHERE tx_id = ANY ($1) AND closed_at IS NULL ORDER BY 1", [txIds]);
    return rows.map(({ ticket }) => ticket);
  },
  settleRefund: async (ticketId) => (await under.pool.query("SELECT settled FROM settle_refund($1, 'tester', 'by bank transfer')", [ticketId])).rows[0].settled,
  state: async (paymentKey) => {
    const { rows } = await under.pool.query('SELECT state, outcome, failures, next_attempt_at IS NOT NULL AS "isDue" FROM payments WHERE payment_key = $1', [paymentKey]);
    return rows[0];
  },
  force: async (paymentKey, state) => {
    const open = state !== "COMPLETED" && state !== "FAILED";
    const text = `UPDATE payments SET state = $2, next_attempt_at = ${open ? "clock_timestamp() + interval '1 hour'" : "NULL"} WHERE payment_key = $1`;
    await under.pool.query(text, [paymentKey, state]);
  },
  audit: () => under.audit(),
}));

describe("payments in SQL", () => {
  test("a database that is away, or refuses, is a failure that says whether anything was written", async () => {
    const away = new PostgresPayments({ databaseUrl: "postgresql://nobody@127.0.0.1:1/none" });
    const one: PaymentEvent = { source: "bank", orderId: "o", eventId: "away", status: "PAID", occurredAtMs: 0, amountCents: null };
    await expect(away.accept([one])).rejects.toMatchObject({ kind: "unavailable" });
    await away.close();
    await expect(payments.accept([{ ...one, occurredAtMs: Number.NaN }])).rejects.toMatchObject({ kind: "poisoned" });
    await expect(payments.accept([{ ...one, source: "a\u0000b" }, { ...one, eventId: "neighbour" }])).rejects.toMatchObject({ kind: "poisoned" });
    const fresh = await payments.accept([one, { ...one, eventId: "neighbour" }]);
    expect(fresh.length).toBe(2); // what failed with its neighbours left nothing behind, no key either
  });

  test("a state that a row may not be in cannot be written by anybody", async () => {
    const wrong = [
      "UPDATE payments SET state = 'COMPLETED', outcome = 'SOLD' WHERE next_attempt_at IS NOT NULL", // ended, and still due
      "UPDATE payments SET next_attempt_at = NULL WHERE state = 'PENDING'", // under way, and nobody looks
      "UPDATE payments SET outcome = 'LOST'",
    ];
    for (const text of wrong) await expect(under.pool.query(text)).rejects.toMatchObject({ code: "23514" });
  });

  test("SQL and code allow the same moves between the same states", async () => {
    const { rows } = await under.pool.query<{ from_state: keyof typeof PAYMENT_MOVES; to_state: string }>("SELECT from_state, to_state FROM payment_moves");
    const moves = Object.fromEntries(PAYMENT_STATES.map((state) => [state, rows.filter(({ from_state }) => from_state === state).map(({ to_state }) => to_state)]));
    expect(moves).toEqual(PAYMENT_MOVES);
    const { rows: states } = await under.pool.query("SELECT enum_range(NULL::payment_state)::text[] AS states");
    expect(states[0].states).toEqual(PAYMENT_STATES);
  });
});
