"use client";
/**
 * Something read over HTTP, again and again while somebody looks. Who asks out of turn, after an act, hears nothing older than
 * that; a read that fails leaves what was known, and says so when it has been failing for a while.
 */
import { useCallback, useEffect, useRef, useState } from "react";

const PATIENCE_MS = 8_000;
/** So many reads in a row must fail before what is shown counts as old. */
const MISSED_MAX = 2;

export interface Polled<T> {
  value: T;
  /** The last reads failed: what is shown may be old. */
  stale: boolean;
  /** Why the last read failed; null when it did not. */
  failure: unknown;
  again(): void;
}

/**
 * @param first null: nothing is known yet, it is asked at once.
 * @param read must stay the same while the same thing is read: another one is asked at once.
 * @param everyMs null: only when `again` is called.
 */
export function usePoll<T>(first: T, read: (signal: AbortSignal) => Promise<NonNullable<T>>, everyMs: number | null): Polled<T> {
  const [value, setValue] = useState(first);
  const [{ missed, failure }, setMissed] = useState<{ missed: number; failure: unknown }>({ missed: 0, failure: null });
  const asked = useRef(0);
  /** The question that is under way: a slow answer is waited for, not overtaken by the next turn. */
  const waiting = useRef(0);
  const again = useCallback(() => {
    const mine = ++asked.current;
    waiting.current = mine;
    const answered = (then: () => void) => {
      if (mine !== asked.current) return;
      waiting.current = 0;
      then();
    };
    read(AbortSignal.timeout(PATIENCE_MS)).then(
      (next) =>
        answered(() => {
          setValue(next);
          setMissed({ missed: 0, failure: null });
        }),
      (error: unknown) => answered(() => setMissed((before) => ({ missed: before.missed + 1, failure: error }))),
    );
  }, [read]);
  const before = useRef(first === null ? null : read);
  useEffect(() => {
    if (before.current !== read) again();
    before.current = read;
    if (everyMs === null) return;
    const timer = window.setInterval(() => document.hidden || waiting.current !== 0 || again(), everyMs);
    return () => window.clearInterval(timer);
  }, [read, again, everyMs]);
  return { value, stale: missed >= MISSED_MAX, failure, again };
}
