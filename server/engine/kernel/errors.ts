/**
 * Every way the engine can say no. It cannot know HTTP: `server/contracts/errors.ts` maps a code to a status.
 * Next compiles modules twice in one process, so an error is recognised by its symbol, never by `instanceof`.
 */

export const ENGINE_ERROR_CODES = [
  "UNKNOWN_DISH",
  "UNKNOWN_COUPON",
  "UNKNOWN_TRANSACTION",
  "WRONG_STORE",
  "SOLD_OUT",
  "DISH_PAUSED",
  "DISH_EXISTS",
  "COUPON_EXISTS",
  "COUPON_UNAVAILABLE",
  "ORDER_CONFLICT",
  "INSUFFICIENT_STOCK",
  "SUPPLY_LIMIT",
  "ILLEGAL_STATE",
  "LATE_TRY",
  "REFUND_DUE",
  "PARTICIPANT_REFUSED",
  "IN_PROGRESS",
  "IDEMPOTENCY_MISMATCH",
  "UNAVAILABLE",
  "OVERLOADED",
  "PARTICIPANT_UNAVAILABLE",
  "DEADLINE_EXCEEDED",
  "INTERNAL",
] as const;

export type EngineErrorCode = (typeof ENGINE_ERROR_CODES)[number];

/** A dish that could not be served: what was asked, and what there was. Both in portions. */
export interface DishShortage {
  dishId: string;
  wanted: number;
  available: number;
}

/** Where a Try was told no: at the door, from memory, at the locks, because of holds in Redis, by the ledger. */
export type RefusalTier = "access" | "cas" | "lock" | "redis" | "tcc";

export interface EngineErrorDetails {
  /** Absent: the ledger, its records included. */
  tier?: RefusalTier;
  txId?: string;
  dishes?: DishShortage[];
  ticketId?: string;
  /** When asking again makes sense. */
  retryAfterMs?: number;
  cause?: unknown;
}

const ENGINE_ERROR = Symbol.for("eightysix.engineError");

/** Codes after which the same call may succeed, sent again unchanged. */
const RETRYABLE: ReadonlySet<EngineErrorCode> = new Set([
  "IN_PROGRESS",
  "UNAVAILABLE",
  "OVERLOADED",
  "PARTICIPANT_UNAVAILABLE",
  "DEADLINE_EXCEEDED",
  "INTERNAL",
]);

export class EngineError extends Error {
  readonly code: EngineErrorCode;
  readonly retryable: boolean;
  readonly details: EngineErrorDetails;
  readonly [ENGINE_ERROR] = true;

  constructor(code: EngineErrorCode, message: string, details: EngineErrorDetails = {}) {
    // Most are answers, not faults: where one was made helps nobody, and finding that out costs more than the rest of a refusal.
    const { stackTraceLimit } = Error;
    if (code !== "INTERNAL") Error.stackTraceLimit = 0;
    super(message, { cause: details.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.name = "EngineError";
    this.code = code;
    this.retryable = RETRYABLE.has(code);
    this.details = details;
  }
}

export function isEngineError(value: unknown): value is EngineError {
  return typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[ENGINE_ERROR] === true;
}
