"use client";
/** All transactions: filters in the address, a live table whose rows keep their places, files to take away. */
import { useTranslations } from "next-intl";
import { useEffect, useState } from "react";
import { roleIncludes, type Names, type Operator } from "@/server/contracts/console";
import type { OverviewSnapshot, TransactionsDelta } from "@/server/contracts/socket-events";
import type { TransactionRows } from "@/server/contracts/transaction-page";
import { follow } from "../live/live-socket";
import { ConsolePage } from "../shell/console-page";
import { useAddress } from "../ui/use-address";
import type { SetAddress } from "../ui/use-address";
import { rowsApi } from "./client";
import { TransactionFilterBar } from "./filter-bar";
import { addressOf, readFilters, type TransactionFilters } from "./query";
import { RowsStore } from "./rows-store";
import { TransactionTable } from "./table";

/** How often rows are looked at although the room is silent: it speaks of the oldest pending ones only. */
const LOOK_EVERY_MS = 2_000;
/** After the room spoke: its changes come in bunches. */
const LOOK_AFTER_MS = 250;

interface TransactionsScreenProps {
  operator: Operator;
  overview: OverviewSnapshot;
  first: TransactionRows;
  stores: { storeId: string; names: Names }[];
}

export type SetFilters = SetAddress<TransactionFilters>;

export function TransactionsScreen({ operator, overview, first, stores }: TransactionsScreenProps) {
  const t = useTranslations("txList");
  const [filters, setFilters] = useAddress(readFilters, addressOf);
  const [store] = useState(() => new RowsStore(first, filters, rowsApi));
  const [soon] = useState(() => {
    let timer = 0;
    return () => {
      window.clearTimeout(timer);
      timer = window.setTimeout(() => void store.refresh(), LOOK_AFTER_MS);
    };
  });
  const [also] = useState(() => [
    follow<"transactions">({
      room: "transactions",
      reset: soon,
      // A missed number is no harm here: whatever it said, the next look finds it.
      apply(delta: TransactionsDelta) {
        if (store.heard(delta)) soon();
        return true;
      },
    }),
  ]);
  useEffect(() => store.setFilters(filters), [store, filters]);
  useEffect(() => {
    const timer = window.setInterval(() => document.hidden || void store.refresh(), LOOK_EVERY_MS);
    return () => window.clearInterval(timer);
  }, [store]);
  return (
    <ConsolePage operator={operator} title={t("title")} overview={overview} also={also}>
      <div className="flex h-[calc(100dvh-4.75rem)] min-h-96 flex-1 flex-col gap-3 xl:h-auto xl:min-h-0">
        <TransactionFilterBar filters={filters} setFilters={setFilters} stores={stores} />
        <TransactionTable store={store} filters={filters} setFilters={setFilters} mayAct={roleIncludes(operator.role, "operator")} />
      </div>
    </ConsolePage>
  );
}
