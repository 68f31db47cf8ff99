"use client";
/** Waiting for this dish's lock, over all instances: what it did to others, and what those who want it suffer. */
import { useFormatter, useTranslations } from "next-intl";
import { Fact } from "../ui/fact";
import { Panel } from "../ui/panel";
import { useDishPage } from "./dish-screen";

export function LockWaits() {
  const t = useTranslations("dishPage.locks");
  const format = useFormatter();
  const waits = useDishPage((view) => view.waits);
  const ms = (value: number) => t("ms", { ms: format.number(value, { maximumFractionDigits: value < 10 ? 1 : 0 }) });
  return (
    <Panel id="lock-waits" className="shrink-0" title={t("title")} note={waits === undefined || waits.seconds === 0 ? undefined : t("note", { seconds: waits.seconds })}>
      <dl className="figures grid grid-cols-3 gap-x-4 gap-y-2 px-4 py-2.5 sm:grid-cols-6">
        <Fact label={t("waiting")}>{waits === undefined ? "–" : format.number(waits.waiting)}</Fact>
        <Fact label={t("held")}>{waits?.heldMs == null ? t("free") : ms(waits.heldMs)}</Fact>
        <Fact label={t("mean")}>{waits === undefined || waits.waits === 0 ? "–" : ms(waits.waitMsMean)}</Fact>
        <Fact label={t("max")}>{waits === undefined || waits.waits === 0 ? "–" : ms(waits.waitMsMax)}</Fact>
        <Fact label={t("hold")}>{waits === undefined || waits.holds === 0 ? "–" : ms(waits.holdMsMean)}</Fact>
        <Fact label={t("blame")}>{waits === undefined || waits.blameMs === 0 ? "–" : ms(waits.blameMs)}</Fact>
      </dl>
    </Panel>
  );
}
