"use client";
/**
 * What needs a person first: dishes that are gone, dishes about to go, orders that wait too long, money that lies idle.
 * Each card says its number even when its list is cut.
 */
import { Ban, Banknote, Hourglass, TriangleAlert } from "lucide-react";
import type { LucideIcon } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import Link from "next/link";
import type { ReactNode } from "react";
import { AGEING_MS } from "@/server/contracts/socket-events";
import { minutesLeft } from "../live/dish-views";
import { useDish, useNowMs, usePendingTotals, useReadsStale, useTotals, useUrgent } from "../live/live-provider";
import { cn } from "../ui/cn";
import { Fact } from "../ui/fact";
import { useAge, useForecast } from "./ages";
import { useMoney } from "./money";
import { useNames } from "./names";

/** Rows of the two columns on a wide screen; what does not fit is counted. */
const LISTED_MAX = 6;

export function Attention({ className }: { className?: string }) {
  const t = useTranslations("attention");
  const urgent = useUrgent();
  const totals = useTotals();
  return (
    <div className={cn("grid gap-3 md:grid-cols-3 xl:grid-cols-[minmax(0,1fr)_minmax(0,1fr)_minmax(20rem,26rem)]", className)}>
      <Card icon={Ban} tone="danger" title={t("soldOut")} count={totals.soldOut} quiet={t("noneSoldOut")} testId="sold-out">
        {urgent.soldOut.slice(0, LISTED_MAX).map((dishId) => (
          <SoldOutDish key={dishId} dishId={dishId} />
        ))}
      </Card>
      <Card icon={TriangleAlert} tone="warn" title={t("low")} count={totals.low} quiet={t("noneLow")} testId="low">
        {urgent.low.slice(0, LISTED_MAX).map((dishId) => (
          <LowDish key={dishId} dishId={dishId} />
        ))}
      </Card>
      <Ageing />
    </div>
  );
}

interface ShellProps {
  icon: LucideIcon;
  tone: "danger" | "warn";
  title: string;
  value: string;
  /** Nothing needs anybody. */
  calm: boolean;
  testId: string;
  /** Its figures may be old: they turn grey. */
  stale?: boolean;
  children: ReactNode;
}

function Shell({ icon: Icon, tone, title, value, calm, testId, stale = false, children }: ShellProps) {
  return (
    <section data-testid={`attention-${testId}`} data-stale={stale || undefined} className="@container flex h-23 min-w-0 gap-4 rounded-panel border bg-surface px-4 py-3 shadow-panel">
      <div className="flex w-26 shrink-0 flex-col">
        <h2 className="flex items-center gap-1.5 text-xs font-medium whitespace-nowrap text-text-2">
          <Icon
            aria-hidden
            className={cn("size-3.5 shrink-0", calm ? "text-text-3" : tone === "danger" ? "text-danger" : "text-warn")}
            strokeWidth={2.25}
          />
          {title}
        </h2>
        <div className={cn("figures mt-1 text-3xl leading-none font-semibold tracking-tight", calm && "text-text-3")}>{value}</div>
      </div>
      {children}
    </section>
  );
}

interface CardProps extends Omit<ShellProps, "value" | "calm" | "stale"> {
  count: number;
  quiet: string;
}

function Card({ count, quiet, children, ...shell }: CardProps) {
  const format = useFormatter();
  const calm = count === 0;
  return (
    <Shell {...shell} calm={calm} value={format.number(count)}>
      {calm ? (
        <p className="figures self-center text-xs text-text-3">{quiet}</p>
      ) : (
        <ul className="figures grid h-15 min-w-0 flex-1 auto-rows-[1.25rem] content-start gap-x-6 overflow-hidden text-xs @lg:grid-cols-2">
          {children}
        </ul>
      )}
    </Shell>
  );
}

function SoldOutDish({ dishId }: { dishId: string }) {
  const t = useTranslations("attention");
  const names = useNames();
  const nowMs = useNowMs();
  const age = useAge();
  const dish = useDish(dishId);
  if (dish === undefined) return null;
  return (
    <UrgentDish dishId={dishId} name={names.own(dish.card.names)} strong={dish.soldOutAtMs > 0 ? t("ago", { age: age(nowMs - dish.soldOutAtMs) }) : null}>
      {dish.frozen > 0 ? t("held", { portions: dish.frozen }) : null}
    </UrgentDish>
  );
}

function LowDish({ dishId }: { dishId: string }) {
  const t = useTranslations("attention");
  const names = useNames();
  const forecast = useForecast();
  const dish = useDish(dishId);
  if (dish === undefined) return null;
  const minutes = minutesLeft(dish);
  return (
    <UrgentDish dishId={dishId} name={names.own(dish.card.names)} strong={t("portionsLeft", { portions: dish.available })}>
      {minutes !== null && minutes < 30 ? forecast(minutes) : null}
    </UrgentDish>
  );
}

function UrgentDish({ dishId, name, strong, children }: { dishId: string; name: string; strong: string | null; children: string | null }) {
  return (
    <li className="flex min-w-0 items-baseline gap-2">
      <Link href={`/dishes/${encodeURIComponent(dishId)}`} prefetch={false} className="min-w-0 flex-1 truncate font-medium underline-offset-2 -outline-offset-2 hover:underline" title={name}>{name}</Link>
      {children !== null && <span className="whitespace-nowrap text-text-3">{children}</span>}
      {strong !== null && <span className="whitespace-nowrap text-text-2">{strong}</span>}
    </li>
  );
}

/** Orders that wait too long, and what the dead among them keep from being sold. */
function Ageing() {
  const t = useTranslations("attention");
  const format = useFormatter();
  const totals = usePendingTotals();
  const nowMs = useNowMs();
  const age = useAge();
  const calm = totals.ageing === 0;
  const stale = useReadsStale();
  return (
    <Shell stale={stale} icon={Hourglass} tone="warn" title={t("ageing")} calm={calm} value={format.number(totals.ageing)} testId="ageing">
      <div className="figures flex min-w-0 flex-1 items-center gap-4 text-xs">
        {calm ? (
          <p className="min-w-0 flex-1 text-text-3">{totals.pending === 0 ? t("nonePending") : t("noneAgeing", { minutes: AGEING_MS / 60_000, pending: totals.pending })}</p>
        ) : (
          <dl className="grid min-w-0 flex-1 grid-cols-[repeat(auto-fit,minmax(4rem,1fr))] gap-x-3">
            <Fact label={t("oldest")}>{totals.oldestCreatedAtMs === null ? "–" : age(nowMs - totals.oldestCreatedAtMs)}</Fact>
            <Fact label={t("expiring")}>{format.number(totals.expiring)}</Fact>
          </dl>
        )}
        <UnderSold />
      </div>
    </Shell>
  );
}

/** Portions that expired or abandoned reservations still hold, at their price: it should be nothing, or gone within seconds. */
function UnderSold() {
  const t = useTranslations("attention");
  const money = useMoney();
  const { stranded, strandedPortions, strandedCents } = usePendingTotals();
  const calm = stranded === 0;
  return (
    <div data-testid="under-sold" data-cents={strandedCents} title={t("underSoldMeaning")} className="w-30 shrink-0 border-l pl-4">
      <div className="flex items-center gap-1 text-2xs whitespace-nowrap text-text-3">
        {!calm && <Banknote aria-hidden className="size-3 text-warn" strokeWidth={2.25} />}
        {t("underSold")}
      </div>
      <div className={cn("truncate text-lg leading-6 font-semibold tracking-tight", calm ? "text-text-3" : "text-warn")}>{money(strandedCents)}</div>
      <div className="truncate text-2xs text-text-3">{calm ? t("underSoldNone") : t("underSoldPortions", { portions: strandedPortions })}</div>
    </div>
  );
}
