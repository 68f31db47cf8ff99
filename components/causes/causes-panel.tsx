"use client";
/** One row a cause: how many, how long, what was said, and what can be done about all of them. */
import { CircleCheck, TicketCheck, TriangleAlert } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import Link from "next/link";
import { useRef } from "react";
import type { Cause } from "@/server/contracts/bulk";
import { useNowMs } from "../live/live-provider";
import { useAge } from "../overview/ages";
import { Button } from "../ui/button";
import { cn } from "../ui/cn";
import { Empty } from "../ui/empty";
import { Panel } from "../ui/panel";
import { useListKeys } from "../ui/use-list-keys";
import { useErrorClass } from "./words";

interface CausesPanelProps {
  causes: readonly Cause[];
  stale: boolean;
  /** A fingerprint that somebody came for. */
  marked: string | null;
  mayAct: boolean;
  freezing: string | null;
  /** A sentence. */
  failure: string | null;
  onRetry(cause: Cause): void;
}

export function CausesPanel({ causes, stale, marked, mayAct, freezing, failure, onRetry }: CausesPanelProps) {
  const t = useTranslations("causes");
  const body = useRef<HTMLUListElement>(null);
  useListKeys({ body, length: causes.length });
  const total = causes.reduce((sum, { transactions }) => sum + transactions, 0);
  return (
    <Panel id="causes" className="@container min-h-0" stale={stale} title={t("title")} note={causes.length === 0 ? undefined : t("total", { total, causes: causes.length })}>
      {failure !== null && (
        <p role="alert" className="flex items-center gap-2 border-b bg-danger-soft px-4 py-2 text-danger">
          <TriangleAlert aria-hidden className="size-4" />
          {failure}
        </p>
      )}
      {causes.length === 0 ? (
        <Empty icon={CircleCheck} tone="ok" title={t("empty")} meaning={t("emptyMeaning")} />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <ul ref={body} tabIndex={0} aria-labelledby="causes-title" className="scroll-quiet min-h-0 flex-1 divide-y overflow-y-auto">
          {causes.map((cause, index) => (
            <Row key={cause.fingerprint} index={index} cause={cause} marked={marked !== null && cause.fingerprints.includes(marked)} mayAct={mayAct} busy={freezing === cause.fingerprint} onRetry={onRetry} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

const AGES = [
  ["underMinute", "bg-bar-sold"],
  ["underFive", "bg-warn/45"],
  ["underHalfHour", "bg-warn"],
  ["older", "bg-danger"],
] as const;

function Row({ index, cause, marked, mayAct, busy, onRetry }: { index: number; cause: Cause; marked: boolean; mayAct: boolean; busy: boolean; onRetry(cause: Cause): void }) {
  const t = useTranslations("causes");
  const format = useFormatter();
  const errorWords = useErrorClass();
  const { fingerprint, fingerprints, participant, operation, errorClass, transactions, tickets, ages, failuresMax, lastError } = cause;
  const of = AGES.reduce((sum, [age]) => sum + ages[age], 0);
  return (
    <li className={cn("grid gap-x-5 gap-y-2 px-4 py-3 @3xl:grid-cols-[4rem_minmax(0,1fr)_12rem_auto]", marked && "bg-accent-soft")} data-index={index} data-testid={`cause-${fingerprint}`} data-transactions={transactions}>
      <div className="flex items-baseline gap-2 @3xl:block">
        <div className="figures text-xl leading-6 font-semibold">{format.number(transactions)}</div>
        <div className="text-2xs text-text-3">{t("transactions")}</div>
      </div>
      <div className="min-w-0">
        <h3 className="font-medium break-words">{t("what", { participant, operation: t(`operations.${operation}`), errorClass: errorWords(errorClass) })}</h3>
        {lastError !== null && <p className="line-clamp-2 text-xs break-words text-text-3" title={lastError}>{lastError}</p>}
        <p className="mt-1 flex flex-wrap items-center gap-x-3 gap-y-0.5 text-2xs text-text-3">
          {fingerprints.map((each) => (
            <Link key={each} href={`/transactions?fingerprint=${encodeURIComponent(each)}`} prefetch={false} className="rounded font-mono hover:text-accent hover:underline">
              {each}
            </Link>
          ))}
          {tickets > 0 && (
            <span className="inline-flex items-center gap-1">
              <TicketCheck aria-hidden className="size-3" />
              {t("tickets", { count: tickets })}
            </span>
          )}
        </p>
      </div>
      <div className="min-w-0 self-center">
        <div role="img" aria-label={t("ages", { underMinute: ages.underMinute, underFive: ages.underFive, underHalfHour: ages.underHalfHour, older: ages.older })} className="flex h-2 overflow-hidden rounded-full bg-sunken">
          {AGES.map(([age, colour]) => (ages[age] === 0 ? null : <span key={age} className={colour} style={{ width: `${(100 * ages[age]) / of}%` }} title={t(`age.${age}`, { count: ages[age] })} />))}
        </div>
        <Times cause={cause} />
      </div>
      <div className="flex items-center justify-end gap-3 self-center">
        <span className="text-right text-2xs text-text-3">{t("attempts", { count: failuresMax })}</span>
        <Button size="sm" busy={busy} disabled={!mayAct || operation === "try"} onClick={() => onRetry(cause)} aria-label={t("retryThese", { count: transactions, cause: fingerprint })}>
          {t("retry")}
        </Button>
      </div>
    </li>
  );
}

function Times({ cause }: { cause: Cause }) {
  const t = useTranslations("causes");
  const age = useAge();
  const nowMs = useNowMs();
  return (
    <div className="figures mt-1 flex justify-between gap-2 text-2xs text-text-3">
      <span>{t("oldest", { age: age(nowMs - cause.oldestSinceMs) })}</span>
      <span>{cause.nextAttemptAtMs <= nowMs ? t("nextNow") : t("next", { age: age(cause.nextAttemptAtMs - nowMs) })}</span>
    </div>
  );
}
