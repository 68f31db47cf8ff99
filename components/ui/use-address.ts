"use client";
/**
 * What is looked at lives in the address, so that Back, a bookmark and a link to a colleague all work. A change shows at once: Next's
 * router follows in its own time, and not at all when an earlier step of it is called off (a filter chosen right after Back). When it
 * tells of a step late, the newer ones stay.
 */
import { useSearchParams } from "next/navigation";
import { useCallback, useEffect, useLayoutEffect, useMemo, useState } from "react";
import { OwnSteps } from "./own-steps";

type Params = { get(name: string): string | null };
export type SetAddress<Q> = (change: Partial<Q>, how?: "push" | "replace") => void;

/** @param read and @param addressOf must stay the same: functions of a module. */
export function useAddress<Q extends object>(read: (params: Params) => Q, addressOf: (query: Q) => string): [Q, SetAddress<Q>] {
  const params = useSearchParams();
  const [search, setSearch] = useState(() => params.toString());
  const [own] = useState(() => new OwnSteps());
  const query = useMemo(() => read(new URLSearchParams(search)), [read, search]);
  useLayoutEffect(() => {
    const told = params.toString();
    if (own.hear(told)) setSearch(told);
  }, [own, params]);
  useEffect(() => {
    const { pathname } = window.location;
    const look = () => {
      // On the way to another page the address is that page's already.
      if (window.location.pathname !== pathname) return;
      const search = searchNow();
      own.wentBack(search);
      setSearch(search);
    };
    window.addEventListener("popstate", look);
    return () => window.removeEventListener("popstate", look);
  }, [own]);
  const change = useCallback<SetAddress<Q>>(
    (changes, how = "push") => {
      // What was changed last may be ahead of what was rendered, and two changes at once must both stand.
      const before = own.newest ?? searchNow();
      const address = addressOf({ ...read(new URLSearchParams(before)), ...changes });
      const after = new URL(address, window.location.href).searchParams.toString();
      if (after === before) return;
      if (how === "push") window.history.pushState(null, "", address);
      else window.history.replaceState(null, "", address);
      own.add(after);
      setSearch(after);
    },
    [own, read, addressOf],
  );
  return [query, change];
}

/** As the router would write it, so that the same is the same. */
const searchNow = () => new URLSearchParams(window.location.search).toString();
