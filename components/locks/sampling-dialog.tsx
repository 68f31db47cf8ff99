"use client";
/** How closely contention is measured: what a rate would cost at the present load, before it is set in every instance. */
import { useFormatter, useTranslations } from "next-intl";
import { useState } from "react";
import { SAMPLE_EVERY_CHOICES, SAMPLE_EVERY_DEFAULT, samplingCost } from "@/server/contracts/contention";
import { useFailure } from "../console-failure";
import { Button } from "../ui/button";
import { cn } from "../ui/cn";
import { Dialog } from "../ui/dialog";
import { Notice } from "../ui/notice";
import { TextArea } from "../ui/text-area";
import { useToast } from "../ui/toast";
import { useAct } from "../use-act";
import { setSampling } from "./locks-client";
import { useLocksView } from "./use-locks";

/** Smaller shares of a core than this are not told apart. */
const SHARE_MIN = 0.001;

export function useSamplingWords(): (every: number) => string {
  const t = useTranslations("locks.sampling");
  return (every) => (every === 1 ? t("everyWait") : t("oneIn", { every }));
}

export function SamplingDialog({ now, returnFocusTo, onClose }: { now: number; returnFocusTo: string; onClose(): void }) {
  const t = useTranslations("locks.sampling");
  const actions = useTranslations("action");
  const sentenceOf = useFailure();
  const words = useSamplingWords();
  const toast = useToast();
  const { instances } = useLocksView();
  const choices: number[] = [...new Set([...SAMPLE_EVERY_CHOICES, now])].sort((a, b) => a - b);
  const [every, setEvery] = useState(now);
  const [reason, setReason] = useState("");
  const { busy, failure, perform } = useAct();
  const act = () =>
    perform(async (actionKey) => {
      await setSampling(every, actionKey, reason.trim());
      toast(t("done"), t("doneDetail", { choice: words(every) }));
      onClose();
    });
  return (
    <Dialog
      onClose={() => busy || onClose()}
      returnFocusTo={returnFocusTo}
      title={t("title")}
      description={t("description")}
      closeLabel={actions("close")}
      footer={
        <>
          <Button kind="ghost" onClick={onClose} disabled={busy}>{actions("keep")}</Button>
          <Button kind="primary" busy={busy} disabled={every === now} onClick={() => void act()} data-testid="set-sampling">{t("act")}</Button>
        </>
      }
    >
      {failure !== null && (
        <Notice className="mb-4">{sentenceOf(failure)}</Notice>
      )}
      <fieldset className="grid grid-cols-2 gap-2 sm:grid-cols-4">
        <legend className="sr-only">{t("title")}</legend>
        {choices.map((choice) => (
          <label
            key={choice}
            className={cn(
              "flex h-12 cursor-pointer flex-col items-center justify-center rounded-md border text-sm font-medium has-focus-visible:outline-2 has-focus-visible:outline-accent",
              choice === every ? "border-accent bg-accent-soft text-accent" : "hover:bg-sunken",
            )}
          >
            <input type="radio" name="every" value={choice} checked={choice === every} onChange={() => setEvery(choice)} className="sr-only" />
            {words(choice)}
            <span className={cn("text-2xs font-normal", choice === every ? "text-accent" : "text-text-3")}>
              {choice === now ? t("now") : choice === SAMPLE_EVERY_DEFAULT ? t("usual") : ""}
            </span>
          </label>
        ))}
      </fieldset>
      <Consequence now={now} every={every} />
      <p className="mt-3 text-xs text-text-3">{t("reach", { count: instances.filter(({ alive }) => alive).length, usual: SAMPLE_EVERY_DEFAULT })}</p>
      <div className="mt-4">
        <TextArea label={actions("reason")} note={actions("optional")} value={reason} onChange={setReason} />
      </div>
    </Dialog>
  );
}

function Consequence({ now, every }: { now: number; every: number }) {
  const t = useTranslations("locks.sampling");
  const format = useFormatter();
  const words = useSamplingWords();
  const { instances } = useLocksView();
  const columns = every === now ? [now] : [now, every];
  const cost = (rate: number) => {
    const { coreShare } = samplingCost(rate, instances);
    const value = format.number(Math.max(coreShare, SHARE_MIN), { style: "percent", maximumFractionDigits: coreShare < 0.1 ? 1 : 0 });
    return coreShare < SHARE_MIN ? t("costUnder", { value }) : t("costValue", { value });
  };
  const rows: [string, (rate: number) => string][] = [
    [t("measured"), (rate) => t("measuredValue", { value: format.number(Math.round(samplingCost(rate, instances).measured)) })],
    [t("cost"), cost],
    [t("misses"), (rate) => (rate === 1 ? t("missesNone") : t("missesSome", { every: rate }))],
  ];
  return (
    <section aria-label={t("consequence")} aria-live="polite" data-testid="sampling-consequence" className="mt-4 rounded-lg border">
      <table className="w-full table-fixed text-xs">
        <thead>
          <tr className="text-2xs text-text-3 [&>th]:px-3 [&>th]:py-1.5 [&>th]:text-left [&>th]:font-medium">
            <th scope="col" className="w-2/5">{t("consequence")}</th>
            {columns.map((rate) => (
              <th scope="col" key={rate}>
                {words(rate)} {rate === now && <span className="font-normal">({t("now")})</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([label, value]) => (
            <tr key={label} className="[&>*]:border-t [&>*]:px-3 [&>*]:py-1.5 [&>*]:text-left [&>*]:align-top">
              <th scope="row" className="font-normal text-text-2">{label}</th>
              {columns.map((rate) => (
                <td key={rate} className={cn("figures", rate === every && every !== now && "font-medium")}>{value(rate)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p className="border-t px-3 py-1.5 text-2xs text-text-3">{t("costNote")}</p>
    </section>
  );
}
