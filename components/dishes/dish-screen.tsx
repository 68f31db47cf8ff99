"use client";
/** One dish: whether its stock is the same everywhere, how it moves, who holds it, what was done to it, and what can be done. */
import { useTranslations } from "next-intl";
import { createContext, useContext, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import type { Operator } from "@/server/contracts/console";
import { roleIncludes } from "@/server/contracts/console";
import type { DishPageSnapshot } from "@/server/contracts/dish-page";
import { dishRoomName } from "@/server/contracts/socket-events";
import type { OverviewSnapshot } from "@/server/contracts/socket-events";
import { follow } from "../live/live-socket";
import { ServerClock } from "../live/server-clock";
import { useNames } from "../overview/names";
import { ConsolePage } from "../shell/console-page";
import { ConservationPanel } from "./conservation-panel";
import { DishEvents } from "./dish-events";
import { DishHead } from "./dish-head";
import { DishPageStore } from "./dish-page-store";
import type { DishPageView } from "./dish-page-store";
import { LockWaits } from "./lock-waits";
import { OpenReservationsPanel } from "./open-reservations";
import { StockPanel } from "./stock-panel";

const StoreContext = createContext<DishPageStore | null>(null);

/** One part of the page; renders again when that part is told anew. */
export function useDishPage<T>(read: (view: DishPageView) => T): T {
  const store = useContext(StoreContext);
  if (store === null) throw new Error("useDishPage is used outside DishScreen.");
  const snapshot = () => read(store.view());
  return useSyncExternalStore(store.subscribe, snapshot, snapshot);
}

interface DishScreenProps {
  operator: Operator;
  overview: OverviewSnapshot;
  page: DishPageSnapshot;
}

export function DishScreen({ operator, overview, page }: DishScreenProps) {
  const t = useTranslations("dishPage");
  const names = useNames();
  const { dishId } = page.card;
  const [{ store, clock }] = useState(() => ({ store: new DishPageStore(page), clock: new ServerClock(page.atMs) }));
  const also = useMemo(
    () => [
      follow<ReturnType<typeof dishRoomName>>({
        room: dishRoomName(dishId),
        reset(snapshot) {
          clock.heard(snapshot.atMs);
          store.reset(snapshot);
        },
        apply(delta) {
          clock.heard(delta.atMs);
          return store.apply(delta);
        },
      }),
    ],
    [dishId, store, clock],
  );
  useEffect(() => {
    const timer = window.setInterval(() => document.hidden || store.everySecond(clock.nowMs()), 1_000);
    return () => window.clearInterval(timer);
  }, [store, clock]);
  const mayAct = roleIncludes(operator.role, "operator");
  return (
    <StoreContext value={store}>
      <ConsolePage operator={operator} title={t("title", { name: names.own(page.card.names) })} overview={overview} also={also}>
        <DishHead mayAct={mayAct} />
        <div className="grid min-h-0 flex-1 gap-3 xl:grid-cols-2 xl:grid-rows-[auto_minmax(0,1fr)]">
          <ConservationPanel mayAct={mayAct} />
          <StockPanel />
          <OpenReservationsPanel className="max-h-[70dvh] xl:max-h-none" />
          <div className="flex min-h-0 flex-col gap-3">
            <LockWaits />
            <DishEvents className="max-h-[70dvh] xl:max-h-none xl:flex-1" />
          </div>
        </div>
      </ConsolePage>
    </StoreContext>
  );
}
