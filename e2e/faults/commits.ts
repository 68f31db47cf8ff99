/**
 * What a real ledger committed, read off its outbox, as the commits that a simulated one shows: so the same books are kept of both.
 * Batches that change the same rows wait for each other before they take their number, so the outbox's numbers are an order in which
 * they could have been one after the other.
 */
import type pg from "pg";
import type { TransactionState } from "../../server/engine/kernel/states.ts";
import type { DishRow, StockChangeKind, TryRequest } from "../../server/engine/kernel/types.ts";
import { groupBy } from "../../server/engine/simulation/checks/answers.ts";
import { Books } from "../../server/engine/simulation/checks/books.ts";
import type { Call, Commit, Supply } from "../../server/engine/simulation/history.ts";
import type { LedgerMove, LedgerStockChange, LedgerTry, MoveTarget, MoveVerdict, SettledTransaction } from "../../server/engine/tiers/tcc/ledger.ts";

interface OutboxRow {
  xid: string;
  at_ms: number;
  dish_ids: string[] | null;
  available: number[] | null;
  frozen: number[] | null;
  sold: number[] | null;
  versions: string[] | null;
  tx_ids: string[] | null;
  tx_states: TransactionState[] | null;
}

interface BasketRow {
  tx_id: string;
  lines: string[];
}

interface ChangeRow {
  xid: string;
  action_key: string;
  actor: string;
  kind: StockChangeKind;
  dish_id: string;
  quantity: number;
  at_ms: number;
}

/** A row knows the low half of the number of the transaction that wrote it. */
const OUTBOX = `
  SELECT (xid::text::numeric % 4294967296)::text AS xid, (extract(epoch FROM at) * 1000)::float8 AS at_ms,
         dish_ids, available, frozen, sold, versions::text[] AS versions, tx_ids, tx_states::text[] AS tx_states
    FROM outbox ORDER BY outbox_id`;

const CHANGES = `
  SELECT actions.xmin::text AS xid, action_key, actions.actor, verb AS kind, target AS dish_id, abs(coalesce(quantity, 0)) AS quantity,
         (extract(epoch FROM actions.at) * 1000)::float8 AS at_ms
    FROM actions LEFT JOIN stock_movements USING (action_key)
   WHERE verb IN ('RESTOCK', 'WRITE_OFF', 'PAUSE', 'RESUME') AND answer ->> 'verdict' = 'APPLIED'`;

/** One txId may have been asked for with several baskets: the ledger has the one that came first. */
const BASKETS = "SELECT tx_id, array_agg(dish_id || ' × ' || quantity ORDER BY line_no) AS lines FROM reservations GROUP BY tx_id";

const REFUNDS = "SELECT tx_id FROM tickets WHERE kind = 'REFUND'";

/** What a decided state is decided for. */
const TARGETS: Partial<Record<TransactionState, MoveTarget>> = { CONFIRMING: "CONFIRMED", CANCELLING: "CANCELLED", REVERSING: "REVERSED" };

const UNFINISHED: readonly TransactionState[] = ["TRYING", "CONFIRMING", "CANCELLING", "REVERSING"];

/** The API puts its key's name in front of what the client chose. */
const ownKey = (actionKey: string, actor: string): string => actionKey.slice(actor.length + 1);

export interface LedgerHistory {
  commits: Commit[];
  books: Books;
  /** What is wrong with the commits, as sentences. */
  wrong: string[];
}

/** Nothing may be under way: a batch that commits later may have a lower number than one that was read. */
export async function readCommits(sql: pg.Pool, supply: Supply, calls: readonly Call[]): Promise<LedgerHistory> {
  // One after the other: a long history takes longer to read than anybody waits for a connection.
  const outbox = await sql.query<OutboxRow>(OUTBOX);
  const changes = await sql.query<ChangeRow>(CHANGES);
  const baskets = await sql.query<BasketRow>(BASKETS);
  const refunds = await sql.query<{ tx_id: string }>(REFUNDS);
  const reader = new Reader(supply, calls, changes.rows, baskets.rows);
  for (const row of outbox.rows) reader.read(row);
  reader.readIdle();
  // Which batch found that a refund was due is not in the outbox: that nothing is sold after it is the audit's.
  for (const { tx_id } of refunds.rows) {
    const account = reader.books.accounts.get(tx_id);
    if (account) account.refundDue = true;
  }
  return reader;
}

class Reader implements LedgerHistory {
  readonly commits: Commit[] = [];
  readonly wrong: string[] = [];
  readonly books: Books;
  private readonly requests: ReadonlyMap<string, TryRequest[]>;
  private readonly baskets: ReadonlyMap<string, string>;
  private readonly changes: Map<string, ChangeRow[]>;

  constructor(supply: Supply, calls: readonly Call[], changes: readonly ChangeRow[], baskets: readonly BasketRow[]) {
    this.books = new Books(supply);
    const requests = calls.flatMap(({ verb, request }) => (verb === "try" ? [request] : []));
    this.requests = groupBy(requests, ({ txId }) => txId);
    this.baskets = new Map(baskets.map(({ tx_id, lines }) => [tx_id, lines.join(", ")]));
    this.changes = groupBy(changes, ({ xid }) => xid);
  }

  /** Changes of batches that changed nothing else, and nothing themselves: a dish that was paused was paused again. */
  readIdle(): void {
    for (const change of [...this.changes.values()].flat()) this.applyIdle(change);
  }

  private applyIdle({ action_key, actor, kind, at_ms }: ChangeRow): void {
    if (kind === "RESTOCK" || kind === "WRITE_OFF") this.wrong.push(`${action_key} is said to be applied, and its batch changed no dish`);
    this.books.applied.set(ownKey(action_key, actor), at_ms);
  }

  read({ xid, at_ms: atMs, dish_ids, available, frozen, sold, versions, tx_ids, tx_states }: OutboxRow): void {
    const trys: LedgerTry[] = [];
    const moves: LedgerMove[] = [];
    const verdicts: MoveVerdict[] = [];
    const reported: SettledTransaction[] = [];
    (tx_ids ?? []).forEach((txId, index) => {
      const state = tx_states?.[index] as TransactionState;
      const account = this.books.accounts.get(txId);
      if (account && UNFINISHED.includes(account.state) && state !== "CANCELLING") reported.push({ txId, storeId: "", state, ended: true, openedTicketId: null });
      else if (!account && (state === "RESERVED" || state === "TRYING")) trys.push(...this.tryOf(txId));
      else {
        moves.push({ txId, to: TARGETS[state] ?? (state as MoveTarget), cause: null });
        verdicts.push(TARGETS[state] ? "DECIDED" : "MOVED");
      }
    });
    const changes: LedgerStockChange[] = [];
    for (const change of this.changes.get(xid) ?? []) {
      const { action_key, actor, kind, dish_id: dishId, quantity } = change;
      if (dish_ids?.includes(dishId)) changes.push({ actionKey: ownKey(action_key, actor), requestHash: "", kind, dishId, quantity, reason: null, actor });
      else this.applyIdle(change);
    }
    this.changes.delete(xid);
    if (reported.length > 0) this.enter({ kind: "report", atMs, instance: "", transactions: reported });
    if (trys.length + moves.length + changes.length + (dish_ids?.length ?? 0) === 0) return;
    const dishIds = dish_ids ?? [];
    const rows = dishIds.map((dishId, index): DishRow => {
      const [free, promised, gone] = [available?.[index] as number, frozen?.[index] as number, sold?.[index] as number];
      const dish = this.books.dishes.get(dishId);
      let onSale = dish?.onSale ?? true; // the outbox does not say
      for (const { dishId: changed, kind } of changes) if (changed === dishId && (kind === "PAUSE" || kind === "RESUME")) onSale = kind === "RESUME";
      return { dishId, storeId: dish?.storeId ?? "", supplied: free + promised + gone, available: free, frozen: promised, sold: gone, onSale, version: Number(versions?.[index]) };
    });
    this.enter({
      kind: "batch",
      atMs,
      instance: "",
      batch: { batchId: xid, dishIds, trys, moves, changes },
      result: {
        atMs,
        trys: trys.map(() => "ACCEPTED"),
        moves: verdicts,
        changes: changes.map(({ dishId }) => ({ verdict: "APPLIED", dish: rows[dishIds.indexOf(dishId)] as DishRow })),
        dishes: rows,
      },
    });
  }

  private tryOf(txId: string): LedgerTry[] {
    const basket = this.baskets.get(txId);
    const request = this.requests.get(txId)?.find(({ lines }) => basket === lines.map(({ dishId, quantity }) => `${dishId} × ${quantity}`).join(", "));
    if (!request) {
      this.wrong.push(`${txId} is in the ledger with ${basket ?? "nothing"}, and nobody asked for that`);
      return [];
    }
    const { participants, ...rest } = request;
    return [{ ...rest, payloadHash: "", traceId: "", stages: { accessMs: 0, casMs: 0, lockMs: 0, redisMs: 0 }, ...(participants && { branches: participants }) }];
  }

  private enter(commit: Commit): void {
    this.commits.push(commit);
    for (const what of this.books.enter(commit)) this.wrong.push(`commit of ${new Date(commit.atMs).toISOString()}: ${what}`);
  }
}
