"use client";
/** The figures of the chosen instances, added up, and how large batches were lately. */
import { useFormatter, useTranslations } from "next-intl";
import type { MergedLocks } from "@/server/contracts/contention";
import { cn } from "../ui/cn";
import { BatchSizes } from "./batch-sizes";
import { useDuration } from "./use-locks";

export function LockFigures({ merged }: { merged: MergedLocks }) {
  const t = useTranslations("locks.figures");
  const format = useFormatter();
  const duration = useDuration();
  const { waiting, inFlight, rates, chains, batchSizes } = merged;
  const longestMs = Math.max(0, ...chains.map(({ longestWaitMs }) => longestWaitMs));
  const perSecond = (value: number) => format.number(value, { maximumFractionDigits: value < 10 ? 1 : 0 });
  return (
    <section aria-label={t("title")} className="flex shrink-0 flex-wrap items-stretch gap-x-6 gap-y-2 rounded-panel border bg-surface px-4 py-2 shadow-panel">
      <dl className="grid flex-1 grid-cols-2 gap-x-4 gap-y-2 sm:grid-cols-4 xl:grid-cols-7">
        <Figure id="waiting" label={t("waiting")}>{format.number(waiting)}</Figure>
        <Figure id="longest" label={t("longestWait")}>{duration(longestMs)}</Figure>
        <Figure id="in-flight" label={t("inFlight")}>{format.number(inFlight)}</Figure>
        <Figure id="operations" label={t("operations")}>{perSecond(rates.operations)}</Figure>
        <Figure id="mean-batch" label={t("meanBatch")}>{rates.batches === 0 ? "–" : format.number(rates.operations / rates.batches, { maximumFractionDigits: 1 })}</Figure>
        <Figure id="cas-retries" label={t("casRetries")}>{perSecond(rates.casRetries)}</Figure>
        <Figure id="timed-out" label={t("timedOut")} loud={rates.timedOut > 0}>{perSecond(rates.timedOut)}</Figure>
      </dl>
      <div className="flex w-full flex-col justify-end sm:w-60">
        <BatchSizes sizes={batchSizes} className="h-8" />
        <div className="mt-0.5 text-2xs text-text-3">{t("sizes")}</div>
      </div>
    </section>
  );
}

function Figure({ id, label, loud = false, children }: { id: string; label: string; loud?: boolean; children: string }) {
  return (
    <div className="flex min-w-0 flex-col-reverse justify-end">
      <dt className="truncate text-2xs text-text-3" title={label}>{label}</dt>
      <dd data-testid={`locks-${id}`} className={cn("figures truncate text-xl leading-tight font-semibold tracking-tight", loud && "text-danger")}>
        {children}
      </dd>
    </div>
  );
}
