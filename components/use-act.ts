"use client";
/**
 * One act of a person: asked for under an action key, so that asking again after a lost answer does nothing twice. It decides
 * only which key the next attempt uses; what the act is, and what it says, is the dialog's.
 */
import { useState } from "react";
import { ConsoleError } from "./console-client";

export interface Act {
  busy: boolean;
  /** What the last attempt threw, null while there is nothing to say. */
  failure: unknown;
  /** @returns what the attempt threw, null when it went through. One attempt at a time is the caller's to see to, by `busy`. */
  perform(attempt: (actionKey: string) => Promise<void>): Promise<unknown>;
}

export function useAct(): Act {
  const [actionKey, setActionKey] = useState(() => crypto.randomUUID());
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const perform = async (attempt: (actionKey: string) => Promise<void>) => {
    setBusy(true);
    setFailure(null);
    try {
      await attempt(actionKey);
      return null;
    } catch (error) {
      setFailure(error);
      if (isDefiniteNo(error)) setActionKey(crypto.randomUUID());
      return error;
    } finally {
      setBusy(false);
    }
  };
  return { busy, failure, perform };
}

/**
 * A definite no stays a no under its key, so what is mended is asked for under a new one. Whatever may have been done, or be done
 * yet, keeps its key; and words that were changed after a lost answer (a mismatch) must not make a second act of it.
 */
export function isDefiniteNo(error: unknown): boolean {
  return error instanceof ConsoleError && !error.retryable && error.code !== "IDEMPOTENCY_MISMATCH";
}
