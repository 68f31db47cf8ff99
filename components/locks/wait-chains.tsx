"use client";
/**
 * Who holds a dish, who stands behind, and who woke whom last. Queues live for milliseconds: each keeps its place for a while
 * after it has gone, so that the list can be read.
 */
import { ArrowRight, Lock, LockOpen } from "lucide-react";
import { useTranslations } from "next-intl";
import { useState } from "react";
import type { MergedLocks } from "@/server/contracts/contention";
import { cn } from "../ui/cn";
import { Empty } from "../ui/empty";
import { Panel } from "../ui/panel";
import { ScrollArea } from "../ui/scroll-area";
import { Slots } from "./row-order";
import { useDishName, useDuration, useLocksView } from "./use-locks";

type Chain = MergedLocks["chains"][number];
type Handover = MergedLocks["handovers"][number];

const CHAINS_SHOWN_MAX = 6;

export function WaitChains({ chains, handovers }: { chains: readonly Chain[]; handovers: readonly Handover[] }) {
  const t = useTranslations("locks.chains");
  const { atMs } = useLocksView();
  const [slots] = useState(() => new Slots<Chain>(CHAINS_SHOWN_MAX));
  const shown = slots.fill(chains.map((chain) => ({ id: `${chain.instance} ${chain.dishId}`, value: chain })), atMs);
  const rows = shown.filter((slot) => slot !== null);
  return (
    <Panel id="wait-chains" title={t("title")} note={t("note")}>
      {rows.length === 0 ? (
        <Empty title={t("empty")} meaning={t("emptyMeaning")} />
      ) : (
        <ScrollArea labelledBy="wait-chains-title">
          <ul>
            {shown.map((slot, place) =>
              slot === null ? (
                // biome-ignore lint/suspicious/noArrayIndexKey: an empty place is its place
                <li key={place} aria-hidden className="h-20 border-b last:border-b-0" />
              ) : (
                <ChainRow key={slot.id} chain={slot.value} here={slot.here} woke={handovers.find(({ dishId, instance }) => dishId === slot.value.dishId && instance === slot.value.instance)} />
              ),
            )}
          </ul>
        </ScrollArea>
      )}
    </Panel>
  );
}

function ChainRow({ chain, here, woke }: { chain: Chain; here: boolean; woke: Handover | undefined }) {
  const t = useTranslations("locks.chains");
  const nameOf = useDishName();
  const duration = useDuration();
  const { dishId, batch, lane, operations, heldMs, waiting, longestWaitMs, queue } = chain;
  const held = here && batch !== null;
  const Icon = held ? Lock : LockOpen;
  return (
    <li data-testid={`chain-${dishId}`} data-here={here} className={cn("flex h-20 flex-col justify-center gap-0.5 border-b px-4 text-xs last:border-b-0", !here && "text-text-3")}>
      <div className="flex items-center gap-2">
        <Icon aria-hidden className={cn("size-3.5 shrink-0", held ? "text-warn" : "text-text-3")} />
        <span className={cn("min-w-0 truncate text-sm font-medium", !here && "text-text-2")}>{nameOf(dishId)}</span>
        <span className="figures ml-auto shrink-0">{here ? t("waiting", { waiting, duration: duration(longestWaitMs) }) : t("over")}</span>
      </div>
      <div className="figures truncate pl-5.5 text-text-2">
        {held ? t("holder", { batch: batch ?? 0, lane: lane ?? 0, operations: operations ?? 0, duration: duration(heldMs ?? 0) }) : t("nobody")}
      </div>
      <div className="flex items-center gap-3 pl-5.5 text-2xs text-text-3">
        <span className="min-w-0 flex-1 truncate" title={queue.map(({ key }) => key).join(", ")}>
          {here && queue.length > 0 ? t("first", { list: queue.map(({ key, lane: kind, waitedMs }) => `${key.replace(/^(tx|action) /, "")} (${t(`lanes.${kind}`)}, ${duration(waitedMs)})`).join(", ") }) : " "}
        </span>
        {woke !== undefined && (
          <span className="figures flex shrink-0 items-center gap-1" title={t("woke", { from: woke.from, to: woke.to, woken: woke.woken, duration: duration(woke.waitMsMax) })}>
            <span aria-hidden className="flex items-center gap-1">
              {woke.from}
              <ArrowRight className="size-3" />
              {woke.to}
            </span>
            <span className="sr-only">{t("woke", { from: woke.from, to: woke.to, woken: woke.woken, duration: duration(woke.waitMsMax) })}</span>
          </span>
        )}
      </div>
    </li>
  );
}
