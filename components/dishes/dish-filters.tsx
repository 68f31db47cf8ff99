"use client";
/** What is listed: words, a state, a store. Everything lands in the address; the list follows at once. */
import { Store } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import { useSyncExternalStore } from "react";
import { useNames } from "../overview/names";
import { cn } from "../ui/cn";
import { SearchField } from "../ui/search-field";
import { Segments } from "../ui/segments";
import { Select } from "../ui/select";
import type { DishTable } from "./dish-table";
import type { SetQuery } from "./dishes-screen";
import { DISH_STATES, SEARCH_LENGTH_MAX } from "./query";
import type { DishQuery } from "./query";

interface DishFiltersProps {
  table: DishTable;
  query: DishQuery;
  setQuery: SetQuery;
}

export function DishFilters({ table, query, setQuery }: DishFiltersProps) {
  const t = useTranslations("dishList");
  const format = useFormatter();
  const names = useNames();
  const { counts, stores } = useSyncExternalStore(table.onList, table.list, table.list);
  return (
    <search className="flex shrink-0 flex-wrap items-center gap-2" aria-label={t("filters")}>
      <SearchField
        main
        label={t("search")}
        hint={t("searchHint")}
        clearLabel={t("clearSearch")}
        value={query.q}
        maxLength={SEARCH_LENGTH_MAX}
        onType={(q) => table.setQuery({ ...query, q })}
        onChange={(q) => setQuery({ q }, "replace")}
        className="min-w-48 flex-1 sm:max-w-80"
      />
      <Segments
        legend={t("state")}
        value={query.state}
        onChange={(state) => setQuery({ state })}
        options={DISH_STATES.map((state) => ({
          value: state,
          label: (
            <>
              {t(`states.${state}`)}
              {/* As wide as it can get, so that the others stay where they are. */}
              <span style={{ minWidth: `${format.number(counts.all).length}ch` }} className={cn("figures hidden text-right sm:inline-block", query.state !== state && "text-text-3")}>
                {format.number(counts[state])}
              </span>
            </>
          ),
        }))}
      />
      <Select label={t("store")} icon={Store} value={query.storeId ?? ""} onChange={(storeId) => setQuery({ storeId: storeId === "" ? null : storeId })}>
        <option value="">{t("everyStore")}</option>
        {stores.map((store) => (
          <option key={store.storeId} value={store.storeId}>
            {t("storeOption", { name: names.own(store.names), dishes: store.dishes })}
          </option>
        ))}
        {query.storeId !== null && !stores.some(({ storeId }) => storeId === query.storeId) && <option value={query.storeId}>{query.storeId}</option>}
      </Select>
    </search>
  );
}
