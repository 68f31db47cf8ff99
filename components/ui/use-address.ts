"use client";
/**
 * What is looked at lives in the address, so that Back, a bookmark and a link to a colleague all work. A change shows at once: Next's
 * router follows in its own time, and not at all when an earlier step of it is called off (a filter chosen right after Back).
 */
import { useSearchParams } from "next/navigation";
import { useCallback, useEffect, useMemo, useState } from "react";

type Params = { get(name: string): string | null };
export type SetAddress<Q> = (change: Partial<Q>, how?: "push" | "replace") => void;

/** @param read and @param addressOf must stay the same: functions of a module. */
export function useAddress<Q extends object>(read: (params: Params) => Q, addressOf: (query: Q) => string): [Q, SetAddress<Q>] {
  const params = useSearchParams();
  const [arrived, setArrived] = useState(params);
  const [search, setSearch] = useState(() => params.toString());
  if (arrived !== params) {
    setArrived(params);
    setSearch(params.toString());
  }
  const query = useMemo(() => read(new URLSearchParams(search)), [read, search]);
  useEffect(() => {
    const { pathname } = window.location;
    // On the way to another page the address is that page's already.
    const look = () => void (window.location.pathname === pathname && setSearch(searchNow()));
    window.addEventListener("popstate", look);
    return () => window.removeEventListener("popstate", look);
  }, []);
  const change = useCallback<SetAddress<Q>>(
    (changes, how = "push") => {
      // What the address says now: it may be ahead of what was rendered, and two changes at once must both stand.
      const address = addressOf({ ...read(new URLSearchParams(window.location.search)), ...changes });
      if (address === `${window.location.pathname}${window.location.search}`) return;
      if (how === "push") window.history.pushState(null, "", address);
      else window.history.replaceState(null, "", address);
      setSearch(searchNow());
    },
    [read, addressOf],
  );
  return [query, change];
}

/** As the router would write it, so that the same is the same. */
const searchNow = () => new URLSearchParams(window.location.search).toString();
