"use client";
/** Which instances, which window, how closely it is measured, and what can be taken away as a file. */
import { Gauge, Server } from "lucide-react";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { CONTENTION_WINDOWS } from "@/server/contracts/contention";
import { Button } from "../ui/button";
import { Segments } from "../ui/segments";
import { Select } from "../ui/select";
import { Tooltip } from "../ui/tooltip";
import { Downloads } from "./downloads";
import { SamplingDialog, useSamplingWords } from "./sampling-dialog";
import { useLocksView } from "./use-locks";
import type { Choice } from "./use-locks";

const SAMPLING_BUTTON_ID = "sampling-button";

interface LocksToolbarProps {
  choice: Choice;
  choose(change: Partial<Choice>): void;
  mayAct: boolean;
}

export function LocksToolbar({ choice, choose, mayAct }: LocksToolbarProps) {
  return (
    <div className="flex shrink-0 flex-wrap items-center gap-2">
      <InstanceSelect choice={choice} choose={choose} />
      <WindowSwitch choice={choice} choose={choose} />
      <div className="ml-auto flex flex-wrap items-center gap-2">
        <Sampling mayAct={mayAct} />
        <Downloads seconds={choice.seconds} />
      </div>
    </div>
  );
}

function InstanceSelect({ choice, choose }: Omit<LocksToolbarProps, "mayAct">) {
  const t = useTranslations("locks");
  const { instances, own } = useLocksView();
  const { instance } = choice;
  return (
    <Select label={t("instance")} icon={Server} value={instance ?? ""} onChange={(chosen) => choose({ instance: chosen === "" ? null : chosen })} className="max-w-72">
      <option value="">{t("allInstances", { count: instances.filter(({ alive }) => alive).length })}</option>
      {instances.map((each) => (
        <option key={each.instance} value={each.instance}>
          {each.instance}
          {each.instance === own ? ` (${t("thisOne")})` : ""}
        </option>
      ))}
      {instance !== null && !instances.some((each) => each.instance === instance) && <option value={instance}>{instance}</option>}
    </Select>
  );
}

function WindowSwitch({ choice, choose }: Omit<LocksToolbarProps, "mayAct">) {
  const t = useTranslations("locks");
  return (
    <Segments
      legend={t("window")}
      value={choice.seconds}
      onChange={(seconds) => choose({ seconds })}
      options={CONTENTION_WINDOWS.map((seconds) => ({ value: seconds, label: t(`windows.${seconds}`) }))}
    />
  );
}

function Sampling({ mayAct }: { mayAct: boolean }) {
  const t = useTranslations("locks.sampling");
  const words = useSamplingWords();
  const { instances, own } = useLocksView();
  const [open, setOpen] = useState(false);
  const now = instances.find(({ instance }) => instance === own)?.sampleEvery ?? 1;
  const change = (
    <Button
      id={SAMPLING_BUTTON_ID}
      size="sm"
      className="h-8"
      aria-disabled={!mayAct}
      aria-describedby={mayAct ? undefined : "sampling-role"}
      onClick={() => mayAct && setOpen(true)}
      data-testid="sampling"
      data-every={now}
    >
      <Gauge aria-hidden className="size-3.5" />
      <span className="figures">{t("rate", { choice: words(now) })}</span>
      {mayAct && <span className="text-accent">{t("change")}</span>}
    </Button>
  );
  return (
    <>
      {mayAct ? change : <Tooltip text={t("roleNeeded")}>{change}</Tooltip>}
      {!mayAct && <span id="sampling-role" className="sr-only">{t("roleNeeded")}</span>}
      {open && <SamplingDialog now={now} returnFocusTo={SAMPLING_BUTTON_ID} onClose={() => setOpen(false)} />}
    </>
  );
}
