/**
 * From anything thrown to a problem document. The table of codes is `server/contracts/errors.ts`; this is the way there.
 */
import type { z } from "zod";
import { ERRORS, type ErrorCode, type FieldError, type Problem, problemType, retryAfterOf } from "../contracts/errors.ts";
import { type EngineErrorCode, type EngineErrorDetails, isEngineError } from "../engine/kernel/errors.ts";
import type { Answer } from "./route.ts";

/** A no of the API itself: the engine was not asked, or could not be. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly errors: FieldError[] | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, detail: string, more: { errors?: FieldError[]; retryAfterMs?: number; cause?: unknown } = {}) {
    super(detail, { cause: more.cause });
    this.name = "ApiError";
    this.code = code;
    this.errors = more.errors;
    this.retryAfterMs = more.retryAfterMs;
  }
}

/** Places named in one problem: enough to mend a request, few enough to stay small. */
const FIELD_ERRORS_MAX = 20;

export function invalid(...wrong: [path: string, message: string] | [errors: readonly { path: string; message: string }[]]): ApiError {
  const errors = wrong.length === 1 ? wrong[0].slice(0, FIELD_ERRORS_MAX) : [{ path: wrong[0], message: wrong[1] }];
  const [first] = errors;
  return new ApiError("VALIDATION", first?.path ? `${first.path} ${first.message}.` : `The request ${first?.message ?? "is not valid"}.`, { errors });
}

export function invalidBy(error: z.ZodError): ApiError {
  const errors = error.issues
    .slice(0, FIELD_ERRORS_MAX)
    .map(({ path, message }) => ({ path: path.map(String).join("."), message }));
  const [first] = errors;
  return new ApiError("VALIDATION", first ? `${first.path || "The body"}: ${first.message}.` : "The request is not valid.", {
    errors,
  });
}

/**
 * Engine codes that have another name outside. INTERNAL (the ledger refused the request's data and rolled it back) is
 * UNAVAILABLE: nothing was written.
 */
const RENAMED = { WRONG_STORE: "VALIDATION", SUPPLY_LIMIT: "VALIDATION", INTERNAL: "UNAVAILABLE" } as const satisfies Partial<
  Record<EngineErrorCode, ErrorCode>
>;

/** The compiler proves here that every engine code has a name outside. */
export function codeOf(code: EngineErrorCode): ErrorCode {
  if (code === "WRONG_STORE" || code === "SUPPLY_LIMIT" || code === "INTERNAL") return RENAMED[code];
  return code;
}

/** What the engine found wrong in the request itself, and where. */
const FIELD_ERRORS: Partial<Record<EngineErrorCode, FieldError[]>> = {
  WRONG_STORE: [{ path: "lines", message: "a dish of another store" }],
  SUPPLY_LIMIT: [{ path: "quantity", message: "more than a dish can be supplied with in all" }],
};

export interface ProblemContext {
  traceId: string;
  txId: string | undefined;
  route: string;
  /** Whether this request changes something: then nobody knows what came of it when it fails in a way that nobody expected. */
  mayHaveWritten: boolean;
  /** Told of whatever nobody expected. */
  unexpected(error: unknown, traceId: string, route: string): void;
}

/**
 * Never throws. Whatever is neither an engine error nor an API error is reported, and becomes UNAVAILABLE; of a request that
 * changes something DEADLINE_EXCEEDED, since after a 503 nothing was written, and here that is not known.
 */
export function problemAnswer(error: unknown, context: ProblemContext): Answer {
  if (error instanceof ApiError) return answerOf(error.code, error.message, error, { txId: context.txId }, context.traceId);
  if (isEngineError(error)) {
    const wrongStore = error.code === "WRONG_STORE";
    if (error.code === "INTERNAL") context.unexpected(error, context.traceId, context.route);
    return answerOf(
      codeOf(error.code),
      wrongStore ? "The basket has a dish of another store." : error.message,
      {
        errors: FIELD_ERRORS[error.code],
        retryAfterMs: error.details.retryAfterMs,
      },
      { ...error.details, txId: error.details.txId ?? context.txId },
      context.traceId,
    );
  }
  context.unexpected(error, context.traceId, context.route);
  const [code, detail]: [ErrorCode, string] = context.mayHaveWritten
    ? ["DEADLINE_EXCEEDED", "Something failed that should not have, and what came of the request is unknown. It was logged; ask again with the same id."]
    : ["UNAVAILABLE", "Something failed that should not have. It was logged."];
  return answerOf(code, detail, {}, { txId: context.txId }, context.traceId);
}

function answerOf(
  code: ErrorCode,
  detail: string,
  more: { errors?: FieldError[] | undefined; retryAfterMs?: number | undefined },
  about: EngineErrorDetails,
  traceId: string,
): Answer {
  const { status, title, retryable } = ERRORS[code];
  const body: Problem = { type: problemType(code), title, status, code, detail, retryable, traceId };
  if (about.txId !== undefined) body.txId = about.txId;
  if (more.errors) body.errors = more.errors;
  if (about.dishes) body.dishes = about.dishes;
  if (about.ticketId !== undefined) body.ticketId = about.ticketId;
  const answer: Answer = { status, body, contentType: "application/problem+json" };
  const retryAfter = retryAfterOf(status, more.retryAfterMs);
  if (retryAfter !== null) {
    answer.headers = { "retry-after": retryAfter };
  } else if (status === 401) {
    answer.headers = { "www-authenticate": 'Bearer realm="eightysix", Basic realm="eightysix", charset="UTF-8"' };
  }
  return answer;
}
