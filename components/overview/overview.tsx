"use client";
/** The wall: what needs a person on top, then stock, tiers and pending orders, all on one screen from 1280 × 800 on. */
import { useTranslations } from "next-intl";
import type { Operator } from "@/server/contracts/console";
import { roleIncludes } from "@/server/contracts/console";
import type { OverviewSnapshot, TransactionsSnapshot } from "@/server/contracts/socket-events";
import { ConsolePage } from "../shell/console-page";
import { Attention } from "./attention";
import { EventTicker } from "./event-ticker";
import { HotDishes } from "./hot-dishes";
import { PendingTable } from "./pending-table";
import { TierPanel } from "./tier-panel";

interface OverviewProps {
  operator: Operator;
  overview: OverviewSnapshot;
  transactions: TransactionsSnapshot;
  kiosk: boolean;
}

export function Overview({ operator, overview, transactions, kiosk }: OverviewProps) {
  const t = useTranslations("shell");
  return (
    <ConsolePage operator={operator} title={t("overview")} overview={overview} transactions={transactions} kiosk={kiosk}>
      <Attention className="shrink-0" />
      <div className="grid min-h-0 flex-1 gap-3 xl:grid-cols-[minmax(0,1fr)_minmax(20rem,26rem)] xl:grid-rows-[minmax(0,11fr)_minmax(0,9fr)]">
        <HotDishes className="max-h-[70dvh] xl:max-h-none" />
        <TierPanel className="xl:row-span-2" />
        <PendingTable mayAct={roleIncludes(operator.role, "operator")} lookOnly={kiosk} className="max-h-[70dvh] xl:max-h-none" />
      </div>
      <EventTicker />
    </ConsolePage>
  );
}
