// biome-ignore-all lint/a11y/useSemanticElements: see table.tsx
// biome-ignore-all lint/a11y/useFocusableInteractive: its link has the focus
"use client";
/** One transaction in the table: renders again when it changes; only its ages follow the clock. */
import { TicketCheck, TriangleAlert } from "lucide-react";
import { useTranslations } from "next-intl";
import Link from "next/link";
import { memo } from "react";
import type { ReactNode } from "react";
import type { TransactionRow } from "@/server/contracts/transaction-page";
import { useNowMs } from "../live/live-provider";
import { useAge } from "../overview/ages";
import { useNames } from "../overview/names";
import { cn } from "../ui/cn";
import { StateBadge } from "./state-badge";

export const ROW_REM = 2.75;

/** Head and rows share the columns; what has no room is left out, the least urgent first. */
export const GRID =
  "grid items-center gap-x-4 px-4 grid-cols-[minmax(0,1fr)_6.5rem] " +
  "@lg:grid-cols-[minmax(0,1fr)_6.5rem_5.5rem] " +
  "@3xl:grid-cols-[minmax(0,1.2fr)_minmax(0,1fr)_6.5rem_5.5rem] " +
  "@5xl:grid-cols-[minmax(0,1.1fr)_minmax(0,1fr)_6.5rem_minmax(0,1fr)_5.5rem_6.5rem]";

export const CELL = {
  transaction: "min-w-0",
  lines: "hidden min-w-0 @3xl:block",
  state: "min-w-0",
  trouble: "hidden min-w-0 @5xl:block",
  age: "hidden text-right @lg:block",
  next: "hidden text-right @5xl:block",
} as const;

export const Row = memo(function Row({ row, index }: { row: TransactionRow; index: number }) {
  const t = useTranslations("txList");
  const pending = useTranslations("pending");
  const names = useNames();
  const { txId, orderId, storeNames, lines, state, stuck, ticketId, cause } = row;
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      data-index={index}
      data-testid={`row-${txId}`}
      data-state={state}
      className={cn(GRID, "absolute inset-x-0 border-b contain-strict hover:bg-sunken focus-within:bg-sunken")}
      style={{ top: `${index * ROW_REM}rem`, height: `${ROW_REM}rem` }}
    >
      <Cell className={CELL.transaction}>
        <Link
          href={`/transactions/${encodeURIComponent(txId)}`}
          prefetch={false}
          className="block truncate font-mono text-xs leading-5 outline-none after:absolute after:inset-0 after:rounded focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-accent"
        >
          {txId}
        </Link>
        <div className="truncate text-2xs text-text-3">
          {storeNames === null ? t("fence") : names.own(storeNames)}
          {orderId !== null && orderId !== txId && (
            <>
              <span className="px-1.5">·</span>
              {pending("order", { orderId })}
            </>
          )}
        </div>
      </Cell>
      <Cell className={CELL.lines}>
        <div className="truncate" title={lines.map((line) => `${line.quantity} × ${names.own(line.names)}`).join("\n")}>
          {lines.map((line, at) => (
            <span key={line.dishId}>
              {at > 0 && <span className="text-text-3">{pending("comma")}</span>}
              <span className="text-text-3">{line.quantity}&thinsp;×&thinsp;</span>
              {names.own(line.names)}
            </span>
          ))}
        </div>
      </Cell>
      <Cell className={CELL.state}>
        <StateBadge state={state} />
        {cause !== null && <div className="truncate text-2xs text-text-3">{t(`causes.${cause}`)}</div>}
      </Cell>
      <Cell className={CELL.trouble}>
        {(stuck !== null || ticketId !== null) && (
          <>
            <div className="flex items-center gap-1.5 leading-5">
              {stuck !== null && stuck.lastError !== null && <TriangleAlert aria-hidden className="size-3.5 shrink-0 text-warn" />}
              {stuck !== null && <span className="truncate">{t("stuck", { participant: stuck.participant, attempts: stuck.attempts })}</span>}
              {ticketId !== null && (
                <span className="inline-flex shrink-0 items-center gap-1 text-2xs text-text-2" title={t("ticket", { ticketId })}>
                  <TicketCheck aria-hidden className="size-3" />
                  {ticketId}
                </span>
              )}
            </div>
            {stuck !== null && <div className="truncate text-2xs text-text-3" title={stuck.lastError ?? undefined}>{stuck.lastError ?? t("underWay")}</div>}
          </>
        )}
      </Cell>
      <Ages row={row} />
    </div>
  );
});

function Ages({ row }: { row: TransactionRow }) {
  const t = useTranslations("txList");
  const pending = useTranslations("pending");
  const age = useAge();
  const nowMs = useNowMs();
  const { state, createdAtMs, expiresAtMs, stuck } = row;
  const dueMs = state === "RESERVED" ? expiresAtMs : (stuck?.nextAttemptAtMs ?? null);
  const due = dueMs !== null && dueMs <= nowMs;
  const what = state === "RESERVED" ? "expires" : "retries";
  return (
    <>
      <Cell className={CELL.age}>
        <span className="figures text-text-2">{age(nowMs - createdAtMs)}</span>
      </Cell>
      <Cell className={CELL.next}>
        {dueMs !== null && (
          <>
            <div className="figures leading-5 text-text-2">{due ? pending("due") : age(dueMs - nowMs)}</div>
            <div className="text-2xs text-text-3">{t(due ? `${what}Now` : what)}</div>
          </>
        )}
      </Cell>
    </>
  );
}

function Cell({ className, children }: { className: string; children?: ReactNode }) {
  return (
    <div role="cell" className={className}>
      {children}
    </div>
  );
}
