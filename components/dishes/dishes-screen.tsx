"use client";
/** All dishes: a search, filters and an order in the address, and a live list of thousands of rows that keep their places. */
import { useLocale, useTranslations } from "next-intl";
import { usePathname, useSearchParams } from "next/navigation";
import { useCallback, useEffect, useMemo, useState } from "react";
import type { Locale, Operator } from "@/server/contracts/console";
import type { OverviewSnapshot } from "@/server/contracts/socket-events";
import { follow } from "../live/live-socket";
import { ServerClock } from "../live/server-clock";
import { ConsolePage } from "../shell/console-page";
import { DishFilters } from "./dish-filters";
import { DishList } from "./dish-list";
import { DishTable } from "./dish-table";
import type { FirstScreen } from "./dish-table";
import { addressOf, readQuery } from "./query";
import type { DishQuery } from "./query";

interface DishesScreenProps {
  operator: Operator;
  overview: OverviewSnapshot;
  first: FirstScreen;
}

export function DishesScreen({ operator, overview, first }: DishesScreenProps) {
  const t = useTranslations("dishList");
  const locale = useLocale() as Locale;
  const [query, setQuery] = useDishQuery();
  const [table] = useState(() => {
    const clock = new ServerClock(first.snapshot.atMs);
    return { dishes: new DishTable(first, query, locale, () => clock.nowMs()), clock };
  });
  const [also] = useState(() => [
    follow<"dishes">({
      room: "dishes",
      reset(snapshot) {
        table.clock.heard(snapshot.atMs);
        table.dishes.reset(snapshot);
      },
      apply(delta) {
        table.clock.heard(delta.atMs);
        return table.dishes.apply(delta);
      },
    }),
  ]);
  useEffect(() => table.dishes.setQuery(query), [table, query]);
  useEffect(() => {
    const timer = window.setInterval(() => table.dishes.everySecond(), 1_000);
    return () => window.clearInterval(timer);
  }, [table]);
  return (
    <ConsolePage operator={operator} title={t("title")} overview={overview} also={also}>
      <DishFilters table={table.dishes} query={query} setQuery={setQuery} />
      <DishList table={table.dishes} query={query} setQuery={setQuery} />
    </ConsolePage>
  );
}

export type SetQuery = (change: Partial<DishQuery>, how?: "push" | "replace") => void;

/** The address is where the query lives, so that Back, a bookmark and a link to a colleague all work. */
function useDishQuery(): [DishQuery, SetQuery] {
  const params = useSearchParams();
  const pathname = usePathname();
  const query = useMemo(() => readQuery(params), [params]);
  const setQuery = useCallback<SetQuery>(
    (change, how = "push") => {
      // What the address says now: it may be ahead of what was rendered.
      const address = addressOf({ ...readQuery(new URLSearchParams(window.location.search)), ...change });
      if (address === `${pathname}${window.location.search}`) return;
      if (how === "push") window.history.pushState(null, "", address);
      else window.history.replaceState(null, "", address);
    },
    [pathname],
  );
  return [query, setQuery];
}
