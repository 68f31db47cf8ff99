"use client";
/**
 * The hottest dishes. Figures change in place; rows change places only at the announced time, when asked, and never while
 * somebody points at them.
 */
import { ArrowDownWideNarrow } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import Link from "next/link";
import { memo } from "react";
import { DISH_ORDERS } from "../live/live-store";
import type { DishOrder } from "../live/live-store";
import { useDish, useLive, useNextOrderAtMs, useNowMs, useOrder, useOrderWaits, useTotals } from "../live/live-provider";
import { Button } from "../ui/button";
import { cn } from "../ui/cn";
import { Panel } from "../ui/panel";
import { Select } from "../ui/select";
import { ROW, Table } from "../ui/table";
import { MoodBadge } from "./mood-badge";
import { useNames } from "./names";
import { Sparkline } from "./sparkline";
import { StockBar, StockBarLegend } from "./stock-bar";

export function HotDishes({ className }: { className?: string }) {
  const t = useTranslations("dishes");
  const order = useOrder();
  const { store } = useLive();
  const totals = useTotals();
  return (
    <Panel
      id="hot-dishes"
      className={cn("@container", className)}
      title={t("title")}
      note={<OrderNote />}
      tools={
        <>
          <span className="mr-1 hidden @3xl:block">
            <StockBarLegend left={t("left")} frozen={t("frozen")} sold={t("sold")} />
          </span>
          <span className="group-data-[kiosk=true]/wall:hidden">
            <OrderSelect />
          </span>
        </>
      }
    >
      {order.length === 0 ? (
        <p className="grid flex-1 place-items-center px-4 py-10 text-center text-text-3">
          {totals.dishes === 0 ? t("noMenu") : t("empty")}
        </p>
      ) : (
        <Table
          labelledBy="hot-dishes-title"
          onPointerEnter={() => store.holdOrder(true)}
          onPointerLeave={() => store.holdOrder(false)}
          head={
            <>
              <th scope="col" className="pl-4! text-left">{t("dish")}</th>
              <th scope="col" className="hidden w-[22%] text-left @2xl:table-cell">{t("stock")}</th>
              <th scope="col" className="w-16 text-right">{t("left")}</th>
              <th scope="col" className="hidden w-14 text-right @md:table-cell">{t("frozen")}</th>
              <th scope="col" className="hidden w-16 text-right @xl:table-cell">{t("sold")}</th>
              <th scope="col" className="hidden w-18 text-right @4xl:table-cell">{t("supplied")}</th>
              <th scope="col" className="w-17 text-right">{t("perMinute")}</th>
              <th scope="col" className="hidden w-29 pr-4! text-left @xl:table-cell">{t("trend")}</th>
            </>
          }
        >
          {order.map((dishId) => (
            <DishRow key={dishId} dishId={dishId} />
          ))}
        </Table>
      )}
    </Panel>
  );
}

const DishRow = memo(function DishRow({ dishId }: { dishId: string }) {
  const t = useTranslations("dishes");
  const format = useFormatter();
  const names = useNames();
  const dish = useDish(dishId);
  if (dish === undefined) return null;
  const { card, supplied, available, frozen, sold, mood, perMinute, demand } = dish;
  const quiet = mood === "soldOut" || mood === "paused";
  return (
    <tr
      data-testid={`dish-${dishId}`}
      data-available={available}
      className={ROW}
    >
      <td className="pl-4!">
        <div className="flex items-center gap-2 leading-5">
          <Link href={`/dishes/${encodeURIComponent(dishId)}`} prefetch={false} className={cn("truncate font-medium underline-offset-2 hover:underline", quiet && "text-text-2")}>
            {names.own(card.names)}
          </Link>
          <MoodBadge dish={dish} />
        </div>
        <div className="truncate text-2xs text-text-3">
          <span lang={names.otherLocale}>{names.other(card.names)}</span>
          <span className="px-1.5">·</span>
          {names.own(card.storeNames)}
        </div>
      </td>
      <td className="hidden @2xl:table-cell">
        <div className="figures">
          <StockBar supplied={supplied} available={available} frozen={frozen} label={t("bar", { available, frozen, sold, supplied })} />
        </div>
      </td>
      <Figure strong danger={mood === "soldOut"}>{format.number(available)}</Figure>
      <Figure className="hidden @md:table-cell">{format.number(frozen)}</Figure>
      <Figure className="hidden @xl:table-cell">{format.number(sold)}</Figure>
      <Figure className="hidden @4xl:table-cell">{format.number(supplied)}</Figure>
      <Figure>{format.number(perMinute)}</Figure>
      <td className="hidden pr-4! @xl:table-cell">
        <div className="figures">
          <Sparkline values={demand} />
        </div>
      </td>
    </tr>
  );
});

interface FigureProps {
  children: string;
  className?: string;
  strong?: boolean;
  danger?: boolean;
}

function Figure({ children, className, strong, danger }: FigureProps) {
  return (
    <td className={cn("text-right whitespace-nowrap", className)}>
      <span
        className={cn("figures", strong ? "text-base font-semibold" : "text-text-2", danger && "text-danger")}
      >
        {children}
      </span>
    </td>
  );
}

function OrderNote() {
  const t = useTranslations("dishes");
  const { store } = useLive();
  const nextOrderAtMs = useNextOrderAtMs();
  const waits = useOrderWaits();
  const nowMs = useNowMs();
  const seconds = Math.max(0, Math.ceil((nextOrderAtMs - nowMs) / 1_000));
  return (
    <span className="flex items-center gap-2">
      <span className="hidden @lg:inline">{waits ? t("orderWaits") : t("reordersIn", { seconds })}</span>
      <Button kind="ghost" size="sm" className="h-6 px-1.5 group-data-[kiosk=true]/wall:hidden" onClick={() => store.reorder()}>
        {t("reorderNow")}
      </Button>
    </span>
  );
}

function OrderSelect() {
  const t = useTranslations("dishes");
  const { store } = useLive();
  // The order topic renders this; the store has the value.
  useOrder();
  return (
    <Select label={t("orderBy")} icon={ArrowDownWideNarrow} value={store.orderBy} onChange={(order) => store.setOrderBy(order as DishOrder)} className="h-7">
      {DISH_ORDERS.map((order) => (
        <option key={order} value={order}>
          {t(`orders.${order}`)}
        </option>
      ))}
    </Select>
  );
}
