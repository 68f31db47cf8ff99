"use client";
/** What is listed: words, a state, a store. Everything lands in the address; the list follows at once. */
import { ChevronDown, Search, Store, X } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import { memo, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { useNames } from "../overview/names";
import { cn } from "../ui/cn";
import type { DishTable } from "./dish-table";
import type { SetQuery } from "./dishes-screen";
import { DISH_STATES, SEARCH_LENGTH_MAX } from "./query";
import type { DishQuery } from "./query";

/** The address follows the typing after this; browsers allow about one change of it every 300 ms. */
const ADDRESS_DELAY_MS = 300;

interface DishFiltersProps {
  table: DishTable;
  query: DishQuery;
  setQuery: SetQuery;
}

export const SEARCH_ID = "dish-search";

export function DishFilters({ table, query, setQuery }: DishFiltersProps) {
  const t = useTranslations("dishList");
  const format = useFormatter();
  const names = useNames();
  const { counts, stores } = useSyncExternalStore(table.onList, table.list, table.list);
  return (
    <search className="flex shrink-0 flex-wrap items-center gap-2" aria-label={t("filters")}>
      <SearchField table={table} query={query} setQuery={setQuery} />
      <fieldset className="flex min-w-0 rounded-md border bg-surface p-0.5">
        <legend className="sr-only">{t("state")}</legend>
        {DISH_STATES.map((state) => (
          <label
            key={state}
            className={cn(
              "flex h-7 cursor-pointer items-center gap-1.5 rounded px-2 text-xs font-medium whitespace-nowrap has-focus-visible:outline-2 has-focus-visible:outline-accent sm:px-2.5",
              query.state === state ? "bg-accent-soft text-accent" : "text-text-2 hover:bg-sunken",
            )}
          >
            <input
              type="radio"
              name="state"
              value={state}
              checked={query.state === state}
              onChange={() => setQuery({ state })}
              className="sr-only"
            />
            {t(`states.${state}`)}
            {/* As wide as it can get, so that the others stay where they are. */}
            <span style={{ minWidth: `${format.number(counts.all).length}ch` }} className={cn("figures hidden text-right sm:inline-block", query.state !== state && "text-text-3")}>
              {format.number(counts[state])}
            </span>
          </label>
        ))}
      </fieldset>
      <label className="relative flex items-center text-xs text-text-2">
        <Store aria-hidden className="pointer-events-none absolute left-2.5 size-3.5 text-text-3" />
        <span className="sr-only">{t("store")}</span>
        <select
          value={query.storeId ?? ""}
          onChange={(event) => setQuery({ storeId: event.target.value === "" ? null : event.target.value })}
          className="h-8 max-w-56 appearance-none truncate rounded-md border bg-surface pr-7 pl-8 text-xs font-medium hover:bg-sunken"
        >
          <option value="">{t("everyStore")}</option>
          {stores.map((store) => (
            <option key={store.storeId} value={store.storeId}>
              {t("storeOption", { name: names.own(store.names), dishes: store.dishes })}
            </option>
          ))}
          {query.storeId !== null && !stores.some(({ storeId }) => storeId === query.storeId) && <option value={query.storeId}>{query.storeId}</option>}
        </select>
        <ChevronDown aria-hidden className="pointer-events-none absolute right-2 size-3.5 text-text-3" />
      </label>
    </search>
  );
}

const SearchField = memo(function SearchField({ table, query, setQuery }: DishFiltersProps) {
  const t = useTranslations("dishList");
  const [typed, setTyped] = useState(query.q);
  const field = useRef<HTMLInputElement>(null);
  const written = useRef(query.q);
  const write = () => {
    if (typed === query.q) return;
    written.current = typed;
    setQuery({ q: typed }, "replace");
  };
  // Back and Forward change the words too; what was typed here comes round as it left.
  useEffect(() => {
    if (query.q !== written.current) setTyped(query.q);
    written.current = query.q;
  }, [query.q]);
  useEffect(() => {
    if (typed === query.q) return;
    table.setQuery({ ...query, q: typed });
    const timer = window.setTimeout(write, ADDRESS_DELAY_MS);
    return () => window.clearTimeout(timer);
  });
  return (
    <div className="relative flex min-w-48 flex-1 items-center sm:max-w-80">
      <Search aria-hidden className="pointer-events-none absolute left-2.5 size-3.5 text-text-3" />
      <input
        ref={field}
        id={SEARCH_ID}
        type="search"
        autoComplete="off"
        spellCheck={false}
        maxLength={SEARCH_LENGTH_MAX}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        // Who leaves the field may be on the way to another page: a change of the address in mid-way would call that off.
        onBlur={write}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          if (typed === "") field.current?.blur();
          else setTyped("");
        }}
        aria-label={t("search")}
        placeholder={t("searchHint")}
        className="h-8 w-full rounded-md border border-line-strong bg-surface pr-8 pl-8 text-sm placeholder:text-text-3 [&::-webkit-search-cancel-button]:hidden"
      />
      {typed === "" ? (
        <kbd aria-hidden className="pointer-events-none absolute right-2 rounded border bg-sunken px-1.5 font-mono text-2xs text-text-3">/</kbd>
      ) : (
        <button
          type="button"
          aria-label={t("clearSearch")}
          onClick={() => {
            setTyped("");
            field.current?.focus();
          }}
          className="absolute right-1 grid size-6 place-items-center rounded text-text-3 hover:bg-sunken hover:text-text"
        >
          <X aria-hidden className="size-3.5" />
        </button>
      )}
    </div>
  );
});
