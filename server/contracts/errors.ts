/**
 * Every way the API says no: code, status, and whether the same request may succeed later. `docs/api.md` lists the same
 * table, and a test compares the two. How the engine's codes become these is `server/api/problem.ts`.
 */
import { z } from "zod";
import { Id } from "./scalars.ts";

interface ErrorKind {
  status: number;
  title: string;
  /** True: the same request, sent again unchanged, may succeed. */
  retryable: boolean;
}

export const ERRORS = {
  VALIDATION: { status: 400, title: "The request is not valid", retryable: false },
  UNAUTHENTICATED: { status: 401, title: "No valid API key", retryable: false },
  FORBIDDEN: { status: 403, title: "The API key lacks the scope", retryable: false },
  UNKNOWN_DISH: { status: 404, title: "No such dish", retryable: false },
  UNKNOWN_COUPON: { status: 404, title: "No such coupon", retryable: false },
  UNKNOWN_TRANSACTION: { status: 404, title: "No such transaction", retryable: false },
  UNKNOWN_ROUTE: { status: 404, title: "No such route", retryable: false },
  SOLD_OUT: { status: 409, title: "Sold out", retryable: false },
  DISH_PAUSED: { status: 409, title: "The dish is not on sale", retryable: false },
  COUPON_UNAVAILABLE: { status: 409, title: "The coupon cannot be used", retryable: false },
  ORDER_CONFLICT: { status: 409, title: "The order has another transaction", retryable: false },
  INSUFFICIENT_STOCK: { status: 409, title: "Not enough portions to write off", retryable: false },
  ILLEGAL_STATE: { status: 409, title: "Not possible in the transaction's state", retryable: false },
  LATE_TRY: { status: 409, title: "The transaction has already ended", retryable: false },
  REFUND_DUE: { status: 409, title: "Paid too late: a refund is due", retryable: false },
  PARTICIPANT_REFUSED: { status: 409, title: "A participant refused", retryable: false },
  DISH_EXISTS: { status: 409, title: "The dish exists", retryable: false },
  COUPON_EXISTS: { status: 409, title: "The coupon exists", retryable: false },
  IN_PROGRESS: { status: 409, title: "Still being tried", retryable: true },
  BODY_TOO_LARGE: { status: 413, title: "The body is too large", retryable: false },
  IDEMPOTENCY_MISMATCH: { status: 422, title: "The id was used for another request", retryable: false },
  RATE_LIMITED: { status: 429, title: "Too many transactions", retryable: true },
  UNAVAILABLE: { status: 503, title: "Not available now", retryable: true },
  OVERLOADED: { status: 503, title: "Overloaded", retryable: true },
  PARTICIPANT_UNAVAILABLE: { status: 503, title: "A participant is not available", retryable: true },
  DEADLINE_EXCEEDED: { status: 504, title: "Out of time: the outcome is unknown", retryable: true },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

export const ERROR_CODES = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]];

/** One wrong place in a request; `path` is dotted (`lines.0.quantity`), and empty for the body as a whole. */
export const FieldError = z.object({ path: z.string(), message: z.string() });
export type FieldError = z.infer<typeof FieldError>;

/** RFC 9457, `application/problem+json`. */
export const Problem = z.object({
  type: z.string().describe("`urn:eightysix:problem:` and the code in lower case with dashes."),
  title: z.string(),
  status: z.int().min(400).max(599),
  code: z.enum(ERROR_CODES),
  detail: z.string(),
  retryable: z.boolean().describe("True: the same request, sent again unchanged, may succeed."),
  traceId: z.string(),
  txId: Id.optional(),
  errors: z.array(FieldError).optional().describe("With VALIDATION: what is wrong, and where."),
  dishes: z
    .array(z.object({ dishId: Id, wanted: z.int(), available: z.int() }))
    .optional()
    .describe("With SOLD_OUT and INSUFFICIENT_STOCK: what was asked for, and what there is."),
  ticketId: z.string().optional().describe("With REFUND_DUE: the refund ticket."),
});
export type Problem = z.infer<typeof Problem>;

/** A problem's `type` from its code. */
export function problemType(code: ErrorCode): string {
  return `urn:eightysix:problem:${code.toLowerCase().replaceAll("_", "-")}`;
}

/** Without a hint of its own: long enough for a breaker to try again, short enough for a lunch rush. */
const RETRY_AFTER_MS_DEFAULT = 1_000;

/** The `Retry-After` of an answer, in whole seconds; null: it has none. */
export function retryAfterOf(status: number, afterMs = RETRY_AFTER_MS_DEFAULT): string | null {
  return status === 429 || status === 503 ? String(Math.max(1, Math.ceil(afterMs / 1_000))) : null;
}
