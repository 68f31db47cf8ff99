"use client";
/**
 * The same stock in every place that has it, side by side. What differs is red, has a mark and a sentence; one click writes
 * the cells anew from Postgres. It judges what it was told at one moment: a cell that is a version behind is no fault.
 */
import { CircleCheck, CircleDashed, History, RefreshCw, TriangleAlert } from "lucide-react";
import type { LucideIcon } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import { Fragment, useState } from "react";
import type { ReactNode } from "react";
import { judge } from "@/server/contracts/dish-page";
import type { Agreement, Conservation } from "@/server/contracts/dish-page";
import { actOnDish } from "../console-client";
import { useFailure } from "../console-failure";
import { useNowMs, useReadsStale } from "../live/live-provider";
import { useAge } from "../overview/ages";
import { Badge } from "../ui/badge";
import { Button } from "../ui/button";
import { cn } from "../ui/cn";
import { Panel } from "../ui/panel";
import { ScrollArea } from "../ui/scroll-area";
import { useToast } from "../ui/toast";
import { useDishPage } from "./dish-screen";

export function ConservationPanel({ mayAct }: { mayAct: boolean }) {
  const t = useTranslations("dishPage.conservation");
  const conservation = useDishPage((view) => view.conservation);
  const judgement = conservation === undefined ? null : judge(conservation);
  return (
    <Panel
      id="conservation"
      stale={useReadsStale()}
      className="@container"
      title={t("title")}
      note={
        judgement === null ? undefined : (
          <span data-testid="conservation" data-whole={judgement.whole}>
            <Badge tone={judgement.whole ? "ok" : "danger"} icon={judgement.whole ? CircleCheck : TriangleAlert}>
              {t(judgement.whole ? "whole" : "broken")}
            </Badge>
          </span>
        )
      }
      tools={
        <>
          {conservation !== undefined && <AsOf atMs={conservation.atMs} />}
          <ReloadButton mayAct={mayAct} />
        </>
      }
    >
      {conservation === undefined ? <p className="grid h-52 place-items-center px-4 text-center text-text-3">{t("unread")}</p> : <Places conservation={conservation} />}
    </Panel>
  );
}

function AsOf({ atMs }: { atMs: number }) {
  const t = useTranslations("dishPage.conservation");
  const nowMs = useNowMs();
  const age = useAge();
  return <span className="hidden min-w-24 text-right text-xs text-text-3 @md:inline-block">{t("asOf", { age: age(nowMs - atMs) })}</span>;
}

function ReloadButton({ mayAct }: { mayAct: boolean }) {
  const t = useTranslations("dishPage.conservation");
  const sentenceOf = useFailure();
  const toast = useToast();
  const dishId = useDishPage((view) => view.dish.card.dishId);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);
  const reload = async () => {
    setBusy(true);
    setFailed(null);
    try {
      await actOnDish(dishId, "reload-cells", crypto.randomUUID(), {});
      toast(t("reloaded"), dishId);
    } catch (error) {
      setFailed(sentenceOf(error));
    }
    setBusy(false);
  };
  return (
    <>
      {failed !== null && (
        <span role="alert" className="text-xs text-danger">
          {failed}
        </span>
      )}
      <Button size="sm" busy={busy} disabled={!mayAct} title={mayAct ? t("reloadMeaning") : t("roleNeeded")} onClick={() => void reload()} data-testid="reload-cells">
        <RefreshCw aria-hidden className="size-3.5" />
        {t("reload")}
      </Button>
    </>
  );
}

const COLUMNS = ["supplied", "available", "frozen", "sold"] as const;
/** What stands between the figures of the row: the line itself. */
const SIGNS = { supplied: "", available: "=", frozen: "+", sold: "+" } as const;

function Places({ conservation }: { conservation: Conservation }) {
  const t = useTranslations("dishPage.conservation");
  const format = useFormatter();
  const { row, reservations, movements, memory, redis } = conservation;
  const { row: sum, frozen, sold, supplied, memory: inMemory, redis: inRedis } = judge(conservation);
  const version = (of: number) => format.number(of % 2 ** 40);
  const cellNote = (cell: { version: number } | null, agreement: Agreement) => (agreement === "behind" && cell !== null ? t("behind", { versions: row.version - cell.version }) : t(agreement));
  return (
    <ScrollArea labelledBy="conservation-title" className="flex-none -outline-offset-2">
      <table className="figures w-full min-w-lg text-sm">
        <thead>
          <tr className="text-2xs text-text-3 [&>th]:border-b [&>th]:px-2 [&>th]:py-1 [&>th]:font-medium">
            <th scope="col" className="pl-4! text-left">{t("place")}</th>
            {COLUMNS.map((column) => (
              <th key={column} scope="col" className="w-[14%] text-right">{t(`columns.${column}`)}</th>
            ))}
            <th scope="col" className="w-[12%] text-right">{t("columns.version")}</th>
            <th scope="col" className="w-[24%] pr-4! text-left">{t("verdict")}</th>
          </tr>
        </thead>
        <tbody className="[&>tr>*]:border-b [&>tr>*]:px-2 [&>tr>*]:py-1.5 [&>tr:last-child>*]:border-b-0">
          <Place name={t("places.row")} testId="place-row" verdict={sum ? <Verdict agreement="same">{t("adds")}</Verdict> : <Verdict agreement="differs">{t("addsNot", { sum: format.number(row.available + row.frozen + row.sold) })}</Verdict>}>
            {COLUMNS.map((column) => (
              <Fragment key={column}>
                <Value sign={SIGNS[column]} strong wrong={column === "supplied" && !sum}>{format.number(row[column])}</Value>
              </Fragment>
            ))}
            <Value quiet>{version(row.version)}</Value>
          </Place>
          <Place name={t("places.movements")} testId="place-movements" verdict={<Verdict agreement={supplied ? "same" : "differs"}>{supplied ? t("same") : t("rowHas", { value: format.number(row.supplied) })}</Verdict>}>
            <Value wrong={!supplied}>{format.number(movements.supplied)}</Value>
            <Value />
            <Value />
            <Value />
            <Value />
          </Place>
          <Place
            name={t("places.reservations")}
            testId="place-reservations"
            verdict={<Verdict agreement={frozen && sold ? "same" : "differs"}>{frozen && sold ? t("same") : t("rowHas", { value: `${format.number(row.frozen)} + ${format.number(row.sold)}` })}</Verdict>}
          >
            <Value />
            <Value />
            <Value wrong={!frozen}>{format.number(reservations.frozen)}</Value>
            <Value wrong={!sold}>{format.number(reservations.sold)}</Value>
            <Value />
          </Place>
          <Place
            name={t("places.redis")}
            detail={redis.state === "read" && redis.cell !== null && redis.cell.held > 0 ? t("held", { portions: redis.cell.held }) : t("shared")}
            testId="place-redis"
            verdict={<Verdict agreement={inRedis}>{redis.state === "away" ? t("away") : cellNote(redis.cell, inRedis)}</Verdict>}
          >
            <Value />
            <Value wrong={inRedis === "differs"}>{redis.state === "read" && redis.cell !== null ? format.number(redis.cell.available) : "–"}</Value>
            <Value />
            <Value />
            <Value quiet wrong={inRedis === "differs" && redis.state === "read" && (redis.cell?.version ?? 0) > row.version}>{redis.state === "read" && redis.cell !== null ? version(redis.cell.version) : "–"}</Value>
          </Place>
          <Place
            name={t("places.memory")}
            detail={memory.cell !== null && memory.cell.admitted > 0 ? t("admitted", { portions: memory.cell.admitted }) : t("instance", { instance: memory.instance })}
            testId="place-memory"
            verdict={<Verdict agreement={inMemory}>{inMemory === "none" ? t("noCell") : cellNote(memory.cell, inMemory)}</Verdict>}
          >
            <Value />
            <Value wrong={inMemory === "differs"}>{memory.cell === null ? "–" : format.number(memory.cell.available)}</Value>
            <Value />
            <Value />
            <Value quiet>{memory.cell === null ? "–" : version(memory.cell.version)}</Value>
          </Place>
        </tbody>
      </table>
    </ScrollArea>
  );
}

function Place({ name, detail, testId, verdict, children }: { name: string; detail?: string; testId: string; verdict: ReactNode; children: ReactNode }) {
  return (
    <tr data-testid={testId}>
      <th scope="row" className="pl-4! text-left font-normal">
        <span className="block font-medium whitespace-nowrap">{name}</span>
        {detail !== undefined && <span className="block text-2xs whitespace-nowrap text-text-3">{detail}</span>}
      </th>
      {children}
      <td className="pr-4!">{verdict}</td>
    </tr>
  );
}

function Value({ children = "", sign = "", strong = false, quiet = false, wrong = false }: { children?: string; sign?: string; strong?: boolean; quiet?: boolean; wrong?: boolean }) {
  return (
    <td className={cn("text-right whitespace-nowrap", quiet && "text-text-3", strong && "font-semibold", wrong && "font-semibold text-danger")}>
      {sign !== "" && <span className="float-left font-normal text-text-3">{sign}</span>}
      {wrong && <TriangleAlert aria-hidden className="mr-1 -mt-0.5 inline size-3.5" strokeWidth={2.25} />}
      {children}
    </td>
  );
}

const MARKS: Record<Agreement, { icon: LucideIcon; className: string }> = {
  same: { icon: CircleCheck, className: "text-ok" },
  behind: { icon: History, className: "text-text-3" },
  differs: { icon: TriangleAlert, className: "text-danger" },
  none: { icon: CircleDashed, className: "text-text-3" },
};

function Verdict({ agreement, children }: { agreement: Agreement; children: string }) {
  const { icon: Icon, className } = MARKS[agreement];
  return (
    <span className={cn("flex items-center gap-1.5 text-xs", agreement === "differs" ? "font-medium text-danger" : "text-text-2")} data-agreement={agreement}>
      <Icon aria-hidden className={cn("size-3.5 shrink-0", className)} strokeWidth={2.25} />
      {children}
    </span>
  );
}
