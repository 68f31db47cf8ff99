/**
 * How the console's routes say no: the public API's problem details, in the words of somebody at a screen.
 */
import type { Context } from "hono";
import { ERRORS, problemType } from "../contracts/errors.ts";
import type { ErrorCode } from "../contracts/errors.ts";
import { isEngineError, type EngineError } from "../engine/kernel/errors.ts";
import { ActionKeyMisused } from "./action-log.ts";
import { Refused } from "./route-tools.ts";

export function problem(c: Context, code: ErrorCode, detail: string, more: Record<string, unknown> = {}): Response {
  const { status, title, retryable } = ERRORS[code];
  const body = { type: problemType(code), title: titleOf(code, title), status, code, detail, retryable, ...more };
  c.header("Cache-Control", "no-store");
  return c.newResponse(JSON.stringify(body), status as 400, { "Content-Type": "application/problem+json" });
}

/** Whatever a route threw. What is nobody's fault outside is told to `onError`, and says nothing of the inside. */
export function failure(c: Context, error: unknown, onError: (error: unknown) => void): Response {
  if (error instanceof Refused) return problem(c, error.code, error.message, error.more);
  if (error instanceof ActionKeyMisused) return problem(c, "IDEMPOTENCY_MISMATCH", error.message);
  if (isEngineError(error) && error.code !== "INTERNAL") return problemOf(c, error);
  onError(error);
  return problem(c, "UNAVAILABLE", "The console's own database call failed.");
}

function problemOf(c: Context, error: EngineError): Response {
  if (error.code === "SUPPLY_LIMIT") return problem(c, "VALIDATION", error.message, { errors: [{ path: "quantity", message: "SUPPLY_LIMIT" }] });
  const code = error.code in ERRORS ? (error.code as ErrorCode) : "UNAVAILABLE";
  const { txId, ticketId, dishes } = error.details;
  return problem(c, code, error.message, { txId, ticketId, dishes });
}

/** The table speaks to programs with API keys; here it is a person with a session. */
function titleOf(code: ErrorCode, title: string): string {
  if (code === "UNAUTHENTICATED") return "Not signed in";
  if (code === "FORBIDDEN") return "Not allowed";
  if (code === "RATE_LIMITED") return "Too many attempts";
  return title;
}
