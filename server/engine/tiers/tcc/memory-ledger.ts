/**
 * MemoryLedger is the ledger's twin: the same verdicts as stock_batch, decided in the same order, in plain objects.
 * A call takes effect at once and whole; it cannot wait, be lost or fail: `simulation/links.ts` adds that.
 */
import { freezeIdOf } from "../../kernel/basket.ts";
import type { Clock } from "../../kernel/clock.ts";
import { canMove, ENDED_STATES, isUnfinished, localState, STOCK_EFFECTS, targetOf, type TransactionState, type UnfinishedState } from "../../kernel/states.ts";
import type { DishRow, StockChangeKind, TransactionRecord } from "../../kernel/types.ts";
import {
  LedgerFailure,
  SUPPLIED_MAX,
  type BranchRecord,
  type BranchReport,
  type ChangeVerdict,
  type ClaimedBranch,
  type Due,
  type Ledger,
  type LedgerBatch,
  type LedgerBatchResult,
  type LedgerMove,
  type LedgerStockChange,
  type LedgerTry,
  type MoveVerdict,
  type NewCoupon,
  type NewDish,
  type SettledTransaction,
  type TryVerdict,
} from "./ledger.ts";
import { MemoryBranches, type AttemptView } from "./memory-branches.ts";
import { copies, copyOfDish, copyOfRecord, firstWithin, tombstone } from "./memory-rows.ts";

/** What a timeline adds to every version, as in Postgres (SQL: dish_version). */
const TIMELINE = 2 ** 40;

export interface CouponView {
  couponId: string;
  storeId: string | null;
  state: "AVAILABLE" | "FROZEN" | "USED";
  txId: string | null;
}

export interface OrderView {
  orderId: string;
  txId: string;
  state: TransactionState;
}

export interface MovementView {
  dishId: string;
  kind: "SUPPLY" | Extract<StockChangeKind, "RESTOCK" | "WRITE_OFF">;
  /** Signed: a write-off is negative. */
  quantity: number;
  actionKey: string;
}

/** Everything there is, copied: for checkers. */
export interface LedgerView {
  dishes: DishRow[];
  transactions: TransactionRecord[];
  orders: OrderView[];
  coupons: CouponView[];
  movements: MovementView[];
  branches: BranchRecord[];
  attempts: AttemptView[];
  /** Review tickets that are open, by transaction. */
  reviews: { txId: string; ticketId: string }[];
}

type Judgement = MoveVerdict | "LATE";
type StockMove = keyof typeof STOCK_EFFECTS;

export class MemoryLedger implements Ledger {
  private readonly dishes = new Map<string, DishRow>();
  private readonly transactions = new Map<string, TransactionRecord>();
  private readonly orders = new Map<string, OrderView>();
  private readonly coupons = new Map<string, CouponView>();
  private readonly movements: MovementView[] = [];
  private readonly actions = new Map<string, { request: string; answer: ChangeVerdict | null }>();
  private readonly branches = new MemoryBranches();
  private readonly traces = new Map<string, string>();
  private readonly reviews = new Map<string, { ticketId: string; open: boolean }>();
  private tickets = 0;
  private timeline = 1;

  constructor(private readonly clock: Clock) {}

  /** A standby takes over that has everything that was committed. */
  failOver(): void {
    this.timeline++;
    for (const dish of this.dishes.values()) dish.version += TIMELINE;
  }

  async runBatch(batch: LedgerBatch): Promise<LedgerBatchResult> {
    const atMs = Math.floor(this.clock.nowMs());
    this.checkRoom(batch.changes);
    const touched = new Set<DishRow>();
    const moves = this.moveAll(batch, atMs, touched);
    const changes = batch.changes.map((change) => this.change(change, touched));
    const trys = batch.trys.map((request) => this.try(request, atMs, touched));
    for (const dish of touched) dish.version++;
    return {
      atMs,
      moves,
      trys,
      changes: changes.map((finish) => finish()),
      dishes: batch.dishIds.map((dishId) => copyOfDish(this.dishes.get(dishId))),
    };
  }

  async findTransactions(txIds: readonly string[]): Promise<(TransactionRecord | null)[]> {
    return txIds.map((txId) => {
      const record = this.transactions.get(txId);
      return record ? copyOfRecord(record) : null;
    });
  }

  async readDishes(dishIds: readonly string[]): Promise<(DishRow | null)[]> {
    return dishIds.map((dishId) => copyOfDish(this.dishes.get(dishId)));
  }

  async look(txIds: readonly string[], dishIds: readonly string[]): ReturnType<Ledger["look"]> {
    return { transactions: await this.findTransactions(txIds), dishes: await this.readDishes(dishIds) };
  }

  /** Payments, bulk work and tellings are in no ledger in memory. */
  async findDue(withinMs: number): Promise<Due> {
    const nowMs = this.clock.nowMs();
    const expiries = [...this.transactions.values()].filter(({ state }) => state === "RESERVED").map(({ expiresAtMs }) => expiresAtMs);
    return { reservations: firstWithin(expiries, nowMs, withinMs), branches: firstWithin(this.branches.times(), nowMs, withinMs), payments: null, bulk: null, tellings: null };
  }

  async findExpired(limit: number): Promise<TransactionRecord[]> {
    const nowMs = this.clock.nowMs();
    return [...this.transactions.values()]
      .filter(({ state, expiresAtMs }) => state === "RESERVED" && expiresAtMs <= nowMs)
      .sort((a, b) => a.expiresAtMs - b.expiresAtMs)
      .slice(0, limit)
      .map(copyOfRecord);
  }

  async findBranches(txIds: readonly string[]): Promise<BranchRecord[][]> {
    return txIds.map((txId) => this.branches.of(txId));
  }

  async claimBranches(limit: number): Promise<ClaimedBranch[]> {
    return this.branches.claim(limit, Math.floor(this.clock.nowMs())).map((branch) => ({
      ...branch,
      state: branch.state as UnfinishedState,
      storeId: this.transactions.get(branch.txId)?.storeId ?? "",
      traceId: this.traces.get(branch.txId) ?? "",
    }));
  }

  async settleBranches(reports: readonly BranchReport[]): Promise<SettledTransaction[]> {
    const nowMs = Math.floor(this.clock.nowMs());
    for (const report of reports) this.branches.report(report, nowMs);
    return [...new Set(reports.map(({ txId }) => txId))].flatMap((txId) => {
      const record = this.transactions.get(txId);
      return record ? [this.endIfDone(record, nowMs)] : [];
    });
  }

  async hastenBranches(txIds: readonly string[]): Promise<number> {
    const nowMs = Math.floor(this.clock.nowMs());
    return txIds.reduce((count, txId) => count + this.branches.hasten(txId, nowMs), 0);
  }

  async createDish(dish: NewDish): ReturnType<Ledger["createDish"]> {
    const { dishId, storeId, names, priceCents, supplied, actionKey } = dish;
    const request = JSON.stringify(["CREATE_DISH", dishId, storeId, names.en, names["zh-CN"], priceCents, supplied]);
    const earlier = this.actions.get(actionKey);
    if (earlier) {
      if (earlier.request !== request || earlier.answer?.verdict !== "APPLIED") return { verdict: "MISMATCH" };
      return { verdict: "REPLAYED", dish: { ...earlier.answer.dish } };
    }
    if (this.dishes.has(dishId)) return { verdict: "EXISTS" };
    const row: DishRow = { dishId, storeId, supplied, available: supplied, frozen: 0, sold: 0, onSale: true, version: this.timeline * TIMELINE + 1 };
    this.dishes.set(dishId, row);
    this.movements.push({ dishId, kind: "SUPPLY", quantity: supplied, actionKey });
    this.actions.set(actionKey, { request, answer: { verdict: "APPLIED", dish: { ...row } } });
    return { verdict: "CREATED", dish: { ...row } };
  }

  async createCoupon({ couponId, storeId, amountCents, actionKey }: NewCoupon): ReturnType<Ledger["createCoupon"]> {
    const request = JSON.stringify(["CREATE_COUPON", couponId, storeId, amountCents]);
    const earlier = this.actions.get(actionKey);
    if (earlier) return { verdict: earlier.request === request ? "REPLAYED" : "MISMATCH" };
    if (this.coupons.has(couponId)) return { verdict: "EXISTS" };
    this.coupons.set(couponId, { couponId, storeId, state: "AVAILABLE", txId: null });
    this.actions.set(actionKey, { request, answer: null });
    return { verdict: "CREATED" };
  }

  inspect(): LedgerView {
    return {
      dishes: copies([...this.dishes.values()]),
      transactions: [...this.transactions.values()].map(copyOfRecord),
      orders: copies([...this.orders.values()]),
      coupons: copies([...this.coupons.values()]),
      movements: copies(this.movements),
      ...this.branches.inspect(),
      reviews: [...this.reviews].filter(([, { open }]) => open).map(([txId, { ticketId }]) => ({ txId, ticketId })),
    };
  }

  private endIfDone(record: TransactionRecord, nowMs: number): SettledTransaction {
    const { txId, storeId, state } = record;
    const review = this.reviews.get(txId);
    let openedTicketId: string | null = null;
    const ended = isUnfinished(state) && this.branches.allDone(txId);
    if (ended) {
      this.setState(record, ENDED_STATES[state], nowMs);
      if (review) review.open = false;
    } else if (isUnfinished(state) && state !== "TRYING" && this.branches.failing(txId) && !review?.open) {
      openedTicketId = review?.ticketId ?? this.newTicketId();
      this.reviews.set(txId, { ticketId: openedTicketId, open: true });
      record.ticketId ??= openedTicketId;
    }
    return { txId, storeId, state: record.state, ended, openedTicketId };
  }

  private setState(record: TransactionRecord, state: TransactionState, atMs: number): void {
    const order = this.orders.get(record.orderId);
    if (order?.txId === record.txId) order.state = state;
    record.state = state;
    record.updatedAtMs = atMs;
  }

  private newTicketId(): string {
    return `T${1001 + this.tickets++}`;
  }

  /** Judges every move by itself, then applies them: releases first, then what takes portions, each in order of arrival. */
  private moveAll({ moves, dishIds }: LedgerBatch, atMs: number, touched: Set<DishRow>): MoveVerdict[] {
    const locked = new Set(dishIds);
    const judgements: Judgement[] = moves.map((move) => this.judge(move, atMs, locked));
    moves.forEach((move, index) => {
      if (judgements[index] === "MOVED" || judgements[index] === "DECIDED") this.apply(move, atMs, touched);
      if (judgements[index] === "FENCED") this.transactions.set(move.txId, tombstone(move, atMs));
    });
    return judgements.map((judgement, index) => {
      if (judgement !== "LATE") return judgement;
      const move = moves[index] as LedgerMove;
      const record = this.transactions.get(move.txId) as TransactionRecord;
      if (record.ticketId === null && this.fitsAgain(record)) {
        this.apply(move, atMs, touched);
        return "MOVED";
      }
      record.ticketId ??= this.newTicketId();
      return "REFUND_DUE";
    });
  }

  private judge({ txId, to }: LedgerMove, atMs: number, locked: ReadonlySet<string>): Judgement {
    const record = this.transactions.get(txId);
    if (!record) return to === "CANCELLED" ? "FENCED" : "UNKNOWN";
    const target = targetOf(to, record.remoteBranches);
    if (!canMove(record.state, target)) return "NOT_MOVED";
    if (to === "EXPIRED" && record.expiresAtMs > atMs) return "NOT_MOVED";
    if (!record.lines.every(({ dishId }) => locked.has(dishId))) return "NOT_LOCKED";
    if (record.state === "EXPIRED" && to === "CONFIRMED") return "LATE";
    return target === to ? "MOVED" : "DECIDED";
  }

  private fitsAgain({ lines, couponId }: TransactionRecord): boolean {
    const stocked = lines.every(({ dishId, quantity }) => (this.dishes.get(dishId)?.available ?? 0) >= quantity);
    return stocked && (couponId === null || this.coupons.get(couponId)?.state === "AVAILABLE");
  }

  private apply({ txId, to, cause }: LedgerMove, atMs: number, touched: Set<DishRow>): void {
    const record = this.transactions.get(txId) as TransactionRecord;
    const target = targetOf(to, record.remoteBranches);
    const effect = STOCK_EFFECTS[`${record.state}>${target}` as StockMove];
    for (const line of record.lines) {
      const dish = this.dishes.get(line.dishId) as DishRow;
      dish.available += effect.available * line.quantity;
      dish.frozen += effect.frozen * line.quantity;
      dish.sold += effect.sold * line.quantity;
      if (effect.available !== 0 || effect.sold !== 0) touched.add(dish);
      line.state = localState(target);
    }
    const coupon = record.couponId === null ? undefined : this.coupons.get(record.couponId);
    if (coupon && to === "CONFIRMED") Object.assign(coupon, { state: "USED", txId });
    else if (coupon?.txId === txId) Object.assign(coupon, { state: "AVAILABLE", txId: null });
    this.setState(record, target, atMs);
    record.cause = target === "CANCELLING" || target === "CANCELLED" ? cause : null;
    this.branches.decide(txId, target, atMs);
  }

  /** As a row of 32 bits does: a restock that does not fit fails its whole batch, before anything is written. */
  private checkRoom(changes: readonly LedgerStockChange[]): void {
    const supplied = new Map<string, number>();
    for (const { actionKey, kind, dishId, quantity } of changes) {
      const dish = this.dishes.get(dishId);
      if (!dish || this.actions.has(actionKey)) continue;
      const before = supplied.get(dishId) ?? dish.supplied;
      const after = kind === "RESTOCK" ? before + quantity : before;
      if (after > SUPPLIED_MAX) throw new LedgerFailure("poisoned", `${dishId} would be supplied with ${after} portions.`, undefined, true);
      supplied.set(dishId, after);
    }
  }

  /** @returns its verdict, to be asked for when the batch is done: the answer is the dish as the batch leaves it. */
  private change(change: LedgerStockChange, touched: Set<DishRow>): () => ChangeVerdict {
    const { actionKey, requestHash, kind, dishId, quantity } = change;
    const earlier = this.actions.get(actionKey);
    if (earlier) {
      const { request, answer } = earlier;
      if (request !== requestHash || answer === null) return () => ({ verdict: "MISMATCH" });
      return () => structuredClone(answer.verdict === "APPLIED" ? { ...answer, verdict: "REPLAYED" as const } : answer);
    }
    const dish = this.dishes.get(dishId);
    if (!dish) return () => ({ verdict: "UNKNOWN_DISH" });
    if (kind === "WRITE_OFF" && dish.available < quantity) {
      const refusal: ChangeVerdict = { verdict: "INSUFFICIENT_STOCK", available: dish.available };
      this.actions.set(actionKey, { request: requestHash, answer: refusal });
      return () => refusal;
    }
    if (kind === "RESTOCK" || kind === "WRITE_OFF") {
      const signed = kind === "RESTOCK" ? quantity : -quantity;
      dish.supplied += signed;
      dish.available += signed;
      touched.add(dish);
      this.movements.push({ dishId, kind, quantity: signed, actionKey });
    } else if (dish.onSale !== (kind === "RESUME")) {
      dish.onSale = kind === "RESUME";
      touched.add(dish);
    }
    return () => {
      const answer: ChangeVerdict = { verdict: "APPLIED", dish: { ...dish } };
      this.actions.set(actionKey, { request: requestHash, answer });
      return structuredClone(answer);
    };
  }

  private try(request: LedgerTry, atMs: number, touched: Set<DishRow>): TryVerdict {
    const verdict = this.judgeTry(request);
    if (verdict !== "ACCEPTED") return verdict;
    const { txId, storeId, orderId, couponId, payloadHash, ttlSeconds, lines, traceId, branches = [] } = request;
    const state = branches.length > 0 ? "TRYING" : "RESERVED";
    for (const { dishId, quantity } of lines) {
      const dish = this.dishes.get(dishId) as DishRow;
      dish.available -= quantity;
      dish.frozen += quantity;
      touched.add(dish);
    }
    const coupon = couponId === null ? undefined : this.coupons.get(couponId);
    if (coupon) Object.assign(coupon, { state: "FROZEN", txId });
    if (branches.length > 0) {
      this.branches.begin(txId, branches, atMs);
      this.traces.set(txId, traceId);
    }
    this.orders.set(orderId, { orderId, txId, state });
    this.transactions.set(txId, {
      txId,
      storeId,
      orderId,
      couponId,
      state,
      cause: null,
      payloadHash,
      lines: lines.map((line, index) => ({ ...line, freezeId: freezeIdOf(txId, index + 1), state: "RESERVED" })),
      ticketId: null,
      remoteBranches: branches.length,
      createdAtMs: atMs,
      updatedAtMs: atMs,
      expiresAtMs: atMs + ttlSeconds * 1_000,
    });
    return verdict;
  }

  private judgeTry({ txId, storeId, orderId, couponId, lines }: LedgerTry): TryVerdict {
    if (this.transactions.has(txId)) return "KNOWN";
    const order = this.orders.get(orderId);
    if (order && order.state !== "CANCELLED") return "ORDER_CONFLICT";
    const dishes = lines.map(({ dishId }) => this.dishes.get(dishId));
    if (dishes.some((dish) => !dish)) return "UNKNOWN_DISH";
    if (dishes.some((dish) => dish?.storeId !== storeId)) return "WRONG_STORE";
    if (dishes.some((dish) => !dish?.onSale)) return "DISH_PAUSED";
    if (lines.some(({ quantity }, index) => (dishes[index] as DishRow).available < quantity)) return "SOLD_OUT";
    if (couponId === null) return "ACCEPTED";
    const coupon = this.coupons.get(couponId);
    if (!coupon) return "UNKNOWN_COUPON";
    const usable = coupon.state === "AVAILABLE" && (coupon.storeId === null || coupon.storeId === storeId);
    return usable ? "ACCEPTED" : "COUPON_UNAVAILABLE";
  }
}
