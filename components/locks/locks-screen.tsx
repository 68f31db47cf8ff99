"use client";
/** Who makes whom wait: heat, the hottest dishes, events, lanes, chains and instances, live. */
import { useTranslations } from "next-intl";
import { useState } from "react";
import type { Operator } from "@/server/contracts/console";
import { roleIncludes } from "@/server/contracts/console";
import type { LocksSnapshot } from "@/server/contracts/contention";
import type { OverviewSnapshot } from "@/server/contracts/socket-events";
import { follow } from "../live/live-socket";
import { ConsolePage } from "../shell/console-page";
import { HeatMap } from "./heat-map";
import { HottestDishes } from "./hottest-dishes";
import { InstancesTable } from "./instances-table";
import { LaneChart } from "./lane-chart";
import { LockEvents } from "./lock-events";
import { LockFigures } from "./lock-figures";
import { LocksStore } from "./locks-store";
import { LocksToolbar } from "./locks-toolbar";
import { LocksContext, useChoice, useMerged } from "./use-locks";
import { WaitChains } from "./wait-chains";

interface LocksScreenProps {
  operator: Operator;
  overview: OverviewSnapshot;
  locks: LocksSnapshot;
}

export function LocksScreen({ operator, overview, locks }: LocksScreenProps) {
  const t = useTranslations("nav");
  const [store] = useState(() => new LocksStore(locks));
  const [also] = useState(() => [
    follow<"locks">({ room: "locks", reset: (snapshot) => store.reset(snapshot), apply: (delta) => store.apply(delta) }),
  ]);
  return (
    <ConsolePage operator={operator} title={t("locks")} overview={overview} also={also} scrolls>
      <LocksContext value={store}>
        <Locks mayAct={roleIncludes(operator.role, "operator")} />
      </LocksContext>
    </ConsolePage>
  );
}

function Locks({ mayAct }: { mayAct: boolean }) {
  const [choice, choose] = useChoice();
  const merged = useMerged(choice);
  return (
    <>
      <LocksToolbar choice={choice} choose={choose} mayAct={mayAct} />
      <LockFigures merged={merged} />
      <div className="grid min-h-92 flex-[3] shrink-0 gap-3 md:grid-cols-2 xl:grid-cols-[22rem_minmax(0,1fr)_20rem] *:max-h-[36rem] *:min-h-92 xl:*:max-h-none">
        <HeatMap window={merged.window} choice={choice} choose={choose} />
        <HottestDishes dishes={merged.window.dishes} choice={choice} />
        <LockEvents events={merged.events} />
      </div>
      <div className="grid min-h-64 flex-[2] shrink-0 gap-3 xl:grid-cols-[minmax(0,1fr)_28rem] *:min-h-64">
        <LaneChart />
        <WaitChains chains={merged.chains} handovers={merged.handovers} />
      </div>
      <InstancesTable choice={choice} choose={choose} />
    </>
  );
}
