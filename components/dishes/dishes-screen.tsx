"use client";
/** All dishes: a search, filters and an order in the address, and a live list of thousands of rows that keep their places. */
import { useLocale, useTranslations } from "next-intl";
import { useEffect, useState } from "react";
import type { Locale, Operator } from "@/server/contracts/console";
import type { OverviewSnapshot } from "@/server/contracts/socket-events";
import { follow } from "../live/live-socket";
import { ServerClock } from "../live/server-clock";
import { ConsolePage } from "../shell/console-page";
import { useAddress } from "../ui/use-address";
import type { SetAddress } from "../ui/use-address";
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
  const [query, setQuery] = useAddress(readQuery, addressOf);
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

export type SetQuery = SetAddress<DishQuery>;
