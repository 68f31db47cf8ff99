/** Retention on real Postgres: what goes, what stays, and that every sum still holds. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createPrisma } from "../database.ts";
import { realClock } from "../engine/kernel/clock.ts";
import { realRandom } from "../engine/kernel/random.ts";
import type { PaymentEvent } from "../engine/payments/payment-ledger.ts";
import { PostgresPayments } from "../engine/payments/postgres-payments.ts";
import type { LedgerTry, MoveTarget } from "../engine/tiers/tcc/ledger.ts";
import { Bench } from "../engine/tiers/tcc/ledger-testing.ts";
import { type PostgresUnderTest, postgresUnderTest } from "../engine/tiers/tcc/postgres-testing.ts";
import { createDatabase, type TestDatabase } from "../testing/stack.ts";
import { Retention } from "./retention.ts";

const DAYS = 30;
let database: TestDatabase;
let under: PostgresUnderTest;
let payments: PostgresPayments;
let prisma: ReturnType<typeof createPrisma>;
let bench: Bench;
let runs = 0;

beforeAll(async () => {
  database = await createDatabase();
  under = postgresUnderTest(database.url);
  payments = new PostgresPayments({ databaseUrl: database.url });
  prisma = createPrisma(database.url);
});
afterAll(async () => {
  await payments.close();
  await under.close();
  await prisma.$disconnect();
  await database.drop();
});
beforeEach(async () => {
  bench = new Bench(`r${++runs}`);
  await under.ledger.createDish(bench.newDish("rice", 1_000));
  return async () => expect(await under.audit()).toEqual([]);
});

const retention = (stepRows = 3) => new Retention({ prisma, clock: realClock, random: realRandom, retentionDays: DAYS, stepRows, onError: () => {} });
const walk = (stepRows?: number) => retention(stepRows).walk();
const tryOne = (name: string, more: Partial<LedgerTry> = {}) => under.ledger.runBatch(bench.batch([], { trys: [bench.try(name, { rice: 2 }, more)] }));
const move = (name: string, to: MoveTarget) => under.ledger.runBatch(bench.batch(["rice"], { moves: [bench.move(name, to)] }));
const event = (order: string, eventId: string, status: "PAID" | "FAILED" = "PAID"): PaymentEvent => ({ source: "bank", orderId: bench.id(`order-${order}`), eventId, status, occurredAtMs: 0, amountCents: null });

/** All that is there now happened `days` ago. */
async function age(days: number): Promise<void> {
  const by = `interval '${days} days'`;
  const text = [
    `UPDATE transactions SET created_at = created_at - ${by}, updated_at = updated_at - ${by}, expires_at = expires_at - ${by}`,
    `UPDATE payments SET received_at = received_at - ${by}, updated_at = updated_at - ${by}, next_attempt_at = next_attempt_at - ${by}`,
    `UPDATE tickets SET opened_at = opened_at - ${by}, closed_at = closed_at - ${by}`,
    `UPDATE dedup_keys SET seen_at = seen_at - ${by}`,
    `UPDATE actions SET at = at - ${by}`,
    `UPDATE outbox SET at = at - ${by}`,
  ];
  for (const statement of text) await under.pool.query(statement);
}

const exists = async (...names: string[]) => (await under.ledger.findTransactions(names.map((name) => bench.id(name)))).map((record) => record?.state ?? null);
const count = async (table: string) => Number((await under.pool.query(`SELECT count(*) FROM ${table}`)).rows[0].count);
const dish = async () => (await under.ledger.readDishes([bench.id("rice")]))[0];

describe("retention", () => {
  test("what ended is dropped with all that belongs to it; what sold is kept as a sum, and every audit holds", async () => {
    await under.ledger.createCoupon(bench.newCoupon("coupon"));
    for (let i = 0; i < 8; i++) await tryOne(`sold${i}`, i === 0 ? { couponId: bench.id("coupon") } : {});
    for (let i = 0; i < 8; i++) await move(`sold${i}`, "CONFIRMED");
    await tryOne("cancelled");
    await move("cancelled", "CANCELLED");
    await move("fence", "CANCELLED");
    await tryOne("reversed");
    await move("reversed", "CONFIRMED");
    await move("reversed", "REVERSED");
    await tryOne("expired", { ttlSeconds: 0 });
    await move("expired", "EXPIRED");
    await tryOne("open");
    const before = await dish();
    await age(DAYS + 1);
    await tryOne("young");
    await move("young", "CONFIRMED");
    const dropped = await walk();
    expect(dropped.transactions).toBe(12);
    expect(await exists("sold0", "sold7", "cancelled", "fence", "reversed", "expired")).toEqual([null, null, null, null, null, null]);
    expect(await exists("open", "young")).toEqual(["RESERVED", "CONFIRMED"]);
    expect(await dish()).toMatchObject({ supplied: 1_000, frozen: 2, sold: (before?.sold ?? 0) + 2 });
    expect((await under.pool.query("SELECT sold::int, reservations::int FROM archived_sales WHERE dish_id = $1", [bench.id("rice")])).rows).toEqual([{ sold: 16, reservations: 11 }]);
    expect(dropped.actions).toBeGreaterThan(0);
    expect(dropped.outbox).toBeGreaterThan(0);
    expect(await under.audit()).toEqual([]);
    await age(DAYS + 1);
    await move("open", "CONFIRMED");
    expect((await walk()).transactions).toBe(1);
    expect((await under.pool.query("SELECT sold::int FROM archived_sales WHERE dish_id = $1", [bench.id("rice")])).rows).toEqual([{ sold: 18 }]);
  });

  test("a coupon that was used stays used", async () => {
    await under.ledger.createCoupon(bench.newCoupon("coupon"));
    await tryOne("a", { couponId: bench.id("coupon") });
    await move("a", "CONFIRMED");
    await age(DAYS + 1);
    await walk();
    expect(await exists("a")).toEqual([null]);
    const again = await tryOne("b", { couponId: bench.id("coupon") });
    expect(again.trys).toEqual(["COUPON_UNAVAILABLE"]);
    expect(await under.ledger.createCoupon({ ...bench.newCoupon("coupon"), actionKey: bench.id("again") })).toEqual({ verdict: "EXISTS" });
  });

  test("nothing unfinished goes: remote branches, open tickets, tickets and payments that ended since", async () => {
    const remote = { participant: "points", tryUrl: "http://p/t", confirmUrl: "http://p/c", cancelUrl: "http://p/x", body: null };
    await tryOne("stuck", { branches: [remote] });
    for (const name of ["refund", "settled", "paying"]) await tryOne(name);
    for (const name of ["refund", "settled"]) await move(name, "CANCELLED");
    await move("paying", "CONFIRMED");
    const leased = await payments.accept([event("refund", "1"), event("settled", "1"), event("paying", "1"), event("nobody", "1")]);
    const settle = (order: string) => {
      const own = leased.find(({ orderId }) => orderId === bench.id(`order-${order}`));
      return payments.settle([{ paymentKey: own?.paymentKey as string, attempt: 1, from: "PROCESSING", to: "COMPENSATING", outcome: "REFUND_DUE", errorClass: null, message: null, failed: false, retryInMs: 0 }]);
    };
    await settle("refund");
    const [settled] = await settle("settled");
    await age(DAYS + 1);
    await under.pool.query("SELECT settle_refund($1, 'tester', 'returned')", [settled?.openedTicketId]);
    expect((await walk()).transactions).toBe(0);
    expect(await exists("stuck", "refund", "settled", "paying")).toEqual(["TRYING", "CANCELLED", "CANCELLED", "CONFIRMED"]);
    expect(await payments.accept([event("refund", "1"), event("nobody", "1")])).toEqual([]);
    await age(DAYS + 1);
    expect((await walk()).transactions).toBe(1);
    expect(await exists("settled", "refund")).toEqual([null, "CANCELLED"]);
    expect(await count(`tickets WHERE tx_id = '${bench.id("settled")}'`)).toBe(0);
    await move("stuck", "CANCELLED");
    const done = { txId: bench.id("stuck"), branchNo: 1, state: "CANCELLING" as const, attempt: 0, outcome: "DONE" as const, errorClass: null, message: null, httpStatus: 200, durationMs: 1, retryInMs: 0 };
    await under.ledger.settleBranches([done]);
    await age(DAYS + 1);
    await walk();
    expect(await exists("stuck")).toEqual([null]);
    expect(await count("branches") + (await count("attempts"))).toBe(0);
  });

  test("an order that was cancelled and tried again keeps its row", async () => {
    await tryOne("first");
    await move("first", "CANCELLED");
    await age(DAYS + 1);
    await tryOne("second", { orderId: bench.id("order-first") });
    await walk();
    expect(await exists("first", "second")).toEqual([null, "RESERVED"]);
    expect((await tryOne("third", { orderId: bench.id("order-first") })).trys).toEqual(["ORDER_CONFLICT"]);
  });

  test("a payment that ended goes with its transaction, its key with it; keys of other consumers go by age", async () => {
    await tryOne("a");
    await move("a", "CONFIRMED");
    const [leased] = await payments.accept([event("a", "1")]);
    await payments.settle([{ paymentKey: leased?.paymentKey as string, attempt: 1, from: "PROCESSING", to: "COMPLETED", outcome: "SOLD", errorClass: null, message: null, failed: false, retryInMs: 0 }]);
    await under.pool.query("INSERT INTO dedup_keys (consumer, key) SELECT 'feed', 'k' || n FROM generate_series(1, 10) AS n");
    await age(DAYS + 1);
    expect(await walk()).toMatchObject({ transactions: 1, keys: 10 });
    expect(await count(`payments WHERE payment_key = '${leased?.paymentKey}'`)).toBe(0);
    expect(await count(`dedup_keys WHERE key = '${leased?.paymentKey}' OR consumer = 'feed'`)).toBe(0);
  });

  test("a transaction that somebody holds is left for the next walk, and holds nobody up", async () => {
    for (const name of ["a", "b"]) await tryOne(name);
    for (const name of ["a", "b"]) await move(name, "CONFIRMED");
    await age(DAYS + 1);
    const session = await under.open();
    await session.client.query("SELECT FROM transactions WHERE tx_id = $1 FOR UPDATE", [bench.id("a")]);
    expect((await walk()).transactions).toBe(1);
    await session.commit();
    expect((await walk()).transactions).toBe(1);
  });

  test("two instances that walk at once drop each transaction once, and no sum is counted twice", async () => {
    const trys = Array.from({ length: 60 }, (_, i) => bench.try(`m${i}`, { rice: 1 }));
    await under.ledger.runBatch(bench.batch([], { trys }));
    await under.ledger.runBatch(bench.batch(["rice"], { moves: trys.map((_, i) => bench.move(`m${i}`, "CONFIRMED")) }));
    await age(DAYS + 1);
    const walks = await Promise.all([walk(7), walk(11)]);
    expect(walks[0].transactions + walks[1].transactions).toBe(60);
    expect((await under.pool.query("SELECT sold::int FROM archived_sales WHERE dish_id = $1", [bench.id("rice")])).rows).toEqual([{ sold: 60 }]);
  });

  test("a walk goes on from where its last step ended: many rows of one moment are each looked at once", async () => {
    const trys = Array.from({ length: 50 }, (_, i) => bench.try(`x${i}`, { rice: 1 }, { ttlSeconds: 1 }));
    await under.ledger.runBatch(bench.batch([], { trys }));
    await age(DAYS + 1); // all open: none may go, and the walk must still end
    expect((await walk(7)).transactions).toBe(0);
  });

  test("a step finds its rows by an index, in its order", async () => {
    const session = await under.open();
    await session.client.query("SET LOCAL enable_seqscan = off");
    const { rows } = await session.client.query("EXPLAIN SELECT tx_id FROM transactions WHERE (created_at, tx_id) > (now() - interval '99 days', '') AND created_at < now() ORDER BY created_at, tx_id LIMIT 500");
    await session.commit();
    const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
    expect(plan).toContain("transactions_created_at_tx_id_idx");
    expect(plan).not.toContain("Sort");
  });
});
