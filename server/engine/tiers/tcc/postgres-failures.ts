/**
 * What a failed statement means for the batch it carried. It cannot know whether the batch should be sent again: the
 * engine decides that, by the kind alone.
 */
import { isLedgerFailure, LedgerFailure, type LedgerFailureKind } from "./ledger.ts";

/**
 * SQLSTATEs, whole or by class. Postgres reports an error only after it has rolled back, with one exception: a session
 * that is terminated (57P01, 57P02) or loses its connection (08…) may have committed before it could say so.
 */
const KINDS: Readonly<Record<string, LedgerFailureKind>> = {
  "40001": "conflict", // serialization_failure
  "40P01": "conflict", // deadlock_detected
  "23505": "conflict", // unique_violation: a txId, orderId or actionKey was taken meanwhile
  "55P03": "conflict", // lock_not_available: lock_timeout
  EX001: "conflict", // raised by stock_batch: it moved between the look and the write
  "57P01": "unknown", // admin_shutdown
  "57P02": "unknown", // crash_shutdown
  "57P05": "unknown", // idle_session_timeout
  "08": "unknown",
  "21": "poisoned", // one order or action key twice in a batch
  "22": "poisoned", // data: a byte that is no text, a number out of range
  "23": "poisoned", // integrity: a CHECK, a NOT NULL
};

const NUMBER_OUT_OF_RANGE = "22003";

/** For errors of a statement that was sent. Anything not named above was rolled back for a reason of the server's own:
 * a cancelled statement (57014), no memory, no space, a standby, tables that are not there. */
export function failureOf(error: unknown): LedgerFailure {
  if (isLedgerFailure(error)) return error;
  const code = sqlstateOf(error);
  const kind = code === null ? "unknown" : (KINDS[code] ?? KINDS[code.slice(0, 2)] ?? "unavailable");
  const message = `Postgres did not answer the call: ${messageOf(error)}${code === null ? "" : ` (${code})`}`;
  return new LedgerFailure(kind, message, error, code === NUMBER_OUT_OF_RANGE);
}

/** For errors before anything was sent. */
export function refusalOf(error: unknown): LedgerFailure {
  return new LedgerFailure("unavailable", `Postgres cannot be reached: ${messageOf(error)}`, error);
}

/** The server's own code; null for a connection that broke, whose errors carry the operating system's codes. */
function sqlstateOf(error: unknown): string | null {
  const { code, severity } = (error ?? {}) as { code?: unknown; severity?: unknown };
  return typeof code === "string" && typeof severity === "string" ? code : null;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
