/**
 * The ledger port: the only place that says yes. One batch is one call and one commit across stock, coupons and orders.
 * Adapters: `postgres-ledger.ts` (real) and `memory-ledger.ts` (twin); `ledger.conformance.ts` holds both to one suite.
 */
import type { CancelCause, TransactionState, UnfinishedState } from "../../kernel/states.ts";
import type {
  BasketLine,
  DishRow,
  RemoteBranch,
  StageTimes,
  StockChangeKind,
  TransactionRecord,
} from "../../kernel/types.ts";
import type { BranchAnswer, BranchErrorClass } from "./participants.ts";

/**
 * How long whoever decides about a transaction, or claims its branches, has them for itself: a call of
 * `PARTICIPANT_CALL_MS_MAX`, its report, and a pause of the process. After it anybody may call them again.
 */
export const BRANCH_LEASE_MS = 5_000;

/** A branch that failed more often opens a review ticket. */
export const BRANCH_FAILURES_MAX = 3;

export interface LedgerTry {
  txId: string;
  storeId: string;
  orderId: string;
  couponId: string | null;
  /** 32 hex digits over store, merged lines, coupon, order and participants. */
  payloadHash: string;
  ttlSeconds: number;
  /** Distinct dishes, in order of first appearance. */
  lines: readonly BasketLine[];
  traceId: string;
  stages: StageTimes;
  /** Other services that take part; with any, the Try is accepted as TRYING. Absent: none. */
  branches?: readonly RemoteBranch[];
}

export type MoveTarget = Extract<TransactionState, "CONFIRMED" | "CANCELLED" | "EXPIRED" | "REVERSED">;

export interface LedgerMove {
  txId: string;
  to: MoveTarget;
  /** Recorded when the transaction is cancelled by it. */
  cause: CancelCause | null;
}

export interface LedgerStockChange {
  actionKey: string;
  /** 32 hex digits over the request: the same key with another hash is a misuse. */
  requestHash: string;
  kind: StockChangeKind;
  dishId: string;
  quantity: number;
  reason: string | null;
  actor: string;
}

/**
 * Everything one statement does. Within a batch: distinct txIds over `trys` and `moves`, distinct orderIds over `trys`,
 * distinct actionKeys; `dishIds` holds every dish that a Try, a move or a change touches.
 * Order of effect: moves, then stock changes, then Trys in their order.
 */
export interface LedgerBatch {
  batchId: string;
  dishIds: readonly string[];
  trys: readonly LedgerTry[];
  moves: readonly LedgerMove[];
  changes: readonly LedgerStockChange[];
}

export type TryVerdict =
  | "ACCEPTED"
  | "KNOWN" // the txId exists: read it with findTransactions
  | "ORDER_CONFLICT" // its order belongs to another transaction that is not cancelled
  | "UNKNOWN_DISH"
  | "WRONG_STORE" // a dish of another store
  | "DISH_PAUSED"
  | "SOLD_OUT"
  | "UNKNOWN_COUPON"
  | "COUPON_UNAVAILABLE"; // used, frozen, or another store's

export type MoveVerdict =
  | "MOVED"
  | "DECIDED" // as MOVED for all that is local; its remote branches are the caller's to call for BRANCH_LEASE_MS
  | "NOT_MOVED" // its state does not allow it (or, for EXPIRED, its time has not come): read it
  | "FENCED" // CANCELLED, txId unknown: a tombstone now refuses a late Try
  | "UNKNOWN" // CONFIRMED, REVERSED or EXPIRED of an unknown txId
  | "NOT_LOCKED" // it touches a dish that `dishIds` does not name: ask again with its lines
  | "REFUND_DUE"; // EXPIRED and its portions or coupon are gone: a refund ticket is open, for good

export type ChangeVerdict =
  | { verdict: "APPLIED" | "REPLAYED"; dish: DishRow }
  | { verdict: "UNKNOWN_DISH" }
  | { verdict: "INSUFFICIENT_STOCK"; available: number }
  | { verdict: "MISMATCH" }; // the actionKey was used for another request

export interface LedgerBatchResult {
  /** The database's clock when the batch was decided; an accepted Try expires `ttlSeconds` later. */
  atMs: number;
  trys: readonly TryVerdict[];
  moves: readonly MoveVerdict[];
  changes: readonly ChangeVerdict[];
  /** The row of each of `dishIds` after the batch, unchanged ones too (that heals stale cells); null: no such dish. */
  dishes: readonly (DishRow | null)[];
}

/** A remote branch as the ledger has it. */
export interface BranchRecord extends RemoteBranch {
  txId: string;
  /** From 1, in the order of the request. */
  branchNo: number;
  state: TransactionState;
  /** The fence between instances: the number of the latest call in this state that somebody was given. */
  attempt: number;
  /** Calls in this state that failed. */
  failures: number;
  errorClass: BranchErrorClass | null;
  lastError: string | null;
  httpStatus: number | null;
  /** When anybody may call it again; null: it is done. */
  nextAttemptAtMs: number | null;
}

export interface ClaimedBranch extends RemoteBranch {
  txId: string;
  branchNo: number;
  state: UnfinishedState;
  attempt: number;
  failures: number;
  storeId: string;
  /** The trace of the Try, 32 hex digits. */
  traceId: string;
}

/** What came of one call of a branch. */
export interface BranchReport {
  txId: string;
  branchNo: number;
  /** State and attempt that the call was made for: an older report is kept as history and changes nothing else. */
  state: UnfinishedState;
  /** 0: by hand; it counts whatever was called meanwhile. */
  attempt: number;
  /** OUTSIDE: a person says that it was done by other means. */
  outcome: BranchAnswer["outcome"] | "OUTSIDE";
  errorClass: BranchErrorClass | null;
  message: string | null;
  httpStatus: number | null;
  durationMs: number;
  /** When a branch that is not done may be called again, from now. */
  retryInMs: number;
}

export interface SettledTransaction {
  txId: string;
  storeId: string;
  state: TransactionState;
  /** True when these reports brought it to that state. */
  ended: boolean;
  /** The review ticket that these reports opened. */
  openedTicketId: string | null;
}

/** Why a batch did not answer. The engine's reaction depends on nothing else. */
export type LedgerFailureKind =
  | "conflict" // deadlock, unique violation, moved in between: rolled back, send it again
  | "poisoned" // one request's data broke it (SQLSTATE class 22, 23): rolled back, bisect
  | "unknown" // the connection was lost: it may or may not have committed; sending it again is safe
  | "unavailable"; // refused before it began: nothing was written

const LEDGER_FAILURE = Symbol.for("eightysix.ledgerFailure");

/** Portions a dish can be supplied with in all: a row counts in 32 bits. A batch that would pass it is `poisoned`. */
export const SUPPLIED_MAX = 2 ** 31 - 1;

export class LedgerFailure extends Error {
  readonly kind: LedgerFailureKind;
  /** Of a poisoned batch: a number did not fit. */
  readonly overflow: boolean;
  readonly [LEDGER_FAILURE] = true;

  constructor(kind: LedgerFailureKind, message: string, cause?: unknown, overflow = false) {
    super(message, { cause });
    this.name = "LedgerFailure";
    this.kind = kind;
    this.overflow = overflow;
  }
}

export function isLedgerFailure(value: unknown): value is LedgerFailure {
  return typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[LEDGER_FAILURE] === true;
}

export interface NewDish {
  dishId: string;
  storeId: string;
  names: { en: string; "zh-CN": string };
  priceCents: number;
  supplied: number;
  actor: string;
  actionKey: string;
}

export interface NewCoupon {
  couponId: string;
  storeId: string | null;
  amountCents: number;
  actor: string;
  actionKey: string;
}

/** Milliseconds until the first of each kind of waiting work is due, by the ledger's clock; overdue: 0 or less; null: none soon. */
export interface Due {
  reservations: number | null;
  branches: number | null;
  payments: number | null;
  /** Steps of verbs for frozen lists. */
  bulk: number | null;
  /** What people outside are to be told. */
  tellings: number | null;
}

/** Every method rejects with a LedgerFailure and nothing else when the ledger cannot answer. */
export interface Ledger {
  /** Runs one batch in one commit. */
  runBatch(batch: LedgerBatch): Promise<LedgerBatchResult>;
  /** One round trip for any number of ids; answers in their order. */
  findTransactions(txIds: readonly string[]): Promise<(TransactionRecord | null)[]>;
  /** One round trip for any number of dishes; answers in their order. */
  readDishes(dishIds: readonly string[]): Promise<(DishRow | null)[]>;
  /** Both of the above in one round trip, as of one moment. */
  look(txIds: readonly string[], dishIds: readonly string[]): Promise<{ transactions: (TransactionRecord | null)[]; dishes: (DishRow | null)[] }>;
  /** What will be due within so long: one question for everything that waits in this database. */
  findDue(withinMs: number): Promise<Due>;
  /** RESERVED transactions whose time is up by the database's clock, oldest first. */
  findExpired(limit: number): Promise<TransactionRecord[]>;
  /** The remote branches of each transaction, in the order of their numbers; answers in the order of `txIds`. */
  findBranches(txIds: readonly string[]): Promise<BranchRecord[][]>;
  /** Due branches for the caller alone, for BRANCH_LEASE_MS; with their new attempt. TRYING ones were interrupted. */
  claimBranches(limit: number): Promise<ClaimedBranch[]>;
  /** Writes reports down and ends what has nothing left to do. A report that is sent twice counts once. One answer a transaction. */
  settleBranches(reports: readonly BranchReport[]): Promise<SettledTransaction[]>;
  /** Undone branches that are not TRYING become due now. @returns how many. */
  hastenBranches(txIds: readonly string[]): Promise<number>;
  /** Makes the dish, its store when that is new, and its first movement. */
  createDish(dish: NewDish): Promise<{ verdict: "CREATED" | "REPLAYED"; dish: DishRow } | { verdict: "EXISTS" | "MISMATCH" }>;
  createCoupon(coupon: NewCoupon): Promise<{ verdict: "CREATED" | "REPLAYED" | "EXISTS" | "MISMATCH" }>;
}
