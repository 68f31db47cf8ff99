/**
 * The audit on real tables: what a rush leaves behind is read back whole, and each kind of damage is found. None of the
 * damage below is stopped by a constraint of the schema: that is why there is an audit.
 */
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createDatabase, type TestDatabase } from "../../../server/testing/stack.ts";
import { broken, cleanCase } from "../testing/histories.ts";
import { checkRows } from "./rows.ts";
import { LedgerDatabase } from "./sql.ts";
import { checkStock } from "./stock.ts";
import type { Invariant, Verdict } from "./verdict.ts";

let database: TestDatabase;
let client: pg.Client;
let since: Date;

beforeAll(async () => {
  database = await createDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});

afterAll(async () => {
  await client?.end();
  await database?.drop();
});

/** The rows of `cleanCase`, as the engine would leave them, and an order of somebody else. */
const CLEAN = `
  TRUNCATE dishes, stock_movements, coupons, transactions, orders, reservations, tickets, audit_entries;
  INSERT INTO dishes (dish_id, store_id, name_en, name_zh, price_cents, supplied, available, frozen, sold) VALUES
    ('noodles', 'store-1', 'Noodles', '面', 1000, 100, 94, 4, 2), ('soup', 'store-1', 'Soup', '汤', 800, 60, 59, 0, 1);
  INSERT INTO stock_movements (dish_id, kind, quantity, actor, action_key, at) VALUES
    ('noodles', 'SUPPLY', 100, 'k', 'k:1', now() - interval '1 h'), ('soup', 'SUPPLY', 10, 'k', 'k:2', now() - interval '1 h'),
    ('soup', 'RESTOCK', 50, 'k', 'k:r:restock:1', now());
  INSERT INTO coupons (coupon_id, amount_cents, state, tx_id) VALUES
    ('r:coupon:1', 500, 'USED', 'r:confirmed'), ('r:coupon:2', 500, 'AVAILABLE', NULL);
  INSERT INTO transactions (tx_id, store_id, order_id, coupon_id, state, payload_hash, created_at, updated_at, expires_at)
    SELECT id, 'store-1', id, CASE id WHEN 'r:confirmed' THEN 'r:coupon:1' END, state::transaction_state, gen_random_uuid(), now(), now(), now()
    FROM (VALUES ('r:confirmed', 'CONFIRMED'), ('r:cancelled', 'CANCELLED'), ('r:reversed', 'REVERSED'), ('r:expired', 'EXPIRED'),
                 ('elsewhere', 'RESERVED')) AS v(id, state);
  INSERT INTO transactions (tx_id, store_id, order_id, state, cause, created_at, updated_at, expires_at)
    VALUES ('r:fenced', '', '', 'CANCELLED', 'REQUESTED', now(), now(), now());
  INSERT INTO orders SELECT order_id, tx_id, state FROM transactions WHERE payload_hash IS NOT NULL;
  INSERT INTO reservations (tx_id, line_no, dish_id, quantity, state)
    SELECT tx_id, 1, 'noodles', CASE tx_id WHEN 'elsewhere' THEN 4 ELSE 2 END, state FROM transactions WHERE payload_hash IS NOT NULL;
  INSERT INTO reservations (tx_id, line_no, dish_id, quantity, state)
    SELECT tx_id, 2, 'soup', 1, state FROM transactions WHERE payload_hash IS NOT NULL AND tx_id <> 'elsewhere';
`;

beforeEach(async () => {
  since = (await client.query("SELECT clock_timestamp() - interval '1 s' AS since")).rows[0].since;
  await client.query(CLEAN);
});

async function audit(): Promise<Verdict[]> {
  const view = await new LedgerDatabase(database.url).read("r", since);
  const { histories, evidence } = cleanCase();
  return [...checkRows(histories, view), ...checkStock({ ...evidence, view, shown: { api: view.dishes, ledger: view.dishes } })];
}

describe("the audit on Postgres", () => {
  it("finds nothing after a rush that went well, and looked at everything", async () => {
    const verdicts = await audit();
    expect(verdicts.flatMap(({ findings }) => findings)).toEqual([]);
    expect(verdicts.filter(({ outcome }) => outcome !== "held")).toEqual([]);
    expect(verdicts.every(({ examined }) => examined > 0)).toBe(true);
  });

  const damage: [string, string, Invariant][] = [
    ["a lost transaction", "DELETE FROM transactions WHERE tx_id = 'r:confirmed'", "acknowledged-present"],
    ["a lost line", "DELETE FROM reservations WHERE tx_id = 'r:reversed' AND line_no = 2", "acknowledged-present"],
    ["a doubled line", "INSERT INTO reservations VALUES ('r:cancelled', 3, 'soup', 1, 'CANCELLED')", "acknowledged-present"],
    ["a lost fence", "DELETE FROM transactions WHERE tx_id = 'r:fenced'", "acknowledged-present"],
    ["a wrong state", "UPDATE transactions SET state = 'CONFIRMED' WHERE tx_id = 'r:cancelled'", "states-agree"],
    ["a confirm that was undone", "UPDATE transactions SET state = 'EXPIRED' WHERE tx_id = 'r:confirmed'", "states-agree"],
    [
      "a refused Try that is there",
      `INSERT INTO transactions (tx_id, store_id, order_id, state, payload_hash, created_at, updated_at, expires_at)
       VALUES ('r:soldout', 'store-1', 'r:soldout', 'EXPIRED', gen_random_uuid(), now(), now(), now())`,
      "nothing-unasked",
    ],
    ["a reservation in a state of its own", "UPDATE reservations SET state = 'RESERVED' WHERE tx_id = 'r:expired'", "lines-follow"],
    ["an abandoned reservation that stays", "UPDATE transactions SET state = 'RESERVED' WHERE tx_id = 'r:expired'", "all-ended"],
    ["a second transaction of an order", "UPDATE transactions SET order_id = 'r:confirmed' WHERE tx_id = 'r:reversed'", "one-transaction-an-order"],
    ["a reservation without deduction", "INSERT INTO reservations VALUES ('elsewhere', 2, 'soup', 5, 'RESERVED')", "frozen-and-sold"],
    ["a deduction without reservation", "UPDATE dishes SET available = available - 1, frozen = frozen + 1 WHERE dish_id = 'soup'", "frozen-and-sold"],
    ["a supply without movement", "UPDATE dishes SET supplied = supplied + 1, available = available + 1 WHERE dish_id = 'soup'", "supplied"],
    ["a refund owed for what was sold", "INSERT INTO tickets (tx_id, kind) VALUES ('elsewhere', 'REFUND')", "ledger-whole"],
    ["a restock done twice", "INSERT INTO stock_movements (dish_id, kind, quantity, actor, action_key) VALUES ('soup', 'RESTOCK', 50, 'k', 'k:r:restock:1')", "restocks-once"],
    ["a restock that is missing", "DELETE FROM stock_movements WHERE action_key = 'k:r:restock:1'", "restocks-once"],
    ["a coupon used twice", "UPDATE transactions SET coupon_id = 'r:coupon:1', state = 'CONFIRMED' WHERE tx_id = 'r:reversed'", "coupon-used-once"],
    ["a coupon given back though it was used", "UPDATE coupons SET state = 'AVAILABLE', tx_id = NULL WHERE coupon_id = 'r:coupon:1'", "coupon-used-once"],
  ];

  it.each(damage)("finds %s", async (_, statement, invariant) => {
    await client.query(statement);
    expect(broken(await audit())).toContain(invariant);
  });

  it("knows what others may have taken since the rush began, and not before", async () => {
    const taken = async () => Object.fromEntries((await new LedgerDatabase(database.url).read("r", since)).takenByOthers!);
    expect(await taken()).toEqual({ noodles: 4 });
    await client.query("INSERT INTO stock_movements (dish_id, kind, quantity, actor, action_key) VALUES ('soup', 'WRITE_OFF', -3, 'k', 'k:9')");
    await client.query("UPDATE transactions SET updated_at = now() - interval '1 h' WHERE tx_id = 'elsewhere'");
    expect(await taken()).toEqual({ soup: 3 });
  });

  it("asserts nothing about a transaction that an operator cancelled", async () => {
    await client.query(`
      UPDATE transactions SET state = 'CANCELLED' WHERE tx_id = 'r:expired';
      UPDATE reservations SET state = 'CANCELLED' WHERE tx_id = 'r:expired';
      UPDATE orders SET state = 'CANCELLED' WHERE tx_id = 'r:expired';`);
    expect(broken(await audit())).toEqual(["states-agree"]);
    await client.query("INSERT INTO audit_entries (actor, verb, target) VALUES ('ann', 'transaction.cancel', 'r:expired')");
    expect(broken(await audit())).toEqual([]);
  });

  it("names what has not ended", async () => {
    await client.query("UPDATE transactions SET state = 'RESERVED' WHERE tx_id = 'r:expired'");
    expect(await new LedgerDatabase(database.url).open("r")).toEqual(["r:expired"]);
  });
});
