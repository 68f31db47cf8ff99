"use client";
/** Every instance on this stock, one row each, in the order of their start. A silent one is marked, and counts no more. */
import { CircleCheck, CircleDot, CircleX, Radio, WifiOff } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import type { Circuit, InstanceLocks } from "@/server/contracts/contention";
import { useNowMs } from "../live/live-provider";
import { useAge } from "../overview/ages";
import { Badge } from "../ui/badge";
import { Button } from "../ui/button";
import { cn } from "../ui/cn";
import { Panel } from "../ui/panel";
import { Table } from "../ui/table";
import { BatchSizes } from "./batch-sizes";
import { shortName, useLocksView } from "./use-locks";
import type { Choice } from "./use-locks";

export function InstancesTable({ choice, choose }: { choice: Choice; choose(change: Partial<Choice>): void }) {
  const t = useTranslations("locks.instances");
  const { instances, own } = useLocksView();
  return (
    <Panel id="instances" title={t("title")} className="shrink-0">
      <Table
        labelledBy="instances-title"
        className="flex-none"
        tableClassName="min-w-240"
        headClassName="[&>th]:text-right"
        head={
          <>
            <th scope="col" className="pl-4! text-left!">{t("name")}</th>
            <th scope="col" className="text-left!">{t("state")}</th>
            <th scope="col">{t("up")}</th>
            <th scope="col">{t("heard")}</th>
            <th scope="col">{t("waiting")}</th>
            <th scope="col">{t("operations")}</th>
            <th scope="col">{t("batch")}</th>
            <th scope="col" className="w-28 text-left!">{t("sizes")}</th>
            <th scope="col">{t("casRetries")}</th>
            <th scope="col">{t("timedOut")}</th>
            <th scope="col">{t("sampling")}</th>
            <th scope="col" className="pr-4! pl-6! text-left!">{t("breakers")}</th>
          </>
        }
      >
        {instances.map((instance) => (
          <Row
            key={instance.instance}
            instance={instance}
            own={instance.instance === own}
            chosen={instance.instance === choice.instance}
            onChoose={() => choose({ instance: instance.instance === choice.instance ? null : instance.instance })}
          />
        ))}
      </Table>
    </Panel>
  );
}

function Row({ instance: view, own, chosen, onChoose }: { instance: InstanceLocks; own: boolean; chosen: boolean; onChoose(): void }) {
  const t = useTranslations("locks.instances");
  const words = useTranslations("locks");
  const format = useFormatter();
  const age = useAge();
  const nowMs = useNowMs();
  const { instance, alive, startedAtMs, heardAtMs, waiting, rates, batchSizes, sampleEvery, circuits, troubled } = view;
  const perSecond = (value: number) => format.number(value, { maximumFractionDigits: value < 10 ? 1 : 0 });
  const heardMs = Math.max(0, nowMs - heardAtMs);
  const figure = (value: string) => (alive ? value : "–");
  return (
    <tr
      data-testid={`instance-${instance}`}
      data-alive={alive}
      className={cn("[&>td]:h-9 [&>td]:border-b [&>td]:px-2 [&>td]:text-right [&>td]:whitespace-nowrap last:[&>td]:border-b-0", chosen && "bg-accent-soft", !alive && "text-text-3")}
    >
      <td className="pl-4! text-left!">
        <span className="flex items-center gap-2">
          <Button kind="ghost" size="sm" className="-ml-1.5 h-6 px-1.5 font-mono" aria-pressed={chosen} aria-label={t("showOnly", { instance })} title={instance} onClick={onChoose}>
            {shortName(instance)}
          </Button>
          {own && <span className="text-2xs text-text-3">{words("thisOne")}</span>}
        </span>
      </td>
      <td className="text-left!">
        {alive ? (
          <Badge tone="ok" icon={Radio}>{t("alive")}</Badge>
        ) : (
          <span title={t("silentMeaning")}>
            <Badge tone="danger" icon={WifiOff}>{t("silent", { age: age(heardMs) })}</Badge>
          </span>
        )}
      </td>
      <td className="figures">{figure(age(Math.max(0, nowMs - startedAtMs)))}</td>
      <td className="figures">{heardMs < 3_000 ? t("justNow") : t("ago", { age: age(heardMs) })}</td>
      <td className="figures">{figure(format.number(waiting))}</td>
      <td className="figures">{figure(perSecond(rates.operations))}</td>
      <td className="figures">{figure(rates.batches === 0 ? "–" : format.number(rates.operations / rates.batches, { maximumFractionDigits: 1 }))}</td>
      <td>{alive && <BatchSizes sizes={batchSizes} className="h-5" />}</td>
      <td className="figures">{figure(perSecond(rates.casRetries))}</td>
      <td className={cn("figures", alive && rates.timedOut > 0 && "font-semibold text-danger")}>{figure(perSecond(rates.timedOut))}</td>
      <td className="figures">{figure(`1/${sampleEvery}`)}</td>
      <td className="pr-4! pl-6!">
        <span className="flex items-center gap-4">
          <Breaker name="Postgres" circuit={circuits.postgres} alive={alive} />
          <Breaker name="Redis" circuit={circuits.redis} alive={alive} />
          {alive && troubled.map(({ participant, circuit }) => <Breaker key={participant} name={participant} circuit={circuit} alive />)}
        </span>
      </td>
    </tr>
  );
}

const ICONS = { closed: CircleCheck, open: CircleX, halfOpen: CircleDot } as const satisfies Record<Circuit, unknown>;
const TONES = { closed: "text-ok", open: "text-danger", halfOpen: "text-warn" } as const satisfies Record<Circuit, string>;

function Breaker({ name, circuit, alive }: { name: string; circuit: Circuit; alive: boolean }) {
  const t = useTranslations("locks.instances");
  const Icon = ICONS[circuit];
  if (!alive) return <span>{name} –</span>;
  return (
    <span className="inline-flex items-center gap-1 text-xs">
      <Icon aria-hidden className={cn("size-3.5", TONES[circuit])} strokeWidth={2.25} />
      {name}
      <span className={circuit === "closed" ? "text-text-3" : cn("font-medium", TONES[circuit])}>{t(`circuits.${circuit}`)}</span>
    </span>
  );
}
