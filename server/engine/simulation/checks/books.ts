/**
 * Books keep account of every commit by themselves: where each portion is, whose each coupon and order is. They believe the
 * ledger's verdicts, and hold its rows against what the verdicts add up to. They know nothing the ledger keeps to itself.
 */
import type { TransactionState } from "../../kernel/states.ts";
import type { DishRow } from "../../kernel/types.ts";
import type { LedgerTry } from "../../tiers/tcc/ledger.ts";
import type { Commit, Supply } from "../history.ts";

type Place = "available" | "frozen" | "sold";

/** Where the portions of a transaction are, by its state. */
const PLACES: Record<TransactionState, Place> = {
  TRYING: "frozen",
  RESERVED: "frozen",
  CONFIRMING: "sold",
  CONFIRMED: "sold",
  CANCELLING: "available",
  CANCELLED: "available",
  EXPIRED: "available",
  REVERSING: "available",
  REVERSED: "available",
};

/** The moves there are; said again here, so that an engine that forgets one of its own rules is found out. */
const LEGAL = new Set([
  "RESERVED>CONFIRMED", "RESERVED>CANCELLED", "RESERVED>EXPIRED",
  "EXPIRED>CONFIRMED", "EXPIRED>CANCELLED",
  "CONFIRMED>REVERSED",
]);
const LEGAL_WITH_PARTICIPANTS = new Set([
  "TRYING>RESERVED", "TRYING>CANCELLING",
  "RESERVED>CONFIRMING", "RESERVED>CANCELLING",
  "CONFIRMING>CONFIRMED", "CANCELLING>CANCELLED",
  "CONFIRMED>REVERSING", "REVERSING>REVERSED",
]);

/** What a move leads to when participants have to be told first. */
const DECIDED = { CONFIRMED: "CONFIRMING", CANCELLED: "CANCELLING", EXPIRED: "CANCELLING", REVERSED: "REVERSING" } as const;

export interface DishMoment {
  atMs: number;
  available: number;
  onSale: boolean;
}

interface Move {
  txId: string;
  to: TransactionState;
}

interface Account {
  state: TransactionState;
  request: LedgerTry | null;
  expiresAtMs: number;
  refundDue: boolean;
  /** Every state it was in, and since when. */
  states: { atMs: number; state: TransactionState }[];
}

interface Dish {
  storeId: string;
  supplied: number;
  available: number;
  frozen: number;
  sold: number;
  onSale: boolean;
  version: number;
  moments: DishMoment[];
  /** What the changes of one batch left each other: nobody but them could see it. */
  between: { atMs: number; available: number }[];
}

interface Holder {
  txId: string | null;
  moments: { atMs: number; txId: string | null }[];
}

export class Books {
  readonly dishes = new Map<string, Dish>();
  readonly accounts = new Map<string, Account>();
  readonly coupons = new Map<string, Holder>();
  readonly orders = new Map<string, Holder>();
  /** When each stock change was applied. */
  readonly applied = new Map<string, number>();

  constructor(supply: Supply) {
    for (const { dishId, storeId, supplied } of supply.dishes) {
      const moments = [{ atMs: Number.NEGATIVE_INFINITY, available: supplied, onSale: true }];
      this.dishes.set(dishId, { storeId, supplied, available: supplied, frozen: 0, sold: 0, onSale: true, version: 0, moments, between: [] });
    }
    for (const couponId of supply.couponIds) this.coupons.set(couponId, { txId: null, moments: [{ atMs: Number.NEGATIVE_INFINITY, txId: null }] });
  }

  /** Enters one commit. @returns what is wrong with it. */
  enter(commit: Commit): string[] {
    const wrong: string[] = [];
    if (commit.kind === "batch") this.enterBatch(commit, wrong);
    else for (const { txId, state, ended } of commit.transactions) if (ended) this.move({ txId, to: state }, commit.atMs, new Set(), wrong);
    return wrong;
  }

  private enterBatch({ atMs, batch, result }: Extract<Commit, { kind: "batch" }>, wrong: string[]): void {
    const touched = new Set<string>();
    const moved = batch.moves.flatMap(({ txId, to }, index): Move[] => {
      const verdict = result.moves[index];
      if (verdict === "DECIDED") return [{ txId, to: DECIDED[to] }];
      return verdict === "MOVED" || verdict === "FENCED" ? [{ txId, to }] : [];
    });
    // Releases first, then what takes portions again.
    const takesAgain = (move: Move): boolean => this.accounts.get(move.txId)?.state === "EXPIRED" && move.to === "CONFIRMED";
    const late = moved.filter(takesAgain);
    for (const move of moved.filter((other) => !late.includes(other))) this.move(move, atMs, touched, wrong);
    for (const move of late) this.move(move, atMs, touched, wrong);
    batch.moves.forEach(({ txId }, index) => {
      if (result.moves[index] === "REFUND_DUE") this.refund(txId, touched, wrong);
    });
    batch.changes.forEach((change, index) => {
      if (result.changes[index]?.verdict !== "APPLIED") return;
      if (this.applied.has(change.actionKey)) wrong.push(`${change.actionKey} was applied twice`);
      this.applied.set(change.actionKey, atMs);
      const dish = this.dishes.get(change.dishId);
      if (!dish) return void wrong.push(`${change.dishId} was changed and does not exist`);
      const signed = change.kind === "RESTOCK" ? change.quantity : change.kind === "WRITE_OFF" ? -change.quantity : 0;
      dish.supplied += signed;
      dish.available += signed;
      dish.between.push({ atMs, available: dish.available });
      if (change.kind === "PAUSE") dish.onSale = false;
      if (change.kind === "RESUME") dish.onSale = true;
      touched.add(change.dishId);
    });
    batch.trys.forEach((request, index) => {
      if (result.trys[index] === "ACCEPTED") this.open(request, result.atMs, atMs, touched, wrong);
    });
    result.dishes.forEach((row, index) => {
      const dishId = batch.dishIds[index] as string;
      if (row) wrong.push(...this.compare(dishId, row));
      else if (this.dishes.has(dishId)) wrong.push(`${dishId} is gone`);
      touched.delete(dishId);
    });
    for (const dishId of touched) wrong.push(`${dishId} was changed by a batch that had not locked it`);
    this.note(batch.dishIds, atMs);
  }

  private open(request: LedgerTry, ledgerAtMs: number, atMs: number, touched: Set<string>, wrong: string[]): void {
    const { txId, orderId, couponId, storeId, lines, ttlSeconds } = request;
    const earlier = this.accounts.get(txId);
    if (earlier) wrong.push(`${txId} was accepted although it is ${earlier.state}`);
    const order = this.orders.get(orderId);
    const owner = order?.txId ? this.accounts.get(order.txId) : undefined;
    if (owner && owner.state !== "CANCELLED") wrong.push(`${txId} was accepted although ${order?.txId} has order ${orderId}`);
    for (const { dishId, quantity } of lines) {
      const dish = this.dishes.get(dishId);
      if (!dish) {
        wrong.push(`${txId} was accepted and ${dishId} does not exist`);
        continue;
      }
      if (!dish.onSale) wrong.push(`${txId} was accepted while ${dishId} was paused`);
      if (dish.storeId !== storeId) wrong.push(`${txId} was accepted and ${dishId} is of another store`);
      this.shift(dishId, quantity, "available", "frozen", touched);
    }
    this.takeCoupon(couponId, txId, atMs, wrong);
    this.hold(this.orders, orderId, txId, atMs);
    const state = (request.branches?.length ?? 0) > 0 ? "TRYING" : "RESERVED";
    this.accounts.set(txId, { state, request, expiresAtMs: ledgerAtMs + ttlSeconds * 1_000, refundDue: false, states: [{ atMs, state }] });
  }

  private move({ txId, to }: Move, atMs: number, touched: Set<string>, wrong: string[]): void {
    const account = this.accounts.get(txId);
    if (!account) {
      if (to !== "CANCELLED") wrong.push(`${txId} became ${to} out of nothing`);
      this.accounts.set(txId, { state: to, request: null, expiresAtMs: 0, refundDue: false, states: [{ atMs, state: to }] });
      return;
    }
    const from = account.state;
    const legal = (account.request?.branches?.length ?? 0) > 0 ? LEGAL_WITH_PARTICIPANTS : LEGAL;
    if (!legal.has(`${from}>${to}`)) wrong.push(`${txId} went from ${from} to ${to}`);
    if (account.refundDue && to === "CONFIRMED") wrong.push(`${txId} was sold after its refund was due`);
    if (account.request) {
      const { lines, couponId } = account.request;
      for (const { dishId, quantity } of lines) this.shift(dishId, quantity, PLACES[from], PLACES[to], touched);
      if (PLACES[from] === "available" && PLACES[to] !== "available") this.takeCoupon(couponId, txId, atMs, wrong);
      if (PLACES[from] !== "available" && PLACES[to] === "available" && couponId !== null) this.hold(this.coupons, couponId, null, atMs);
    }
    account.state = to;
    account.states.push({ atMs, state: to });
  }

  private refund(txId: string, touched: ReadonlySet<string>, wrong: string[]): void {
    const account = this.accounts.get(txId);
    if (account?.state !== "EXPIRED") return void wrong.push(`a refund is due for ${txId}, which is ${account?.state ?? "unknown"}`);
    if (account.refundDue) return;
    account.refundDue = true;
    const { lines = [], couponId = null } = account.request ?? {};
    const short = lines.some(({ dishId, quantity }) => (this.dishes.get(dishId)?.available ?? 0) < quantity || touched.has(dishId));
    const couponGone = couponId !== null && (this.coupons.get(couponId)?.txId ?? null) !== null;
    if (!short && !couponGone) wrong.push(`a refund is due for ${txId} although everything it needs is there`);
  }

  private takeCoupon(couponId: string | null, txId: string, atMs: number, wrong: string[]): void {
    if (couponId === null) return;
    const coupon = this.coupons.get(couponId);
    if (!coupon) wrong.push(`${txId} took coupon ${couponId}, which does not exist`);
    else if (coupon.txId !== null) wrong.push(`${txId} took coupon ${couponId}, which ${coupon.txId} has`);
    this.hold(this.coupons, couponId, txId, atMs);
  }

  private hold(holders: Map<string, Holder>, id: string, txId: string | null, atMs: number): void {
    let holder = holders.get(id);
    if (!holder) holders.set(id, (holder = { txId: null, moments: [{ atMs: Number.NEGATIVE_INFINITY, txId: null }] }));
    holder.txId = txId;
    holder.moments.push({ atMs, txId });
  }

  private shift(dishId: string, quantity: number, from: Place, to: Place, touched: Set<string>): void {
    const dish = this.dishes.get(dishId);
    if (!dish || from === to) return;
    dish[from] -= quantity;
    dish[to] += quantity;
    touched.add(dishId);
  }

  private compare(dishId: string, row: DishRow): string[] {
    const dish = this.dishes.get(dishId);
    if (!dish) return [`${dishId} appeared out of nothing`];
    const wrong: string[] = [];
    const { supplied, available, frozen, sold, version } = row;
    if (available < 0 || frozen < 0 || sold < 0) wrong.push(`${dishId} is oversold: ${available} available, ${frozen} frozen, ${sold} sold`);
    if (supplied !== available + frozen + sold) wrong.push(`${dishId}: ${supplied} ≠ ${available} + ${frozen} + ${sold}`);
    for (const column of ["supplied", "available", "frozen", "sold", "onSale"] as const) {
      if (row[column] !== dish[column]) wrong.push(`${dishId}: ${column} is ${row[column]}, its commits add up to ${dish[column]}`);
    }
    if (version < dish.version) wrong.push(`${dishId}: version ${version} after ${dish.version}`);
    const last = dish.moments.at(-1) as DishMoment;
    if (version === dish.version && (last.available !== available || last.onSale !== row.onSale)) wrong.push(`${dishId} changed and its version did not`);
    dish.version = version;
    return wrong;
  }

  private note(dishIds: readonly string[], atMs: number): void {
    for (const dishId of dishIds) {
      const dish = this.dishes.get(dishId);
      if (!dish) continue;
      const last = dish.moments.at(-1) as DishMoment;
      if (last.available !== dish.available || last.onSale !== dish.onSale) dish.moments.push({ atMs, available: dish.available, onSale: dish.onSale });
    }
  }
}

/** Whether something was so at some moment of [fromMs, toMs]; `moments` in order, each lasting until the next. */
export function everBetween<M extends { atMs: number }>(moments: readonly M[], fromMs: number, toMs: number, isSo: (moment: M) => boolean): boolean {
  let [least, most] = [0, moments.length]; // of those that had begun by `toMs`
  while (least < most) {
    const middle = (least + most) >> 1;
    if ((moments[middle] as M).atMs <= toMs) least = middle + 1;
    else most = middle;
  }
  for (let i = least - 1; i >= 0; i--) {
    const moment = moments[i] as M;
    if (isSo(moment)) return true;
    if (moment.atMs <= fromMs) return false; // it held when the time began; what came before is over
  }
  return false;
}

/** Conservation, at every commit: portions are neither made nor lost, and none is sold twice. */
export function checkCommits(supply: Supply, commits: readonly Commit[]): string[] {
  const books = new Books(supply);
  return commits.flatMap((commit) => books.enter(commit).map((what) => `commit at ${commit.atMs.toFixed(1)} ms: ${what}`));
}
