"use client";
/**
 * Something read over HTTP, again and again while somebody looks. An answer that was overtaken by a later question is dropped;
 * one that fails leaves what was known.
 */
import { useCallback, useEffect, useRef, useState } from "react";

const PATIENCE_MS = 8_000;

export function usePoll<T>(first: T, read: (signal: AbortSignal) => Promise<T>, everyMs: number): [T, () => void] {
  const [value, setValue] = useState(first);
  const asked = useRef(0);
  const again = useCallback(() => {
    const mine = ++asked.current;
    read(AbortSignal.timeout(PATIENCE_MS)).then(
      (next) => {
        if (mine === asked.current) setValue(next);
      },
      () => undefined,
    );
  }, [read]);
  useEffect(() => {
    const timer = window.setInterval(() => document.hidden || again(), everyMs);
    return () => window.clearInterval(timer);
  }, [again, everyMs]);
  return [value, again];
}
