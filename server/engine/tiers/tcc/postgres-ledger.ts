/**
 * PostgresLedger is the ledger on a real Postgres: a small pool of its own, prepared statements, one round trip a call.
 * It cannot decide anything: the function stock_batch does. It does not send a batch again: the engine does.
 */
import pg from "pg";
import { realClock, type Clock } from "../../kernel/clock.ts";
import { fingerprint, freezeIdOf } from "../../kernel/basket.ts";
import type { CancelCause, TransactionState } from "../../kernel/states.ts";
import type { DishRow, TransactionRecord } from "../../kernel/types.ts";
import {
  BRANCH_FAILURES_MAX,
  BRANCH_LEASE_MS,
  LedgerFailure,
  type BranchRecord,
  type BranchReport,
  type ClaimedBranch,
  type Ledger,
  type LedgerBatch,
  type LedgerBatchResult,
  type NewCoupon,
  type NewDish,
  type SettledTransaction,
} from "./ledger.ts";
import { sqlFile, stockBatchCall, type PreparedQuery, type StockBatchAnswer } from "./postgres-batch.ts";
import { branchOf, claimedOf, reportValues, settledOf, type BranchRow, type ClaimedRow, type SettledRow } from "./postgres-branches.ts";
import { failureOf, refusalOf } from "./postgres-failures.ts";

/** The service stage's share of a request's 800 ms. Lock waits count; the commit itself does not (Postgres stops this
 * clock before it). A statement cancelled by it is rolled back. */
export const LEDGER_STATEMENT_MS_MAX = 400;

/** A batch of 256 takes 3 to 14 ms, so a row locked for longer than this belongs to somebody who is stuck. Long enough to
 * outwait several batches of other instances, short enough to leave half the stage for the work itself. */
export const LEDGER_LOCK_WAIT_MS_MAX = 200;

/** After it a call counts as lost: the server's own limit, and 600 ms for the commit's flush and the network.
 * Redis holds must outlive it; HOLD_MS says so. */
export const LEDGER_CALL_MS_MAX = 1_000;

/** How often a running statement looks whether its client is still there: bounds the life of an orphan. */
const CLIENT_CHECK_MS = 100;

/** Two batches, two look-ups of transactions and two of dishes at a time, the sweep, and a creation: none waits. */
const CONNECTIONS_MAX = 8;

/** A new statement may see what an earlier one could not; a third would see what the second saw. */
const CREATE_ATTEMPTS = 3;

const FIND_TRANSACTIONS = sqlFile("find-transactions");
const LOOK = sqlFile("look");
const FIND_EXPIRED = sqlFile("find-expired");
const READ_DISHES = sqlFile("read-dishes");
const FIND_BRANCHES = sqlFile("find-branches");
const CLAIM_BRANCHES = sqlFile("claim-branches");
const SETTLE_BRANCHES = sqlFile("settle-branches");
const HASTEN_BRANCHES = sqlFile("hasten-branches");
const CREATE_DISH = sqlFile("create-dish");
const CREATE_COUPON = sqlFile("create-coupon");

/** Point look-ups only: a plan made while a table was empty must not scan it for ever. */
const SESSION_OPTIONS = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off";

export interface PostgresLedgerOptions {
  databaseUrl: string;
  connectionsMax?: number;
  clock?: Clock;
  /** Told of connections that break while idle. */
  onTrouble?(error: unknown): void;
}

interface RecordRow {
  tx_id: string;
  store_id: string;
  order_id: string;
  coupon_id: string | null;
  state: TransactionState;
  cause: CancelCause | null;
  payload_hash: string | null;
  lines: { lineNo: number; dishId: string; quantity: number; state: TransactionState }[] | null;
  ticket_id: string | null;
  created_at_ms: number;
  updated_at_ms: number;
  expires_at_ms: number;
  remote_branches: number;
}

interface DishTableRow {
  dish_id: string;
  store_id: string;
  supplied: number;
  available: number;
  frozen: number;
  sold: number;
  on_sale: boolean;
  version: number;
}

export class PostgresLedger implements Ledger {
  private readonly pool: pg.Pool;
  private readonly clock: Clock;

  constructor({ databaseUrl, connectionsMax = CONNECTIONS_MAX, clock = realClock, onTrouble = () => {} }: PostgresLedgerOptions) {
    this.clock = clock;
    this.pool = new pg.Pool({
      connectionString: databaseUrl,
      application_name: "eightysix ledger",
      max: connectionsMax,
      idleTimeoutMillis: 0, // a new connection plans every statement anew
      connectionTimeoutMillis: LEDGER_STATEMENT_MS_MAX,
      statement_timeout: LEDGER_STATEMENT_MS_MAX,
      lock_timeout: LEDGER_LOCK_WAIT_MS_MAX,
      options: SESSION_OPTIONS,
      keepAlive: true,
    });
    // Once it is closing, a connection that the server ends first is no trouble.
    const trouble = (error: unknown): void => {
      if (!this.pool.ending) onTrouble(error);
    };
    this.pool.on("error", trouble);
    this.pool.on("connect", (client) => {
      client.on("error", trouble);
      // Refused by servers whose system cannot watch a socket; they find out at the end of the statement instead.
      client.query(`SET client_connection_check_interval = ${CLIENT_CHECK_MS}`).catch(() => {});
    });
  }

  async runBatch(batch: LedgerBatch): Promise<LedgerBatchResult> {
    let call: ReturnType<typeof stockBatchCall>;
    try {
      call = stockBatchCall(batch);
    } catch (error) {
      throw new LedgerFailure("poisoned", "The batch contradicts itself.", error);
    }
    const [row] = await this.run<{ answer: StockBatchAnswer }>(call.query);
    return call.read((row as { answer: StockBatchAnswer }).answer);
  }

  async findTransactions(txIds: readonly string[]): Promise<(TransactionRecord | null)[]> {
    const rows = await this.run<RecordRow>({ name: "find_transactions", text: FIND_TRANSACTIONS, values: [txIds] });
    return inOrderOf(txIds, rows, (row) => row.tx_id, recordOf);
  }

  async readDishes(dishIds: readonly string[]): Promise<(DishRow | null)[]> {
    const rows = await this.run<DishTableRow>({ name: "read_dishes", text: READ_DISHES, values: [dishIds] });
    return inOrderOf(dishIds, rows, (row) => row.dish_id, dishOf);
  }

  async look(txIds: readonly string[], dishIds: readonly string[]): ReturnType<Ledger["look"]> {
    const query = { name: "look", text: LOOK, values: [txIds, dishIds] };
    const [row] = await this.run<{ transactions: RecordRow[] | null; dishes: DishTableRow[] | null }>(query);
    return {
      transactions: inOrderOf(txIds, row?.transactions ?? [], ({ tx_id }) => tx_id, recordOf),
      dishes: inOrderOf(dishIds, row?.dishes ?? [], ({ dish_id }) => dish_id, dishOf),
    };
  }

  async findExpired(limit: number): Promise<TransactionRecord[]> {
    const rows = await this.run<RecordRow>({ name: "find_expired", text: FIND_EXPIRED, values: [limit] });
    return rows.map(recordOf);
  }

  async findBranches(txIds: readonly string[]): Promise<BranchRecord[][]> {
    const rows = await this.run<BranchRow>({ name: "find_branches", text: FIND_BRANCHES, values: [txIds] });
    const branches = new Map<string, BranchRecord[]>(txIds.map((txId) => [txId, []]));
    for (const row of rows) branches.get(row.tx_id)?.push(branchOf(row));
    return txIds.map((txId) => branches.get(txId) as BranchRecord[]);
  }

  async claimBranches(limit: number): Promise<ClaimedBranch[]> {
    const rows = await this.run<ClaimedRow>({ name: "claim_branches", text: CLAIM_BRANCHES, values: [limit, BRANCH_LEASE_MS] });
    return rows.map(claimedOf);
  }

  async settleBranches(reports: readonly BranchReport[]): Promise<SettledTransaction[]> {
    const values = [...reportValues(reports), BRANCH_FAILURES_MAX];
    const rows = await this.run<SettledRow>({ name: "settle_branches", text: SETTLE_BRANCHES, values });
    return rows.map(settledOf);
  }

  async hastenBranches(txIds: readonly string[]): Promise<number> {
    return this.count({ name: "hasten_branches", text: HASTEN_BRANCHES, values: [txIds] });
  }

  async createDish(dish: NewDish): ReturnType<Ledger["createDish"]> {
    const { dishId, storeId, names, priceCents, supplied, actor, actionKey } = dish;
    const requestHash = fingerprint(["CREATE_DISH", dishId, storeId, names.en, names["zh-CN"], priceCents, supplied]);
    const values = [dishId, storeId, names.en, names["zh-CN"], priceCents, supplied, actor, actionKey, requestHash];
    const found = await this.create<{ dish: DishRow }>({ name: "create_dish", text: CREATE_DISH, values });
    if (!found) return { verdict: "EXISTS" };
    if (!found.same) return { verdict: "MISMATCH" };
    return { verdict: found.created ? "CREATED" : "REPLAYED", dish: found.dish };
  }

  async createCoupon(coupon: NewCoupon): ReturnType<Ledger["createCoupon"]> {
    const { couponId, storeId, amountCents, actor, actionKey } = coupon;
    const requestHash = fingerprint(["CREATE_COUPON", couponId, storeId, amountCents]);
    const values = [couponId, storeId, amountCents, actor, actionKey, requestHash];
    const found = await this.create({ name: "create_coupon", text: CREATE_COUPON, values });
    if (!found) return { verdict: "EXISTS" };
    if (!found.same) return { verdict: "MISMATCH" };
    return { verdict: found.created ? "CREATED" : "REPLAYED" };
  }

  /** Names the database behind the URL, whatever its address: equal for two URLs of one database. */
  async databaseId(): Promise<string> {
    const text = `SELECT system_identifier || '.' || pg_database.oid AS id FROM pg_control_system(), pg_database WHERE datname = current_database()`;
    const [row] = await this.run<{ id: string }>({ name: "database_id", text, values: [] });
    return (row as { id: string }).id;
  }

  /** Opens every connection and prepares what is asked often, so that the first rush does not pay for it. Failing is no harm. */
  async warm(): Promise<void> {
    const queries = [{ name: "find_transactions", text: FIND_TRANSACTIONS, values: [[]] }, { name: "read_dishes", text: READ_DISHES, values: [[]] }, { name: "look", text: LOOK, values: [[], []] }];
    const clients = await Promise.allSettled(Array.from({ length: this.pool.options.max }, () => this.pool.connect()));
    await Promise.allSettled(
      clients.map(async (connected) => {
        if (connected.status === "rejected") return;
        try {
          for (const query of queries) await connected.value.query(query);
        } finally {
          connected.value.release();
        }
      }),
    );
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  /** Runs a creation until it is told apart from an earlier one. @returns null: it exists by another key. */
  private async create<T>(query: PreparedQuery): Promise<(T & { same: boolean; created: boolean }) | null> {
    for (let attempt = 1; ; attempt++) {
      try {
        const [row] = await this.run<T & { same: boolean; created: boolean }>(query);
        if (row || attempt > 1) return row ?? null;
      } catch (error) {
        const conflict = (error as LedgerFailure).kind === "conflict"; // two statements used one action key at once
        if (!conflict || attempt === CREATE_ATTEMPTS) throw error;
      }
    }
  }

  private async run<T>(query: PreparedQuery): Promise<T[]> {
    return (await this.ask(query)).rows as T[];
  }

  /** @returns how many rows the statement changed. */
  private async count(query: PreparedQuery): Promise<number> {
    return (await this.ask(query)).rowCount ?? 0;
  }

  private async ask(query: PreparedQuery): Promise<pg.QueryResult> {
    let client: pg.PoolClient;
    try {
      client = await this.pool.connect();
    } catch (error) {
      throw refusalOf(error);
    }
    let broken = false;
    const timer = this.clock.schedule(LEDGER_CALL_MS_MAX, () => {
      broken = true; // a polite end would wait for the same silent server
      (client as unknown as { connection: { stream: { destroy(error: Error): void } } }).connection.stream.destroy(
        new Error(`no answer within ${LEDGER_CALL_MS_MAX} ms`),
      );
    });
    try {
      return await client.query(query);
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind === "unknown") broken = true;
      throw failure;
    } finally {
      timer.cancel();
      client.release(broken);
    }
  }
}

/** One answer per id, null where no row has it. */
function inOrderOf<Row, T>(ids: readonly string[], rows: readonly Row[], idOf: (row: Row) => string, read: (row: Row) => T): (T | null)[] {
  const found = new Map(rows.map((row) => [idOf(row), read(row)]));
  return ids.map((id) => found.get(id) ?? null);
}

function recordOf(row: RecordRow): TransactionRecord {
  return {
    txId: row.tx_id,
    storeId: row.store_id,
    orderId: row.order_id,
    couponId: row.coupon_id,
    state: row.state,
    cause: row.cause,
    payloadHash: row.payload_hash,
    lines: (row.lines ?? []).map(({ lineNo, dishId, quantity, state }) => ({ dishId, quantity, freezeId: freezeIdOf(row.tx_id, lineNo), state })),
    ticketId: row.ticket_id,
    remoteBranches: row.remote_branches,
    createdAtMs: row.created_at_ms,
    updatedAtMs: row.updated_at_ms,
    expiresAtMs: row.expires_at_ms,
  };
}

function dishOf(row: DishTableRow): DishRow {
  return {
    dishId: row.dish_id,
    storeId: row.store_id,
    supplied: row.supplied,
    available: row.available,
    frozen: row.frozen,
    sold: row.sold,
    onSale: row.on_sale,
    version: row.version,
  };
}
