/** The real ledger: the suite it shares with its twin, and what needs two sessions and a lock held between them. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../../../testing/stack.ts";
import type { DishRow } from "../../kernel/types.ts";
import { describeBranches } from "./branches.conformance.ts";
import { describeCreation } from "./creation.conformance.ts";
import { describeLedger } from "./ledger.conformance.ts";
import { describeDue } from "./ledger-due.conformance.ts";
import { describeLook } from "./ledger-look.conformance.ts";
import { isLedgerFailure, SUPPLIED_MAX, type Ledger, type LedgerTry } from "./ledger.ts";
import { Bench } from "./ledger-testing.ts";
import { type PostgresUnderTest, postgresUnderTest } from "./postgres-testing.ts";

let database: TestDatabase;
let under: PostgresUnderTest;
/** Where nothing waits that another test has left. */
let quietDatabase: TestDatabase;
let quiet: PostgresUnderTest;

beforeAll(async () => {
  database = await createDatabase();
  under = postgresUnderTest(database.url);
  quietDatabase = await createDatabase();
  quiet = postgresUnderTest(quietDatabase.url);
});
afterAll(async () => {
  await Promise.all([under.close(), quiet.close()]);
  await database.drop();
  await quietDatabase.drop();
});

describeLedger("Postgres", async () => under);
describeBranches("Postgres", async () => under);
describeCreation("Postgres", async () => under);
describeLook("Postgres", async () => under);
describeDue("Postgres", async () => quiet);

test("what is due includes payments, bulk work and tellings, overdue ones too, and no ticket that was told of or closed", async () => {
  const due = async () => (await quiet.ledger.findDue(60_000)) as unknown as Record<string, number | null>;
  const seconds = async (kind: string) => Math.round(((await due())[kind] ?? Number.NaN) / 1_000);
  await quiet.pool.query(`INSERT INTO payments (payment_key, source, order_id, event_id, status, occurred_at, received_at, updated_at, state, next_attempt_at)
    VALUES ('k', 'bank', 'o', 'e', 'PAID', now(), now(), now(), 'PENDING', clock_timestamp() - interval '7 s')`);
  expect(await seconds("payments")).toBe(-7);
  await quiet.pool.query("INSERT INTO bulk_actions (bulk_id, verb, actor, total, due_at) VALUES ('b', 'retry', 'o', 1, clock_timestamp() + interval '20 s')");
  expect(await seconds("bulk")).toBe(20);
  await quiet.pool.query("INSERT INTO notifications (cause, kind, pending, first_at, seen_at, next_attempt_at) VALUES ('c', 'REFUND', 1, now(), now(), clock_timestamp() + interval '30 s')");
  expect(await seconds("tellings")).toBe(30);
  await quiet.pool.query("INSERT INTO tickets (ticket_id, tx_id, kind) VALUES ('t', 'x', 'REFUND')");
  expect(await seconds("tellings")).toBe(0);
  await quiet.pool.query("UPDATE tickets SET told_at = clock_timestamp()");
  expect(await seconds("tellings")).toBe(30);
});

describe("two sessions on one ledger", () => {
  let bench: Bench;
  let runs = 0;

  const supply = async (dishes: Record<string, number>): Promise<void> => {
    for (const [name, supplied] of Object.entries(dishes)) await under.ledger.createDish(bench.newDish(name, supplied));
  };
  const dish = async (name: string): Promise<DishRow> => (await under.ledger.readDishes([bench.id(name)]))[0] as DishRow;
  const trysOf = (...trys: LedgerTry[]) => bench.batch([], { trys });
  /** What a batch came to: its Try verdicts, or the kind of its failure. */
  const outcome = (trys: LedgerTry[]) =>
    under.other.runBatch(trysOf(...trys)).then(
      (result) => result.trys.join(),
      (error: unknown) => (isLedgerFailure(error) ? error.kind : error),
    );

  /** A batch that is awaited later: until then its rejection is nobody's surprise. */
  const heard = <T>(promise: Promise<T>): Promise<T> => {
    promise.catch(() => {});
    return promise;
  };

  beforeEach(() => {
    bench = new Bench(`s${++runs}`);
    return async () => expect(await under.audit()).toEqual([]);
  });

  test("a restock that a row cannot hold poisons its batch, is known by it, and writes nothing", async () => {
    await supply({ a: 10, b: 10 });
    const row = await dish("a");
    await under.pool.query("UPDATE dishes SET supplied = $2, available = $2 WHERE dish_id = $1", [row.dishId, SUPPLIED_MAX - 5]);
    await under.pool.query("UPDATE stock_movements SET quantity = $2 WHERE dish_id = $1", [row.dishId, SUPPLIED_MAX - 5]);
    const changes = [bench.change("RESTOCK", "b", 3), bench.change("RESTOCK", "a", 6)];
    await expect(under.ledger.runBatch(bench.batch([], { changes }))).rejects.toMatchObject({ kind: "poisoned", overflow: true });
    expect([(await dish("a")).supplied, (await dish("b")).supplied]).toEqual([SUPPLIED_MAX - 5, 10]);
    const alone = await under.ledger.runBatch(bench.batch([], { changes: [bench.change("RESTOCK", "a", 5)] }));
    expect(alone.changes).toMatchObject([{ verdict: "APPLIED", dish: { supplied: SUPPLIED_MAX } }]);
  });

  test("dishes are locked in the order of their bytes, however they are named", async () => {
    await supply({ a: 5, Z: 5, z: 5 });
    const holder = await under.open();
    await holder.client.query("SELECT FROM dishes WHERE dish_id = $1 FOR UPDATE", [bench.id("Z")]); // before a, before z
    const waiting = heard(under.other.runBatch(bench.batch(["z", "a", "Z"], {})));
    await holder.blocksSomebody();
    await holder.client.query("SELECT FROM dishes WHERE dish_id = ANY ($1) FOR UPDATE NOWAIT", [[bench.id("a"), bench.id("z")]]);
    await holder.commit();
    await waiting;
  });

  test("batches over the same dishes in opposite order all end, without a deadlock", async () => {
    const names = ["a", "b", "c", "d", "e", "f"];
    await supply(Object.fromEntries(names.map((name) => [name, 1_000])));
    const lines = (order: string[]) => Object.fromEntries(order.map((name) => [name, 1]));
    const verdicts: (string | undefined)[] = [];
    const instance = async (ledger: Ledger, order: string[], label: string): Promise<void> => {
      for (let index = 0; index < 30; index++) verdicts.push((await ledger.runBatch(trysOf(bench.try(`${label}${index}`, lines(order))))).trys[0]);
    };
    await Promise.all([instance(under.ledger, names, "up"), instance(under.ledger, names, "too"), instance(under.other, names.toReversed(), "down")]);
    expect(new Set(verdicts)).toEqual(new Set(["ACCEPTED"]));
    expect(await dish("a")).toMatchObject({ available: 910, frozen: 90 });
  });

  test("who waited for the last portion hears that it is gone", async () => {
    await supply({ rice: 1 });
    const first = await under.open();
    expect((await first.runBatch(trysOf(bench.try("a", { rice: 1 })))).trys).toEqual(["ACCEPTED"]);
    const second = outcome([bench.try("b", { rice: 1 })]);
    await first.blocksSomebody();
    await first.commit();
    expect(await second).toBe("SOLD_OUT");
  });

  test("one txId twice at once is accepted once, on the same dish and on another", async () => {
    await supply({ rice: 5, tofu: 5 });
    const first = await under.open();
    await first.runBatch(trysOf(bench.try("a", { rice: 1 }), bench.try("b", { rice: 1 })));
    const same = outcome([bench.try("a", { rice: 1 })]);
    await first.blocksSomebody();
    const another = outcome([bench.try("b", { tofu: 1 })]);
    await first.commit();
    expect(await same).toBe("KNOWN");
    expect(["KNOWN", "conflict"]).toContain(await another);
    expect(await outcome([bench.try("b", { tofu: 1 })])).toBe("KNOWN");
    expect(await dish("tofu")).toMatchObject({ available: 5, frozen: 0 });
  });

  test("a new order wanted by two transactions goes to one; the other batch is rolled back whole and sent again", async () => {
    await supply({ rice: 5, tofu: 5 });
    const order = { orderId: bench.id("order") };
    const trys = [bench.try("b", { tofu: 1 }, order), bench.try("c", { tofu: 1 })];
    const first = await under.open();
    await first.runBatch(trysOf(bench.try("a", { rice: 1 }, order)));
    const second = outcome(trys);
    await first.blocksSomebody();
    await first.commit();
    expect(await second).toBe("conflict");
    expect(await dish("tofu")).toMatchObject({ available: 5, frozen: 0 });
    expect(await outcome(trys)).toBe("ORDER_CONFLICT,ACCEPTED");
  });

  test("the order of a cancelled transaction is taken over by one of two", async () => {
    await supply({ rice: 5, tofu: 5 });
    const order = { orderId: bench.id("order") };
    await under.ledger.runBatch(trysOf(bench.try("gone", { rice: 1 }, order)));
    await under.ledger.runBatch(bench.batch(["rice"], { moves: [bench.move("gone", "CANCELLED")] }));
    const first = await under.open();
    expect((await first.runBatch(trysOf(bench.try("a", { rice: 1 }, order)))).trys).toEqual(["ACCEPTED"]);
    const second = outcome([bench.try("b", { tofu: 1 }, order)]);
    await first.blocksSomebody();
    await first.commit();
    expect(await second).toBe("conflict");
    expect(await outcome([bench.try("b", { tofu: 1 }, order)])).toBe("ORDER_CONFLICT");
    expect(await dish("tofu")).toMatchObject({ available: 5 });
  });

  test("a coupon wanted by two baskets of different dishes serves one", async () => {
    await supply({ rice: 5, tofu: 5 });
    await under.ledger.createCoupon(bench.newCoupon("any"));
    const using = { couponId: bench.id("any") };
    const first = await under.open();
    await first.runBatch(trysOf(bench.try("a", { rice: 1 }, using)));
    const second = outcome([bench.try("b", { tofu: 1 }, using)]);
    await first.blocksSomebody();
    await first.commit();
    expect(await second).toBe("COUPON_UNAVAILABLE");
  });

  test("two instances cancelling one transaction free its portions once", async () => {
    await supply({ rice: 5 });
    await under.ledger.runBatch(trysOf(bench.try("a", { rice: 3 })));
    const cancel = bench.batch(["rice"], { moves: [bench.move("a", "CANCELLED")] });
    const first = await under.open();
    expect((await first.runBatch(cancel)).moves).toEqual(["MOVED"]);
    const second = heard(under.other.runBatch(cancel));
    await first.blocksSomebody();
    await first.commit();
    expect((await second).moves).toEqual(["NOT_MOVED"]);
    expect(await dish("rice")).toMatchObject({ available: 5, frozen: 0 });
  });

  test("of a concurrent confirm and cancel exactly one moves", async () => {
    await supply({ rice: 50 });
    const names = Array.from({ length: 40 }, (_, index) => `t${index}`);
    await under.ledger.runBatch(trysOf(...names.map((name) => bench.try(name, { rice: 1 }))));
    const [confirms, cancels] = await Promise.all([
      under.ledger.runBatch(bench.batch(["rice"], { moves: names.map((name) => bench.move(name, "CONFIRMED")) })),
      under.other.runBatch(bench.batch(["rice"], { moves: names.toReversed().map((name) => bench.move(name, "CANCELLED")) })),
    ]);
    const moved = [...confirms.moves, ...cancels.moves].filter((verdict) => verdict === "MOVED");
    expect(moved).toHaveLength(40);
  });

  test("a cancel and the try it fences, at once: whoever comes first, nothing stays frozen", async () => {
    await supply({ rice: 5 });
    const first = await under.open();
    await first.runBatch(trysOf(bench.try("a", { rice: 1 })));
    const fence = heard(under.other.runBatch(bench.batch([], { moves: [bench.move("a", "CANCELLED")] })));
    await first.blocksSomebody();
    await first.commit();
    await expect(fence).rejects.toMatchObject({ kind: "conflict" });
    const unlocked = await under.other.runBatch(bench.batch([], { moves: [bench.move("a", "CANCELLED")] }));
    expect(unlocked.moves).toEqual(["NOT_LOCKED"]);
    expect((await under.other.runBatch(bench.batch(["rice"], { moves: [bench.move("a", "CANCELLED")] }))).moves).toEqual(["MOVED"]);
    expect(await dish("rice")).toMatchObject({ available: 5, frozen: 0 });
  });

  test("one action key twice at once moves stock once", async () => {
    await supply({ rice: 1, tofu: 1 });
    const restock = bench.change("RESTOCK", "rice", 4);
    const first = await under.open();
    await first.runBatch(bench.batch([], { changes: [restock] }));
    const second = heard(under.other.runBatch(bench.batch([], { changes: [restock] })));
    await first.blocksSomebody();
    await first.commit();
    expect((await second).changes).toMatchObject([{ verdict: "REPLAYED", dish: { supplied: 5 } }]);
    expect(await dish("rice")).toMatchObject({ supplied: 5 });
  });

  test("one dish made twice at once under one key is made once and answered twice", async () => {
    const rice = bench.newDish("rice", 3);
    const answers = await Promise.all([under.ledger.createDish(rice), under.other.createDish(rice), under.ledger.createDish(rice)]);
    expect(answers.map(({ verdict }) => verdict).toSorted()).toEqual(["CREATED", "REPLAYED", "REPLAYED"]);
  });

  test("each batch that changes something leaves one outbox row, others none", async () => {
    await supply({ rice: 5 });
    const rows = async () => (await under.pool.query("SELECT * FROM outbox ORDER BY outbox_id")).rows;
    const before = (await rows()).length;
    await under.ledger.runBatch(trysOf(bench.try("a", { rice: 1 }), bench.try("b", { rice: 2 }), bench.try("c", { rice: 9 })));
    await under.ledger.runBatch(trysOf(bench.try("a", { rice: 1 })));
    await under.ledger.runBatch(bench.batch(["rice"], { moves: [bench.move("a", "CONFIRMED"), bench.move("z", "CANCELLED")] }));
    expect((await rows()).slice(before)).toMatchObject([
      { dish_ids: [bench.id("rice")], available: [2], frozen: [3], sold: [0], tx_ids: [bench.id("a"), bench.id("b")] },
      { dish_ids: [bench.id("rice")], available: [2], frozen: [2], sold: [1], tx_ids: [bench.id("a"), bench.id("z")], tx_states: "{CONFIRMED,CANCELLED}" },
    ]);
  });

  test("a transaction remembers where its try spent its time", async () => {
    await supply({ rice: 5 });
    await under.ledger.runBatch(trysOf(bench.try("a", { rice: 1 }, { stages: { accessMs: 1.25, casMs: 0.126, lockMs: 2, redisMs: 0.5 } })));
    const { rows } = await under.pool.query("SELECT access_ms, cas_ms, lock_ms, redis_ms, ledger_ms, trace_id FROM transactions WHERE tx_id = $1", [bench.id("a")]);
    expect(rows).toMatchObject([{ access_ms: 1.25, cas_ms: 0.13, lock_ms: 2, redis_ms: 0.5, trace_id: "0af7651916cd43dd8448eb211c80319c" }]);
    expect(rows[0].ledger_ms).toBeGreaterThan(0);
  });
});
