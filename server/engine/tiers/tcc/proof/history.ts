/**
 * What the sessions of a proof were told, and whether all of it can be true at once. It knows no SQL: the audit compares
 * the tables with each other; this compares them with the answers.
 */
import type { TransactionState } from "../../../kernel/states.ts";
import type { DishRow, TransactionRecord } from "../../../kernel/types.ts";
import type { LedgerBatch, LedgerBatchResult, LedgerStockChange, MoveTarget } from "../ledger.ts";

/** Where each state can have come through. A transaction passes each state once. */
const PATHS: Readonly<Partial<Record<TransactionState, readonly MoveTarget[]>>> = {
  RESERVED: [],
  EXPIRED: ["EXPIRED"],
  CONFIRMED: ["EXPIRED", "CONFIRMED"],
  CANCELLED: ["EXPIRED", "CANCELLED"],
  REVERSED: ["EXPIRED", "CONFIRMED", "REVERSED"],
};

const WRONG_MAX = 20;

/** Of a dish: far more than the batches in flight. */
const VERSIONS_KEPT = 500;

export class History {
  /** How often each verdict was given. */
  readonly verdicts: Record<string, number> = {};
  private readonly accepted = new Set<string>();
  private readonly fenced = new Set<string>();
  private readonly refundDue = new Set<string>();
  private readonly moved = new Map<string, MoveTarget[]>();
  private readonly applied = new Set<string>();
  /** Answers given for an action key, APPLIED or REPLAYED: which of them is heard first says nothing. */
  private readonly answers = new Map<string, { change: LedgerStockChange; text: string }>();
  /** Per dish, the rows of its last versions. */
  private readonly rows = new Map<string, Map<number, string>>();
  /** Transactions of a batch whose answer was lost: they may have been told nothing of what they did. */
  private readonly unsure = new Set<string>();
  private readonly wrong: string[] = [];

  lost(batch: LedgerBatch): void {
    for (const { txId } of [...batch.trys, ...batch.moves]) this.unsure.add(txId);
  }

  told(batch: LedgerBatch, result: LedgerBatchResult): void {
    batch.trys.forEach(({ txId }, index) => {
      const verdict = result.trys[index] as string;
      this.count(verdict);
      if (txId.startsWith("poison")) this.report(`${txId} cannot be stored and was answered ${verdict}`);
      if (verdict !== "ACCEPTED") return;
      if (this.accepted.has(txId)) this.report(`${txId} was accepted twice`);
      if (this.fenced.has(txId)) this.report(`${txId} was accepted and fenced`);
      this.accepted.add(txId);
    });
    batch.moves.forEach(({ txId, to }, index) => {
      const verdict = result.moves[index] as string;
      this.count(verdict === "MOVED" ? to : verdict);
      if (verdict === "FENCED") {
        if (this.accepted.has(txId)) this.report(`${txId} was fenced and accepted`);
        this.fenced.add(txId);
      } else if (verdict === "REFUND_DUE") {
        this.refundDue.add(txId);
      } else if (verdict === "MOVED") {
        const earlier = this.moved.get(txId) ?? [];
        if (earlier.includes(to)) this.report(`${txId} became ${to} twice`);
        this.moved.set(txId, [...earlier, to]);
      }
    });
    batch.changes.forEach((change, index) => {
      const answer = result.changes[index];
      if (!answer) return;
      this.count(`${change.kind} ${answer.verdict}`);
      if (answer.verdict !== "APPLIED" && answer.verdict !== "REPLAYED") return;
      if (answer.verdict === "APPLIED" && this.applied.has(change.actionKey)) this.report(`${change.actionKey} was applied twice`);
      if (answer.verdict === "APPLIED") this.applied.add(change.actionKey);
      const text = JSON.stringify(Object.entries(answer.dish).sort());
      const other = this.answers.get(change.actionKey);
      if (other && other.text !== text) this.report(`${change.actionKey} was answered ${other.text} and ${text}`);
      this.answers.set(change.actionKey, { change, text });
    });
    for (const row of result.dishes) if (row) this.seen(row);
  }

  /** @returns what cannot be true, a few sentences of it. */
  check(records: readonly TransactionRecord[], dishes: readonly (DishRow | null)[], supplied: number): string[] {
    const byId = new Map(records.map((record) => [record.txId, record]));
    for (const txId of [...this.accepted, ...this.fenced, ...this.moved.keys()]) {
      if (!byId.has(txId)) this.report(`${txId} was acknowledged and is lost`);
    }
    for (const { txId, state, payloadHash } of records) {
      const path = PATHS[state];
      const told = this.moved.get(txId) ?? [];
      if (!path || told.some((target) => !path.includes(target))) this.report(`${txId} is ${state} and was said to become ${told.join(", ")}`);
      if (this.refundDue.has(txId) && state !== "EXPIRED" && state !== "CANCELLED") this.report(`${txId} is owed a refund and is ${state}`);
      if (txId.startsWith("poison")) this.report(`${txId} cannot be stored and is there`);
      if (this.unsure.has(txId)) continue;
      if (payloadHash === null ? !this.fenced.has(txId) : !this.accepted.has(txId)) this.report(`${txId} is there and nobody was told`);
      if (state !== "RESERVED" && payloadHash !== null && !(told as readonly string[]).includes(state)) this.report(`${txId} is ${state} and nobody was told`);
    }
    for (const dish of dishes) {
      if (!dish) continue;
      this.seen(dish);
      const moved = [...this.answers.values()].filter(({ change }) => change.dishId === dish.dishId);
      const sum = moved.reduce((total, { change }) => total + (change.kind === "RESTOCK" ? change.quantity : change.kind === "WRITE_OFF" ? -change.quantity : 0), supplied);
      if (dish.supplied !== sum) this.report(`${dish.dishId} has ${dish.supplied} supplied, the answers add up to ${sum}`);
    }
    return this.wrong.slice(0, WRONG_MAX);
  }

  /** One version of a dish is one row, whoever saw it. */
  private seen(row: DishRow): void {
    const versions = this.rows.get(row.dishId) ?? new Map<number, string>();
    this.rows.set(row.dishId, versions);
    const text = JSON.stringify(Object.entries(row).sort());
    const other = versions.get(row.version);
    if (other && other !== text) this.report(`version ${row.version} of ${row.dishId} was seen as ${other} and as ${text}`);
    versions.set(row.version, text);
    versions.delete(row.version - VERSIONS_KEPT);
  }

  private count(verdict: string): void {
    this.verdicts[verdict] = (this.verdicts[verdict] ?? 0) + 1;
  }

  private report(sentence: string): void {
    this.wrong.push(sentence);
  }
}
