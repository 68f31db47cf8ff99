"use client";
/** The wall: what needs a person on top, then stock, tiers and pending orders, all on one screen from 1280 × 800 on. */
import { useTranslations } from "next-intl";
import type { Operator } from "@/server/contracts/console";
import { roleIncludes } from "@/server/contracts/console";
import type { OverviewSnapshot, TransactionsSnapshot } from "@/server/contracts/socket-events";
import { LiveProvider, useStale } from "../live/live-provider";
import { AppHeader } from "../shell/app-header";
import { ToastProvider } from "../ui/toast";
import { TooltipProvider } from "../ui/tooltip";
import { Attention } from "./attention";
import { HotDishes } from "./hot-dishes";
import { PendingTable } from "./pending-table";
import { TierPanel } from "./tier-panel";

interface OverviewProps {
  operator: Operator;
  overview: OverviewSnapshot;
  transactions: TransactionsSnapshot;
}

export function Overview({ operator, overview, transactions }: OverviewProps) {
  const t = useTranslations("shell");
  return (
    <TooltipProvider delayDuration={300}>
      <ToastProvider label={t("notifications")} closeLabel={t("dismiss")}>
        <LiveProvider overview={overview} transactions={transactions}>
          <Wall operator={operator} />
        </LiveProvider>
      </ToastProvider>
    </TooltipProvider>
  );
}

function Wall({ operator }: { operator: Operator }) {
  const t = useTranslations("shell");
  const stale = useStale();
  return (
    <div data-stale={stale} className="group/wall flex min-h-dvh flex-col xl:h-dvh">
      <AppHeader operator={operator} title={t("overview")} />
      <main id="main" className="flex min-h-0 flex-1 flex-col gap-3 p-3">
        <Attention className="shrink-0" />
        <div className="grid min-h-0 flex-1 gap-3 xl:grid-cols-[minmax(0,1fr)_minmax(20rem,26rem)] xl:grid-rows-[minmax(0,11fr)_minmax(0,9fr)]">
          <HotDishes className="max-h-[70dvh] xl:max-h-none" />
          <TierPanel className="xl:row-span-2" />
          <PendingTable mayAct={roleIncludes(operator.role, "operator")} className="max-h-[70dvh] xl:max-h-none" />
        </div>
      </main>
    </div>
  );
}
