/**
 * A History is what happened in a run, as plain data: what callers asked and heard, and what the ledger committed.
 * The checks read nothing else, so a history recorded from real servers is checked like one from a simulation.
 */
import type { EngineErrorCode, RefusalTier } from "../kernel/errors.ts";
import type { DishRow, MoveAnswer, StockChangeRequest, TryAnswer, TryRequest } from "../kernel/types.ts";
import type { LedgerBatch, LedgerBatchResult, SettledTransaction } from "../tiers/tcc/ledger.ts";

/** How a call ended for its caller. Times are milliseconds on one clock that is right. */
export type Ending<Answer> =
  | { kind: "answered"; answer: Answer }
  /** A no. `shortages`: the dishes it named, with what was wanted of each. */
  | { kind: "refused"; code: EngineErrorCode; retryable: boolean; tier: RefusalTier | null; shortages: { dishId: string; wanted: number }[] }
  /** Nothing was heard: the connection broke, the process died, the caller gave up. */
  | { kind: "unknown" };

interface CallBase<Verb, Request, Answer> {
  verb: Verb;
  request: Request;
  /** The instance that was asked. */
  at: string;
  startedAtMs: number;
  endedAtMs: number;
  ending: Ending<Answer>;
}

export type TryCall = CallBase<"try", TryRequest, TryAnswer>;
export type MoveCall = CallBase<"confirm" | "cancel" | "reverse", { txId: string }, MoveAnswer>;
export type ChangeCall = CallBase<"change", StockChangeRequest, DishRow>;
export type Call = TryCall | MoveCall | ChangeCall;

/** One commit of the ledger: a batch, or what participants said, which may have ended transactions. */
export type Commit =
  | { kind: "batch"; atMs: number; instance: string; batch: LedgerBatch; result: LedgerBatchResult }
  | { kind: "report"; atMs: number; instance: string; transactions: readonly SettledTransaction[] };

/** What there was before anything happened. */
export interface Supply {
  dishes: { dishId: string; storeId: string; supplied: number }[];
  couponIds: string[];
}

export interface History {
  supply: Supply;
  /** In the order in which they ended. */
  calls: Call[];
  /** In their order. Empty when the ledger could not be watched: then only the callers' words are checked. */
  commits: Commit[];
  /** How long after its time a commit may have become visible; absent: it is seen at the moment it happens. */
  commitMsMax?: number;
}
