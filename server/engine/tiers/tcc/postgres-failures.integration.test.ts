/** What the real ledger says when Postgres, a request or the network misbehaves; and that its plans do not age. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../../../testing/stack.ts";
import { realClock } from "../../kernel/clock.ts";
import type { LedgerTry } from "./ledger.ts";
import { Bench } from "./ledger-testing.ts";
import { PostgresLedger } from "./postgres-ledger.ts";
import { type PostgresUnderTest, postgresUnderTest } from "./postgres-testing.ts";

let database: TestDatabase;
let under: PostgresUnderTest;
let bench: Bench;
let runs = 0;

const supply = (name: string, supplied: number) => under.ledger.createDish(bench.newDish(name, supplied));
const available = async (name: string) => (await under.ledger.readDishes([bench.id(name)]))[0]?.available;
const trysOf = (...trys: LedgerTry[]) => bench.batch([], { trys });

beforeAll(async () => {
  database = await createDatabase();
  under = postgresUnderTest(database.url);
});
afterAll(async () => {
  await under.close();
  await database.drop();
});
beforeEach(() => {
  bench = new Bench(`f${++runs}`);
  return async () => expect(await under.audit()).toEqual([]);
});

/** A door to Postgres that can swallow what Postgres answers. */
async function proxyTo(databaseUrl: string) {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  const door = { swallow: false, url: "", close: async () => {} };
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => (client.destroy(), upstream.destroy()));
    }
    client.on("data", (data) => upstream.write(data));
    upstream.on("data", (data) => door.swallow || client.write(data));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  door.url = url.href;
  door.close = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return door;
}

describe("failures", () => {
  test("a request that Postgres cannot store is poisoned, and its batch is rolled back whole", async () => {
    await supply("rice", 5);
    const good = bench.try("good", { rice: 1 });
    await expect(under.ledger.runBatch(trysOf(good, bench.try("bad", { rice: 1 }, { traceId: "\u0000" })))).rejects.toMatchObject({ kind: "poisoned" });
    const flood = bench.change("RESTOCK", "rice", 2 ** 31 - 1);
    await expect(under.ledger.runBatch(bench.batch([], { trys: [good], changes: [flood] }))).rejects.toMatchObject({ kind: "poisoned" });
    await expect(under.ledger.runBatch({ ...trysOf(good), dishIds: [] })).rejects.toMatchObject({ kind: "poisoned" });
    expect(await available("rice")).toBe(5);
    expect((await under.ledger.runBatch(trysOf(good))).trys).toEqual(["ACCEPTED"]);
  });

  test("a lock that somebody holds for too long is a conflict, and nothing was written", async () => {
    await supply("rice", 5);
    const holder = await under.open();
    await holder.client.query("SELECT FROM dishes WHERE dish_id = $1 FOR UPDATE", [bench.id("rice")]);
    await expect(under.ledger.runBatch(trysOf(bench.try("a", { rice: 1 })))).rejects.toMatchObject({ kind: "conflict" });
    await holder.commit();
    expect(await under.ledger.findTransactions([bench.id("a")])).toEqual([null]);
  });

  test("a session killed in mid-batch leaves the outcome unknown; the next call finds a new session", async () => {
    await supply("rice", 5);
    const holder = await under.open();
    await holder.client.query("SELECT FROM dishes WHERE dish_id = $1 FOR UPDATE", [bench.id("rice")]);
    const batch = trysOf(bench.try("a", { rice: 1 }));
    const killed = expect(under.ledger.runBatch(batch)).rejects.toMatchObject({ kind: "unknown" });
    await holder.blocksSomebody();
    await under.pool.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()");
    await killed;
    await holder.commit();
    expect((await under.ledger.runBatch(batch)).trys).toEqual(["ACCEPTED"]);
  });

  test("an answer lost after the commit is unknown; the same batch sent again finds its work done", async () => {
    await supply("rice", 5);
    const door = await proxyTo(database.url);
    const ledger = new PostgresLedger({ databaseUrl: door.url, connectionsMax: 1 });
    try {
      await ledger.readDishes([]);
      door.swallow = true;
      const batch = trysOf(bench.try("a", { rice: 1 }));
      await expect(ledger.runBatch(batch)).rejects.toMatchObject({ kind: "unknown" });
      door.swallow = false;
      expect((await ledger.runBatch(batch)).trys).toEqual(["KNOWN"]);
      expect(await available("rice")).toBe(4);
    } finally {
      await ledger.close();
      await door.close();
    }
  });

  test("a server that is not there, or does not answer, is unavailable: nothing was sent", async () => {
    const door = await proxyTo(database.url);
    door.swallow = true;
    const silent = new PostgresLedger({ databaseUrl: door.url });
    await expect(silent.readDishes(["x"])).rejects.toMatchObject({ kind: "unavailable" });
    await door.close();
    await expect(silent.readDishes(["x"])).rejects.toMatchObject({ kind: "unavailable" });
    await silent.close();
  });

  test("a statement that does not end is cancelled by the server, and nothing was written", async () => {
    await supply("rice", 1);
    await under.pool.query(`ALTER FUNCTION ledger_timeline RENAME TO ledger_timeline_quick`);
    await under.pool.query(`CREATE FUNCTION ledger_timeline() RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT pg_sleep(60); SELECT 1::bigint'`);
    try {
      const startedAt = realClock.monotonicMs();
      await expect(under.ledger.runBatch(trysOf(bench.try("a", { rice: 1 })))).rejects.toMatchObject({ kind: "unavailable" });
      expect(realClock.monotonicMs() - startedAt).toBeLessThan(1_000);
    } finally {
      await under.pool.query("DROP FUNCTION ledger_timeline");
      await under.pool.query("ALTER FUNCTION ledger_timeline_quick RENAME TO ledger_timeline");
    }
    expect((await under.ledger.runBatch(trysOf(bench.try("a", { rice: 1 })))).trys).toEqual(["ACCEPTED"]);
  });
});

describe("plans", () => {
  test("a session that planned on empty tables does not scan them when they have grown", async () => {
    const grown = await createDatabase();
    const ledger = new PostgresLedger({ databaseUrl: grown.url, connectionsMax: 1 }); // one session, so one set of plans
    const watcher = new pg.Pool({ connectionString: grown.url, max: 1 });
    const round = async (index: number): Promise<void> => {
      const trys = [bench.try(`a${index}`, { rice: 1 }, { couponId: bench.id("any") }), bench.try(`b${index}`, { rice: 1 }, { ttlSeconds: 0 })];
      const changes = [bench.change("PAUSE", "tofu", 0, { actionKey: bench.id(`pause-${index}`) })];
      await ledger.runBatch(bench.batch([], { trys, changes }));
      await ledger.runBatch(bench.batch(["rice"], { trys, moves: [bench.move(`b${index - 1}`, "EXPIRED")] }));
      await ledger.runBatch(bench.batch(["rice"], { moves: [bench.move(`b${index - 1}`, "CONFIRMED"), bench.move(`c${index}`, "CANCELLED")] }));
      await ledger.findTransactions([bench.id(`b${index}`)]);
      await ledger.findExpired(5);
      await ledger.readDishes([bench.id("rice")]);
    };
    try {
      await watcher.query("VACUUM ANALYZE"); // the planner is told that there is nothing
      for (let index = 1; index <= 8; index++) await round(index);
      const history = "FROM generate_series(1, 5000) AS n";
      await watcher.query(`INSERT INTO dishes (dish_id, store_id, name_en, name_zh, price_cents, supplied, available) SELECT $1 || nullif(n, 1), $2, 'x', 'x', 1, 99, 99 ${history} WHERE n > 1 UNION ALL SELECT $1, $2, 'x', 'x', 1, 99, 99`, [bench.id("rice"), bench.store]);
      await watcher.query(`INSERT INTO transactions (tx_id, store_id, order_id, state, payload_hash, created_at, updated_at, expires_at) SELECT 'h' || n, 's', 'h' || n, 'CANCELLED', gen_random_uuid(), now(), now(), now() ${history}`);
      await watcher.query(`INSERT INTO orders SELECT 'h' || n, 'h' || n, 'CANCELLED' ${history}`);
      await watcher.query(`INSERT INTO reservations SELECT 'h' || n, 1, 'd', 1, 'CANCELLED' ${history}`);
      await watcher.query(`INSERT INTO coupons (coupon_id, amount_cents) SELECT 'h' || n, 1 ${history}`);
      for (let index = 101; index <= 108; index++) await round(index);
      await ledger.close();
      const sessions = "SELECT FROM pg_stat_activity WHERE application_name = 'eightysix ledger' AND datname = current_database()";
      for (let look = 0; look < 500 && (await watcher.query(sessions)).rowCount; look++) await watcher.query("SELECT pg_sleep(0.01)"); // it counts its scans as it leaves
      const { rows } = await watcher.query<{ relname: string; scans: number }>(
        "SELECT relname, seq_scan::int AS scans FROM pg_stat_user_tables WHERE relname = ANY ($1)",
        [["dishes", "coupons", "transactions", "orders", "reservations", "tickets", "actions"]],
      );
      const scans = Object.fromEntries(rows.map(({ relname, scans: count }) => [relname, count]));
      expect(scans).toEqual({ dishes: 0, coupons: 0, transactions: 0, orders: 0, reservations: 0, tickets: 0, actions: 0 });
    } finally {
      await watcher.end();
      await grown.drop();
    }
  });
});
