"use client";
/** What is looked at lives in the address, so that Back, a bookmark and a link to a colleague all work. */
import { useSearchParams } from "next/navigation";
import { useCallback, useMemo } from "react";

type Params = { get(name: string): string | null };
export type SetAddress<Q> = (change: Partial<Q>, how?: "push" | "replace") => void;

/** @param read and @param addressOf must stay the same: functions of a module. */
export function useAddress<Q extends object>(read: (params: Params) => Q, addressOf: (query: Q) => string): [Q, SetAddress<Q>] {
  const params = useSearchParams();
  const query = useMemo(() => read(params), [read, params]);
  const change = useCallback<SetAddress<Q>>(
    (changes, how = "push") => {
      // What the address says now: it may be ahead of what was rendered, and two changes at once must both stand.
      const address = addressOf({ ...read(new URLSearchParams(window.location.search)), ...changes });
      if (address === `${window.location.pathname}${window.location.search}`) return;
      if (how === "push") window.history.pushState(null, "", address);
      else window.history.replaceState(null, "", address);
    },
    [read, addressOf],
  );
  return [query, change];
}
