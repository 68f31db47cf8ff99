"use client";
/** What the server knows of what is typed: asked at each pause, the answer to anything older dropped. */
import { useEffect, useState } from "react";
import type { Found } from "@/server/contracts/find";
import { find } from "./client";

/** A pause in somebody's typing. */
const PAUSE_MS = 120;

interface Finding {
  /** Of what was asked last; null before the first answer, and while nothing is typed. */
  found: Found | null;
  /** What is typed has not been answered yet. */
  searching: boolean;
  failure: unknown;
}

export function useFind(q: string): Finding {
  const [answer, setAnswer] = useState<{ q: string; found: Found | null; failure: unknown }>({ q: "", found: null, failure: null });
  useEffect(() => {
    if (q === "") return;
    const stop = new AbortController();
    const timer = window.setTimeout(() => {
      find(q, stop.signal).then(
        (found) => setAnswer({ q, found, failure: null }),
        (failure: unknown) => stop.signal.aborted || setAnswer({ q, found: null, failure }),
      );
    }, PAUSE_MS);
    return () => {
      window.clearTimeout(timer);
      stop.abort();
    };
  }, [q]);
  if (q === "") return { found: null, searching: false, failure: null };
  return { found: answer.found, searching: answer.q !== q, failure: answer.q === q ? answer.failure : null };
}
