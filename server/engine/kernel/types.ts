/**
 * The words the engine speaks with the outside: plain data only, so that it can live in a thread or a process of its own.
 * Quantities are portions, times ending in Ms are milliseconds; `…AtMs` is since the epoch, by the database's clock.
 */
import type { EngineErrorCode, RefusalTier } from "./errors.ts";
import type { HistogramSnapshot } from "./histogram.ts";
import type { BranchOperation, CancelCause, TransactionState } from "./states.ts";

/** What accompanies every call. */
export interface CallContext {
  /** What is left of the caller's time, in milliseconds. The engine never spends more. */
  timeoutMs: number;
  /** W3C trace id, 32 hex digits. */
  traceId: string;
  /** Time the request spent in front of the engine. */
  accessMs?: number;
}

export interface BasketLine {
  dishId: string;
  quantity: number;
}

/** Another service that takes part in a transaction. */
export interface RemoteBranch {
  /** Its configured name; its host when the request gave its URLs. */
  participant: string;
  tryUrl: string;
  confirmUrl: string;
  cancelUrl: string;
  /** JSON that every call carries; null: none. */
  body: unknown;
}

export interface TryRequest {
  txId: string;
  storeId: string;
  /** Distinct dishes: see `mergeLines`. */
  lines: BasketLine[];
  orderId: string;
  couponId: string | null;
  ttlSeconds: number;
  /** Other services that take part. Absent: none. */
  participants?: RemoteBranch[];
}

export interface ReservedLine extends BasketLine {
  freezeId: string;
}

export interface TryAnswer {
  txId: string;
  state: TransactionState;
  lines: ReservedLine[];
  expiresAtMs: number;
  /** True when an earlier call with this txId did the work. */
  replayed: boolean;
}

export interface MoveAnswer {
  txId: string;
  state: TransactionState;
}

/** One dish as the ledger has it: the row, after a batch or a read. */
export interface DishRow {
  dishId: string;
  storeId: string;
  supplied: number;
  available: number;
  frozen: number;
  sold: number;
  onSale: boolean;
  /** timeline × 2^40 + number of changes: grows with every change, and with every failover of the database. */
  version: number;
}

export type StockChangeKind = "RESTOCK" | "WRITE_OFF" | "PAUSE" | "RESUME";

export interface StockChangeRequest {
  dishId: string;
  kind: StockChangeKind;
  /** Portions; 0 for PAUSE and RESUME. */
  quantity: number;
  reason: string | null;
  /** Who asked: an API key's or an operator's id. */
  actor: string;
  /** Makes the change idempotent; unique in the whole installation. */
  actionKey: string;
}

/** A transaction as the ledger has it. */
export interface TransactionRecord {
  txId: string;
  storeId: string;
  orderId: string;
  couponId: string | null;
  state: TransactionState;
  cause: CancelCause | null;
  /** 32 hex digits; null for the tombstone of an empty rollback, which never had a payload. */
  payloadHash: string | null;
  lines: (ReservedLine & { state: TransactionState })[];
  ticketId: string | null;
  /** How many other services take part. */
  remoteBranches: number;
  createdAtMs: number;
  updatedAtMs: number;
  expiresAtMs: number;
}

/** Time a Try spent in each stage before its batch was sent, in milliseconds. */
export interface StageTimes {
  accessMs: number;
  casMs: number;
  lockMs: number;
  redisMs: number;
}

/** Calls of participants, by operation and what came of them. */
export type BranchCalls = Record<BranchOperation, Partial<Record<"DONE" | "REFUSED" | "ONGOING" | "FAILED" | "NOT_SENT", number>>>;

/** Counters since the process started, tier by tier; gauges say so. */
export interface EngineStats {
  /** Trys that were told no, by who said it and why. A Try that joined another's flight and shared its no counts too. */
  refusals: Record<RefusalTier, Partial<Record<EngineErrorCode, number>>>;
  cas: {
    /** Trys whose every line was admitted in memory. */
    admitted: number;
    /** Trys refused from memory, stock confirmed at most REFUSAL_AGE_MS_MAX ago. */
    refused: number;
    /** Times a Try waited because its portions were promised to others in flight. */
    parked: number;
    /** Compare-and-swaps that lost and went again. */
    casRetries: number;
    /** Reads of cells from the ledger, many in one, because they were missing or too old to refuse from. */
    cellReads: number;
  };
  lock: {
    batches: number;
    /** Operations that left in a batch; divided by `batches`: the mean batch size. */
    batched: number;
    /** Operations that reached their deadline while they waited. */
    timedOut: number;
    /** Trys turned away because the queue was too old. */
    shed: number;
    /** Gauge: operations waiting for a batch now. */
    waiting: number;
    /** Gauge: batches in flight now. */
    inFlight: number;
  };
  redis: {
    takes: number;
    /** Operations sent back to tier 1 because Redis granted too little. */
    short: number;
    failures: number;
    /** Holds that nobody settled in time, found and dropped by this instance's takes; those of dishes nobody takes are not seen. */
    expiredHolds: number;
    /** Gauge. */
    circuit: "closed" | "open" | "halfOpen";
  };
  tcc: {
    reserved: number;
    replayed: number;
    /** Guard refusals: the ledger said no after memory and Redis let the Try through. */
    refused: number;
    confirmed: number;
    cancelled: number;
    expired: number;
    reversed: number;
    /** Batches sent again after a conflict or a lost connection. */
    resent: number;
    /** Batches cut in two to find a poisoned request. */
    bisected: number;
    /** Calls of remote branches, by operation and outcome. */
    calls: BranchCalls;
    /** Review tickets that this instance opened. */
    tickets: number;
    /** Due branches that this instance took up, its own and others'. */
    recovered: number;
    /** Gauge. */
    circuit: "closed" | "open" | "halfOpen";
  };
  feed: {
    /** Messages of this instance that were not sent, and messages of others that it could not read. */
    dropped: number;
    /** Times it began to follow the feed anew, not knowing what it had missed; the first at its start. */
    gaps: number;
  };
}

/** How sizes and times are spread, since the process started. Times are in milliseconds. */
export interface EngineHistograms {
  /** Operations in a batch. */
  batchOperations: HistogramSnapshot;
  /** From joining the queue to leaving with a batch. */
  lockWaitMs: Record<"move" | "try", HistogramSnapshot>;
  /** Time of a Try in each stage; every Try whose batch the ledger was asked about counts once in each. */
  stageMs: Record<keyof StageTimes | "ledgerMs", HistogramSnapshot>;
  /** All of its stages together. */
  tryMs: HistogramSnapshot;
}
