/**
 * PostgresLedger is the ledger on a real Postgres: one prepared statement, one round trip a call.
 * It cannot decide anything: the function stock_batch does. It does not send a batch again: the engine does.
 */
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
  type Due,
  type Ledger,
  type LedgerBatch,
  type LedgerBatchResult,
  type NewCoupon,
  type NewDish,
  type SettledTransaction,
} from "./ledger.ts";
import { sqlFile, stockBatchCall, type PreparedQuery, type StockBatchAnswer } from "./postgres-batch.ts";
import { branchOf, claimedOf, reportValues, settledOf, type BranchRow, type ClaimedRow, type SettledRow } from "./postgres-branches.ts";
import { PostgresCalls, type PostgresCallsOptions } from "./postgres-calls.ts";

/** Two batches, two look-ups of transactions and two of dishes at a time, the sweep, and a creation: none waits. */
const CONNECTIONS_MAX = 8;

/** A new statement may see what an earlier one could not; a third would see what the second saw. */
const CREATE_ATTEMPTS = 3;

const FIND_TRANSACTIONS = sqlFile("find-transactions");
const LOOK = sqlFile("look");
const FIND_DUE = sqlFile("find-due");
const FIND_EXPIRED = sqlFile("find-expired");
const READ_DISHES = sqlFile("read-dishes");
const FIND_BRANCHES = sqlFile("find-branches");
const CLAIM_BRANCHES = sqlFile("claim-branches");
const SETTLE_BRANCHES = sqlFile("settle-branches");
const HASTEN_BRANCHES = sqlFile("hasten-branches");
const CREATE_DISH = sqlFile("create-dish");
const CREATE_COUPON = sqlFile("create-coupon");

export type PostgresLedgerOptions = Omit<PostgresCallsOptions, "name" | "connectionsMax"> & { connectionsMax?: number };

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
  private readonly calls: PostgresCalls;

  constructor({ connectionsMax = CONNECTIONS_MAX, ...options }: PostgresLedgerOptions) {
    this.calls = new PostgresCalls({ name: "eightysix ledger", connectionsMax, ...options });
  }

  async runBatch(batch: LedgerBatch): Promise<LedgerBatchResult> {
    let call: ReturnType<typeof stockBatchCall>;
    try {
      call = stockBatchCall(batch);
    } catch (error) {
      throw new LedgerFailure("poisoned", "The batch contradicts itself.", error);
    }
    const [row] = await this.calls.rows<{ answer: StockBatchAnswer }>(call.query);
    return call.read((row as { answer: StockBatchAnswer }).answer);
  }

  async findTransactions(txIds: readonly string[]): Promise<(TransactionRecord | null)[]> {
    const rows = await this.calls.rows<RecordRow>({ name: "find_transactions", text: FIND_TRANSACTIONS, values: [txIds] });
    return inOrderOf(txIds, rows, (row) => row.tx_id, recordOf);
  }

  async readDishes(dishIds: readonly string[]): Promise<(DishRow | null)[]> {
    const rows = await this.calls.rows<DishTableRow>({ name: "read_dishes", text: READ_DISHES, values: [dishIds] });
    return inOrderOf(dishIds, rows, (row) => row.dish_id, dishOf);
  }

  async look(txIds: readonly string[], dishIds: readonly string[]): ReturnType<Ledger["look"]> {
    const query = { name: "look", text: LOOK, values: [txIds, dishIds] };
    const [row] = await this.calls.rows<{ transactions: RecordRow[] | null; dishes: DishTableRow[] | null }>(query);
    return {
      transactions: inOrderOf(txIds, row?.transactions ?? [], ({ tx_id }) => tx_id, recordOf),
      dishes: inOrderOf(dishIds, row?.dishes ?? [], ({ dish_id }) => dish_id, dishOf),
    };
  }

  async findDue(withinMs: number): Promise<Due> {
    const [row] = await this.calls.rows<Due>({ name: "find_due", text: FIND_DUE, values: [withinMs] });
    return row as Due;
  }

  async findExpired(limit: number): Promise<TransactionRecord[]> {
    const rows = await this.calls.rows<RecordRow>({ name: "find_expired", text: FIND_EXPIRED, values: [limit] });
    return rows.map(recordOf);
  }

  async findBranches(txIds: readonly string[]): Promise<BranchRecord[][]> {
    const rows = await this.calls.rows<BranchRow>({ name: "find_branches", text: FIND_BRANCHES, values: [txIds] });
    const branches = new Map<string, BranchRecord[]>(txIds.map((txId) => [txId, []]));
    for (const row of rows) branches.get(row.tx_id)?.push(branchOf(row));
    return txIds.map((txId) => branches.get(txId) as BranchRecord[]);
  }

  async claimBranches(limit: number): Promise<ClaimedBranch[]> {
    const rows = await this.calls.rows<ClaimedRow>({ name: "claim_branches", text: CLAIM_BRANCHES, values: [limit, BRANCH_LEASE_MS] });
    return rows.map(claimedOf);
  }

  async settleBranches(reports: readonly BranchReport[]): Promise<SettledTransaction[]> {
    const values = [...reportValues(reports), BRANCH_FAILURES_MAX];
    const rows = await this.calls.rows<SettledRow>({ name: "settle_branches", text: SETTLE_BRANCHES, values });
    return rows.map(settledOf);
  }

  async hastenBranches(txIds: readonly string[]): Promise<number> {
    return this.calls.count({ name: "hasten_branches", text: HASTEN_BRANCHES, values: [txIds] });
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
    const [row] = await this.calls.rows<{ id: string }>({ name: "database_id", text, values: [] });
    return (row as { id: string }).id;
  }

  /** Opens every connection and prepares what is asked often. */
  async warm(): Promise<void> {
    await this.calls.warm([
      { name: "find_transactions", text: FIND_TRANSACTIONS, values: [[]] },
      { name: "read_dishes", text: READ_DISHES, values: [[]] },
      { name: "look", text: LOOK, values: [[], []] },
    ]);
  }

  async close(): Promise<void> {
    await this.calls.close();
  }

  /** Runs a creation until it is told apart from an earlier one. @returns null: it exists by another key. */
  private async create<T>(query: PreparedQuery): Promise<(T & { same: boolean; created: boolean }) | null> {
    for (let attempt = 1; ; attempt++) {
      try {
        const [row] = await this.calls.rows<T & { same: boolean; created: boolean }>(query);
        if (row || attempt > 1) return row ?? null;
      } catch (error) {
        const conflict = (error as LedgerFailure).kind === "conflict"; // two statements used one action key at once
        if (!conflict || attempt === CREATE_ATTEMPTS) throw error;
      }
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
