// biome-ignore-all lint/a11y/useSemanticElements: see dish-list.tsx
// biome-ignore-all lint/a11y/useFocusableInteractive: its link has the focus
"use client";
/** One dish in the list: renders again when its own figures change, and for nothing else. */
import { useFormatter, useTranslations } from "next-intl";
import Link from "next/link";
import { memo, useCallback, useSyncExternalStore } from "react";
import { MoodBadge } from "../overview/mood-badge";
import { useMoney } from "../overview/money";
import { useNames } from "../overview/names";
import { Sparkline } from "../overview/sparkline";
import { StockBar } from "../overview/stock-bar";
import { cn } from "../ui/cn";
import type { DishTable } from "./dish-table";
import { minutesToSellOut } from "./query";
import { useMinutes } from "./use-minutes";

export const ROW_REM = 2.75;

/** Head and rows share the columns; what has no room is left out, the least urgent first. */
export const GRID =
  "grid items-center gap-x-4 px-4 grid-cols-[minmax(0,1fr)_3.5rem_3.5rem] " +
  "@lg:grid-cols-[minmax(0,1fr)_4rem_4.5rem_5.5rem] " +
  "@3xl:grid-cols-[minmax(0,1fr)_4rem_4.5rem_5.5rem_5.5rem] " +
  "@5xl:grid-cols-[minmax(0,1fr)_minmax(0,11rem)_4.5rem_4.5rem_4.5rem_5.5rem_5.5rem_5rem] " +
  "@6xl:grid-cols-[minmax(0,1fr)_minmax(0,12rem)_minmax(6rem,12rem)_4.5rem_4.5rem_4.5rem_5.5rem_5.5rem_5rem]";

export const CELL = {
  dish: "min-w-0",
  store: "hidden min-w-0 @5xl:block",
  stock: "hidden min-w-0 @6xl:block",
  left: "min-w-0",
  held: "hidden @5xl:block",
  rate: "min-w-0",
  trend: "hidden @3xl:block",
  out: "hidden @lg:block",
  price: "hidden @5xl:block",
} as const;

interface DishRowProps {
  table: DishTable;
  /** Undefined: it is on its way; its place is kept. */
  dishId: string | undefined;
  index: number;
}

export const DishRow = memo(function DishRow({ table, dishId, index }: DishRowProps) {
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      data-index={index}
      data-testid={dishId === undefined ? undefined : `dish-${dishId}`}
      className={cn(GRID, "absolute inset-x-0 border-b contain-strict hover:bg-sunken focus-within:bg-sunken")}
      style={{ top: `${index * ROW_REM}rem`, height: `${ROW_REM}rem` }}
    >
      {dishId === undefined ? <Coming /> : <Cells table={table} dishId={dishId} />}
    </div>
  );
});

function Coming() {
  return (
    <div role="cell" aria-busy className={CELL.dish}>
      <div className="h-3 w-40 max-w-full rounded bg-sunken" />
    </div>
  );
}

function Cells({ table, dishId }: { table: DishTable; dishId: string }) {
  const t = useTranslations("dishList");
  const money = useMoney();
  const bar = useTranslations("dishes");
  const format = useFormatter();
  const names = useNames();
  const minutes = useMinutes();
  const subscribe = useCallback((listener: () => void) => table.onRow(dishId, listener), [table, dishId]);
  const read = () => table.view(dishId);
  const dish = useSyncExternalStore(subscribe, read, read);
  if (dish === undefined) return <Coming />;
  const { card, supplied, available, frozen, sold, mood, perMinute, demand } = dish;
  const out = minutesToSellOut(dish);
  return (
    <>
      <Cell className={CELL.dish}>
        <div className="flex items-center gap-2 leading-5">
          <Link
            href={`/dishes/${encodeURIComponent(dishId)}`}
            prefetch={false}
            className={cn("truncate font-medium outline-none after:absolute after:inset-0 after:rounded focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-accent", (mood === "soldOut" || mood === "paused") && "text-text-2")}
          >
            {names.own(card.names)}
          </Link>
          <MoodBadge dish={dish} />
        </div>
        <div className="truncate text-2xs text-text-3">
          <span lang={names.otherLocale}>{names.other(card.names)}</span>
          <span className="@5xl:hidden">
            <span className="px-1.5">·</span>
            {names.own(card.storeNames)}
          </span>
        </div>
      </Cell>
      <Cell className={CELL.store}>
        <div className="truncate text-text-2" title={names.own(card.storeNames)}>{names.own(card.storeNames)}</div>
      </Cell>
      <Cell className={CELL.stock}>
        <div className="figures">
          <StockBar supplied={supplied} available={available} frozen={frozen} label={bar("bar", { available, frozen, sold, supplied })} />
        </div>
      </Cell>
      <Cell className={CELL.left}>
        <Figure strong danger={mood === "soldOut"} testId="left">{format.number(available)}</Figure>
      </Cell>
      <Cell className={CELL.held}>
        <Figure>{format.number(frozen)}</Figure>
      </Cell>
      <Cell className={CELL.rate}>
        <Figure>{format.number(perMinute)}</Figure>
      </Cell>
      <Cell className={CELL.trend}>
        <div className="figures">
          <Sparkline values={demand} />
        </div>
      </Cell>
      <Cell className={CELL.out}>
        <Figure>{mood === "soldOut" ? t("now") : mood === "paused" || !Number.isFinite(out) ? "–" : minutes(out)}</Figure>
      </Cell>
      <Cell className={CELL.price}>
        <Figure>{money(card.priceCents)}</Figure>
      </Cell>
    </>
  );
}

function Cell({ className, children }: { className: string; children: React.ReactNode }) {
  return (
    <div role="cell" className={className}>
      {children}
    </div>
  );
}

function Figure({ children, strong = false, danger = false, testId }: { children: string; strong?: boolean; danger?: boolean; testId?: string }) {
  return (
    <div className="truncate text-right">
      <span data-testid={testId} className={cn("figures", strong ? "text-base font-semibold" : "text-text-2", danger && "text-danger")}>
        {children}
      </span>
    </div>
  );
}
