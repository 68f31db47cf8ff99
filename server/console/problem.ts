/**
 * How the console's routes say no: the public API's problem details, in the words of somebody at a screen.
 */
import type { Context } from "hono";
import { ERRORS, problemType, retryAfterOf } from "../contracts/errors.ts";
import type { ErrorCode } from "../contracts/errors.ts";
import { isEngineError, type EngineError } from "../engine/kernel/errors.ts";
import { ActionKeyMisused, NotBegun } from "./action-log.ts";
import { Refused } from "./route-tools.ts";

/** @param retryAfterMs with 429 and 503: what is known of when it is worth asking again. */
export function problem(c: Context, code: ErrorCode, detail: string, more: Record<string, unknown> = {}, retryAfterMs?: number): Response {
  const { status, title, retryable } = ERRORS[code];
  const body = { type: problemType(code), title: titleOf(code, title), status, code, detail, retryable, ...more };
  const retryAfter = retryAfterOf(status, retryAfterMs);
  if (retryAfter !== null) c.header("Retry-After", retryAfter);
  c.header("Cache-Control", "no-store");
  return c.newResponse(JSON.stringify(body), status as 400, { "Content-Type": "application/problem+json" });
}

/** What is sent there changes nothing that is shown: a person tries again. */
const SIGN_IN = /^\/(api\/)?auth\//;

/**
 * Whatever a route threw. What is nobody's fault outside is told to `onError`, and says nothing of the inside: a 503 promises
 * that nothing was changed, so of a request that may have changed something it says that the outcome is unknown.
 */
export function failure(c: Context, error: unknown, onError: (error: unknown) => void): Response {
  if (error instanceof Refused) return problem(c, error.code, error.message, error.more);
  if (error instanceof ActionKeyMisused) return problem(c, "IDEMPOTENCY_MISMATCH", error.message);
  if (isEngineError(error) && error.code !== "INTERNAL") return problemOf(c, error);
  const notBegun = error instanceof NotBegun;
  onError(notBegun ? error.cause : error);
  const mayHaveChanged = !notBegun && !["GET", "HEAD"].includes(c.req.method) && !SIGN_IN.test(c.req.path);
  if (mayHaveChanged) return problem(c, "DEADLINE_EXCEEDED", "Something failed that should not have, and what came of the request is unknown. It was logged.");
  return problem(c, "UNAVAILABLE", "The console's own database call failed.");
}

function problemOf(c: Context, error: EngineError): Response {
  if (error.code === "SUPPLY_LIMIT") return problem(c, "VALIDATION", error.message, { errors: [{ path: "quantity", message: "SUPPLY_LIMIT" }] });
  const code = error.code in ERRORS ? (error.code as ErrorCode) : "UNAVAILABLE";
  const { txId, ticketId, dishes, retryAfterMs } = error.details;
  return problem(c, code, error.message, { txId, ticketId, dishes }, retryAfterMs);
}

/** The table speaks to programs with API keys; here it is a person with a session. */
function titleOf(code: ErrorCode, title: string): string {
  if (code === "UNAUTHENTICATED") return "Not signed in";
  if (code === "FORBIDDEN") return "Not allowed";
  if (code === "RATE_LIMITED") return "Too many attempts";
  return title;
}
