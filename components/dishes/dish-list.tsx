// biome-ignore-all lint/a11y/useSemanticElements: a <table> cannot leave out the rows that are not on screen
// biome-ignore-all lint/a11y/useFocusableInteractive: the links and buttons in the rows have the focus
"use client";
/**
 * The rows that are on screen, out of thousands. Their places are given in rem, so nothing moves when the script takes over
 * from the first picture; their figures change in place, their order only when asked or at the beat.
 */
import { ArrowDown, ArrowUp, SearchX, UtensilsCrossed } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import { useEffect, useRef, useSyncExternalStore } from "react";
import { useNowMs } from "../live/live-provider";
import { Button } from "../ui/button";
import { cn } from "../ui/cn";
import { Empty } from "../ui/empty";
import { Panel } from "../ui/panel";
import { useVirtualRows } from "../ui/use-virtual-rows";
import { CELL, DishRow, GRID, ROW_REM } from "./dish-row";
import { BEAT_MS } from "./dish-table";
import type { DishTable } from "./dish-table";
import type { SetQuery } from "./dishes-screen";
import { EVERYTHING, isFiltered, LIVE_SORTS, sortedBy } from "./query";
import type { DishQuery, DishSort } from "./query";

interface DishListProps {
  table: DishTable;
  query: DishQuery;
  setQuery: SetQuery;
}

export function DishList({ table, query, setQuery }: DishListProps) {
  const { dishIds, length, complete, counts } = useSyncExternalStore(table.onList, table.list, table.list);
  const { body, items, toTop } = useVirtualRows(length, ROW_REM);
  // Another question begins at its first answer.
  const asked = JSON.stringify(query);
  const askedBefore = useRef(asked);
  useEffect(() => {
    if (askedBefore.current === asked) return;
    askedBefore.current = asked;
    toTop();
  }, [toTop, asked]);
  return (
    <Panel id="dishes" className="@container h-[calc(100dvh-9rem)] min-h-80 xl:h-auto xl:flex-1" title={<Matching shown={length} all={counts.all} />} note={<OrderNote table={table} query={query} />}>
      {length === 0 ? (
        <Nothing menuIsEmpty={complete && counts.all === 0} query={query} setQuery={setQuery} />
      ) : (
        <div role="table" aria-labelledby="dishes-title" aria-rowcount={length + 1} className="flex min-h-0 flex-1 flex-col">
          <Head query={query} setQuery={setQuery} />
          <div
            ref={body}
            role="rowgroup"
            data-testid="dish-rows"
            className="scroll-quiet min-h-0 flex-1 overflow-y-scroll [overflow-anchor:none]"
            onPointerEnter={() => table.hold(true)}
            onPointerLeave={() => table.hold(false)}
          >
            <div role="presentation" className="relative w-full" style={{ height: `${length * ROW_REM}rem` }}>
              {items.map(({ index }) => (
                <DishRow key={dishIds[index] ?? `row-${index}`} table={table} dishId={dishIds[index]} index={index} />
              ))}
            </div>
          </div>
        </div>
      )}
    </Panel>
  );
}

function Matching({ shown, all }: { shown: number; all: number }) {
  const t = useTranslations("dishList");
  return <span data-testid="matching">{shown === all ? t("all", { all }) : t("some", { shown, all })}</span>;
}

const COLUMNS: { sort: DishSort | null; name: string; className: string; right?: boolean }[] = [
  { sort: "name", name: "dish", className: CELL.dish },
  { sort: "store", name: "store", className: CELL.store },
  { sort: null, name: "stock", className: CELL.stock },
  { sort: "left", name: "left", className: CELL.left, right: true },
  { sort: null, name: "held", className: CELL.held, right: true },
  { sort: "rate", name: "rate", className: CELL.rate, right: true },
  { sort: null, name: "trend", className: CELL.trend },
  { sort: "out", name: "out", className: CELL.out, right: true },
  { sort: "price", name: "price", className: CELL.price, right: true },
];

function Head({ query, setQuery }: { query: DishQuery; setQuery: SetQuery }) {
  const t = useTranslations("dishList");
  return (
    <div role="rowgroup" className="scroll-quiet shrink-0 overflow-y-scroll border-b [scrollbar-color:transparent_transparent]">
      <div role="row" aria-rowindex={1} className={cn(GRID, "h-8 text-2xs font-medium text-text-3")}>
        {COLUMNS.map(({ sort, name, className, right = false }) => {
          const active = sort !== null && query.sort === sort;
          const Arrow = query.descending ? ArrowDown : ArrowUp;
          return (
            <div
              key={name}
              role="columnheader"
              aria-sort={active ? (query.descending ? "descending" : "ascending") : undefined}
              className={cn(className, "whitespace-nowrap", right && "text-right")}
            >
              {sort === null ? (
                t(`columns.${name}`)
              ) : (
                <button
                  type="button"
                  onClick={() => setQuery(sortedBy(query, sort))}
                  className={cn("-mx-1.5 inline-flex h-6 items-center gap-0.5 rounded px-1.5 hover:bg-sunken hover:text-text", active && "text-text", right && "flex-row-reverse")}
                >
                  {t(`columns.${name}`)}
                  <Arrow aria-hidden className={cn("size-3", !active && "opacity-0")} strokeWidth={2.25} />
                </button>
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function OrderNote({ table, query }: { table: DishTable; query: DishQuery }) {
  const t = useTranslations("dishList");
  const format = useFormatter();
  const { joining, leaving, nextBeatAtMs, held } = useSyncExternalStore(table.onList, table.list, table.list);
  const nowMs = useNowMs();
  const changed = joining > 0 || leaving > 0;
  if (!changed && !LIVE_SORTS.has(query.sort)) return null;
  const seconds = Math.ceil(Math.min(BEAT_MS, Math.max(0, nextBeatAtMs - nowMs)) / 1_000);
  return (
    // What changes its width stands last: the button stays where it is.
    <span className="flex items-center gap-2">
      <Button kind="ghost" size="sm" className="-ml-1.5 h-6 px-1.5" onClick={() => table.reorder()}>
        {t("reorderNow")}
      </Button>
      <span className="hidden sm:inline">{held ? t("orderWaits") : t("reordersIn", { seconds })}</span>
      {changed && (
        <span className="rounded bg-accent-soft px-1.5 py-0.5 font-medium text-accent" data-testid="waiting-rows">
          {t("waiting", { joining: format.number(joining), leaving: format.number(leaving) })}
        </span>
      )}
    </span>
  );
}

function Nothing({ menuIsEmpty, query, setQuery }: { menuIsEmpty: boolean; query: DishQuery; setQuery: SetQuery }) {
  const t = useTranslations("dishList");
  return (
    <Empty
      testId="no-dishes"
      icon={menuIsEmpty ? UtensilsCrossed : SearchX}
      title={t(menuIsEmpty ? "noMenu" : "noMatch")}
      meaning={t(menuIsEmpty ? "noMenuMeaning" : "noMatchMeaning")}
      action={
        isFiltered(query) && (
          <Button size="sm" onClick={() => setQuery({ q: EVERYTHING.q, storeId: EVERYTHING.storeId, state: EVERYTHING.state })}>
            {t("clearFilters")}
          </Button>
        )
      }
    />
  );
}
