"use client";
/**
 * One lane per batch in flight, over one second: how long the first of each batch had waited, then how long the batch held its
 * dishes. Nothing is traced until somebody asks; while it is watched, each second's picture replaces the one before.
 */
import { Pause, Play } from "lucide-react";
import { useTranslations } from "next-intl";
import { memo, useEffect, useRef, useState } from "react";
import type { KeyboardEvent } from "react";
import type { LaneBatch, LaneCapture } from "@/server/contracts/contention";
import { Button } from "../ui/button";
import { cn } from "../ui/cn";
import { Empty } from "../ui/empty";
import { Panel } from "../ui/panel";
import { captureLanes } from "./locks-client";
import { shortName, useDishName, useDuration, useLocksView } from "./use-locks";

/** After a capture that failed, the next one waits. */
const RETRY_MS = 2_000;
/** A batch wider than this share of the second has room for its number of operations. */
const LABEL_SHARE = 0.025;

export function LaneChart() {
  const t = useTranslations("locks.lanes");
  const { own } = useLocksView();
  const [watching, setWatching] = useState(false);
  const { capture, failed } = useCaptures(watching);
  return (
    <Panel
      id="lanes"
      title={t("title")}
      note={t("note", { instance: shortName(own) })}
      tools={
        <>
          <span role="status" className="text-xs text-text-3">
            {failed ? t("failed") : watching ? t("watching") : capture === null ? "" : t("paused")}
          </span>
          <Button size="sm" aria-pressed={watching} onClick={() => setWatching(!watching)} data-testid="watch-lanes">
            {watching ? <Pause aria-hidden className="size-3.5" /> : <Play aria-hidden className="size-3.5" />}
            {watching ? t("pause") : t("watch")}
          </Button>
        </>
      }
    >
      {capture === null ? (
        <Empty title={t("quiet")} meaning={t("quietMeaning")} />
      ) : (
        <Chart capture={capture} />
      )}
    </Panel>
  );
}

/** One capture after another while `watching`, and none while the tab is hidden. */
function useCaptures(watching: boolean): { capture: LaneCapture | null; failed: boolean } {
  const [capture, setCapture] = useState<LaneCapture | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (!watching) return;
    const stop = new AbortController();
    let timer = 0;
    const next = async () => {
      if (document.hidden) {
        timer = window.setTimeout(next, RETRY_MS);
        return;
      }
      try {
        setCapture(await captureLanes(stop.signal));
        setFailed(false);
        if (!stop.signal.aborted) timer = window.setTimeout(next, 0);
      } catch {
        if (stop.signal.aborted) return;
        setFailed(true);
        timer = window.setTimeout(next, RETRY_MS);
      }
    };
    void next();
    return () => {
      stop.abort();
      window.clearTimeout(timer);
    };
  }, [watching]);
  return { capture, failed };
}

const Chart = memo(function Chart({ capture }: { capture: LaneCapture }) {
  const t = useTranslations("locks.lanes");
  const { batches, spanMs, leftOut } = capture;
  const [picked, setPicked] = useState<number | null>(null);
  const chart = useRef<HTMLDivElement>(null);
  const lanes = [...new Set([1, 2, ...batches.map(({ lane }) => lane)])].sort((a, b) => a - b);
  const chosen = batches.find(({ batch }) => batch === picked) ?? null;
  const reachable = chosen?.batch ?? batches[0]?.batch ?? null;
  const go = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const other = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (chosen === null || (step === undefined && other === undefined)) return;
    event.preventDefault();
    const inLane = (lane: number) => batches.filter((each) => each.lane === lane).sort((a, b) => a.fromMs - b.fromMs);
    const row = inLane(chosen.lane);
    const next = step !== undefined ? row[row.indexOf(chosen) + step] : nearest(inLane(chosen.lane + (other ?? 0)), chosen.fromMs);
    if (next === undefined) return;
    setPicked(next.batch);
    chart.current?.querySelector<HTMLElement>(`[data-batch="${next.batch}"]`)?.focus();
  };
  return (
    <div className="flex min-h-0 flex-1 flex-col gap-2 px-4 py-3">
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields */}
      <div ref={chart} role="group" aria-label={t("chart")} data-testid="lane-chart" onKeyDown={go} className="flex min-h-24 flex-1 flex-col gap-2">
        {lanes.map((lane) => (
          <div key={lane} className="grid min-h-0 flex-1 grid-cols-[3.5rem_minmax(0,1fr)] items-stretch gap-2">
            <span className="self-center text-2xs text-text-3">{t("lane", { lane })}</span>
            <div className="relative overflow-hidden rounded-sm bg-sunken">
              {batches.filter((batch) => batch.lane === lane).map((batch) => (
                <Bar
                  key={batch.batch}
                  batch={batch}
                  spanMs={spanMs}
                  chosen={batch.batch === picked}
                  reachable={batch.batch === reachable}
                  onPick={() => setPicked(batch.batch)}
                />
              ))}
              {batches.length === 0 && lane === lanes[0] && <span className="absolute inset-0 grid place-items-center text-xs text-text-3">{t("none")}</span>}
            </div>
          </div>
        ))}
        <div aria-hidden className="ml-16 flex justify-between text-2xs text-text-3">
          {[0, 250, 500, 750, 1_000].map((ms) => <span key={ms}>{ms}</span>)}
        </div>
      </div>
      <div className="figures flex min-h-9 shrink-0 flex-wrap items-center gap-x-4 gap-y-0.5 text-xs">
        <Detail batch={chosen} />
        <span className="ml-auto flex items-center gap-3 text-2xs text-text-3">
          {leftOut > 0 && <span>{t("leftOut", { count: leftOut })}</span>}
          <Key className="bar-frozen">{t("waitKey")}</Key>
          <Key className="bg-text-3">{t("redisKey")}</Key>
          <Key className="bg-accent">{t("ledgerKey")}</Key>
          <Key className="bg-bar-sold">{t("restKey")}</Key>
        </span>
      </div>
    </div>
  );
});

function nearest(batches: readonly LaneBatch[], fromMs: number): LaneBatch | undefined {
  return batches.reduce<LaneBatch | undefined>((best, batch) => (best === undefined || Math.abs(batch.fromMs - fromMs) < Math.abs(best.fromMs - fromMs) ? batch : best), undefined);
}

interface BarProps {
  batch: LaneBatch;
  spanMs: number;
  chosen: boolean;
  reachable: boolean;
  onPick(): void;
}

function Bar({ batch, spanMs, chosen, reachable, onPick }: BarProps) {
  const t = useTranslations("locks.lanes");
  const duration = useDuration();
  const { fromMs, heldMs, waitMsMax, redisMs, ledgerMs, operations } = batch;
  const part = (ms: number) => (heldMs === 0 ? 0 : `${Math.min(100, (ms / heldMs) * 100)}%`);
  const share = (ms: number) => `${(ms / spanMs) * 100}%`;
  const waitFromMs = Math.max(0, fromMs - waitMsMax);
  return (
    <>
      <span aria-hidden className="bar-frozen absolute top-0 h-1/3" style={{ left: share(waitFromMs), width: share(fromMs - waitFromMs) }} />
      <button
        type="button"
        data-batch={batch.batch}
        aria-pressed={chosen}
        aria-label={t("batch", { batch: batch.batch, lane: batch.lane, operations, wait: duration(waitMsMax), held: duration(heldMs) })}
        tabIndex={reachable ? 0 : -1}
        onClick={onPick}
        onFocus={onPick}
        onPointerEnter={onPick}
        className={cn("absolute bottom-0 flex h-2/3 min-w-0.5 overflow-hidden border-l border-surface bg-bar-sold", chosen && "z-10 ring-2 ring-text ring-inset")}
        style={{ left: share(fromMs), width: share(heldMs) }}
      >
        <span aria-hidden className="h-full shrink-0 bg-text-3" style={{ width: part(redisMs) }} />
        <span aria-hidden className="h-full shrink-0 bg-accent" style={{ width: part(ledgerMs) }} />
        {heldMs / spanMs > LABEL_SHARE && (
          <span aria-hidden className="absolute inset-0 grid place-items-center">
            <span className="rounded-xs bg-surface px-1 text-2xs leading-4 font-medium">{operations}</span>
          </span>
        )}
      </button>
    </>
  );
}

function Detail({ batch }: { batch: LaneBatch | null }) {
  const t = useTranslations("locks.lanes");
  const words = useTranslations("locks");
  const nameOf = useDishName();
  const duration = useDuration();
  if (batch === null) return <span className="text-text-3">{t("pick")}</span>;
  const [first] = batch.dishIds;
  const name = first === undefined ? "" : nameOf(first);
  return (
    <span className="flex min-w-0 flex-wrap gap-x-3" data-testid="lane-detail">
      <span className="font-medium">{t("batch", { batch: batch.batch, lane: batch.lane, operations: batch.operations, wait: duration(batch.waitMsMax), held: duration(batch.heldMs) })}</span>
      <span className="text-text-2">{t("detail", { redis: duration(batch.redisMs), ledger: duration(batch.ledgerMs), restName: t("restKey"), rest: duration(Math.max(0, batch.heldMs - batch.redisMs - batch.ledgerMs)) })}</span>
      <span className="text-text-2">{batch.wokenBy === null ? t("notWoken") : t("woken", { batch: batch.wokenBy })}</span>
      <span className="truncate text-text-2">{batch.dishes > 1 ? words("moreDishes", { dish: name, more: batch.dishes - 1 }) : name}</span>
    </span>
  );
}

function Key({ className, children }: { className: string; children: string }) {
  return (
    <span className="flex items-center gap-1 whitespace-nowrap">
      <span aria-hidden className={cn("size-2.5 rounded-xs", className)} />
      {children}
    </span>
  );
}
