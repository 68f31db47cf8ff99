"use client";
/**
 * The oldest pending transactions, with Confirm and Cancel. Nothing is taken away or moved while somebody points at a row
 * or has a dialog open; what ends stays a moment with its outcome.
 */
import { CircleCheck, Clock3 } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import Link from "next/link";
import { memo, useCallback, useRef, useState } from "react";
import type { ManualVerb, TransactionState } from "@/server/contracts/console";
import type { PendingTransaction } from "@/server/contracts/socket-events";
import { EXPIRING_MS } from "@/server/contracts/socket-events";
import { useLive, useNowMs, usePending, usePendingTotals, useReadsStale } from "../live/live-provider";
import type { PendingView } from "../live/pending-views";
import { StateBadge } from "../transactions/state-badge";
import { Button } from "../ui/button";
import { cn } from "../ui/cn";
import { Empty } from "../ui/empty";
import { Panel } from "../ui/panel";
import { ROW, Table } from "../ui/table";
import { useListKeys } from "../ui/use-list-keys";
import { ActionDialog } from "./action-dialog";
import { useAge } from "./ages";
import { useNames } from "./names";

const LIST_ID = "pending-list";

interface Asked {
  txId: string;
  verb: ManualVerb;
}

interface PendingTableProps {
  mayAct: boolean;
  /** On a wall: each row says its state instead of what can be done. */
  lookOnly: boolean;
  className?: string;
}

export function PendingTable({ mayAct, lookOnly, className }: PendingTableProps) {
  const t = useTranslations("pending");
  const rows = usePending();
  const totals = usePendingTotals();
  const { store } = useLive();
  const format = useFormatter();
  const [asked, setAsked] = useState<Asked | null>(null);
  const ask = useCallback((txId: string, verb: ManualVerb) => setAsked({ txId, verb }), []);
  const body = useRef<HTMLDivElement>(null);
  useListKeys({ body, length: rows.length });
  const listed = rows.filter((row) => row.outcome === null).length;
  return (
    <Panel
      id="pending"
      stale={useReadsStale()}
      className={cn("@container", className)}
      title={t("title")}
      note={
        totals.pending > 0
          ? t("showing", { listed, pending: `${format.number(totals.pending)}${totals.capped ? "+" : ""}` })
          : undefined
      }
    >
      {rows.length === 0 ? (
        <Empty icon={CircleCheck} tone="ok" title={t("empty")} meaning={t("emptyMeaning")} className="figures" />
      ) : (
        <Table
          id={LIST_ID}
          ref={body}
          labelledBy="pending-title"
          headClassName="[&>th]:text-left"
          onPointerEnter={() => store.holdPending("pointer", true)}
          onPointerLeave={() => store.holdPending("pointer", false)}
          onFocus={() => store.holdPending("focus", true)}
          onBlur={() => store.holdPending("focus", false)}
          head={
            <>
              <th scope="col" className="pl-4! @xl:w-[31%]">{t("transaction")}</th>
              <th scope="col" className="hidden @xl:table-cell">{t("lines")}</th>
              <th scope="col" className="w-24 text-right!">{t("age")}</th>
              <th scope="col" className="hidden w-25 text-right! @lg:table-cell">{t("expiresIn")}</th>
              <th scope="col" className="w-40 pr-4! text-right! @md:w-44">
                <span className="sr-only">{t("actions")}</span>
              </th>
            </>
          }
        >
          {rows.map((row, index) => (
            <PendingRow key={row.transaction.txId} index={index} row={row} mayAct={mayAct} lookOnly={lookOnly} ask={ask} />
          ))}
        </Table>
      )}
      {asked !== null && <ActionDialog {...asked} returnFocusTo={LIST_ID} onClose={() => setAsked(null)} />}
    </Panel>
  );
}

interface PendingRowProps {
  index: number;
  row: PendingView;
  mayAct: boolean;
  lookOnly: boolean;
  ask(txId: string, verb: ManualVerb): void;
}

const PendingRow = memo(function PendingRow({ index, row, mayAct, lookOnly, ask }: PendingRowProps) {
  const t = useTranslations("pending");
  const names = useNames();
  const { transaction, outcome } = row;
  const { txId, orderId, lines, storeNames } = transaction;
  return (
    <tr
      data-testid={`tx-${txId}`}
      data-index={index}
      data-outcome={outcome ?? "PENDING"}
      className={cn(ROW, outcome !== null && "text-text-3")}
    >
      <td className="pl-4!">
        <div className="truncate font-mono text-xs" title={txId}>
          <Link href={`/transactions/${encodeURIComponent(txId)}`} prefetch={false} className="rounded hover:text-accent hover:underline">{txId}</Link>
        </div>
        <div className="truncate text-2xs text-text-3" title={orderId}>
          {names.own(storeNames)}
          {orderId !== txId && (
            <>
              <span className="px-1.5">·</span>
              {t("order", { orderId })}
            </>
          )}
        </div>
      </td>
      <td className="hidden @xl:table-cell">
        <div className="truncate" title={lines.map((line) => `${line.quantity} × ${names.own(line.names)}`).join("\n")}>
          {lines.map((line, index) => (
            <span key={line.dishId}>
              {index > 0 && <span className="text-text-3">{t("comma")}</span>}
              <span className="text-text-3">{line.quantity}&thinsp;×&thinsp;</span>
              {names.own(line.names)}
            </span>
          ))}
        </div>
      </td>
      <Ages transaction={transaction} ended={outcome !== null} />
      <td className="pr-4! text-right whitespace-nowrap">
        {outcome !== null || lookOnly ? (
          <StateBadge state={outcome ?? transaction.state} />
        ) : (
          <span className="inline-flex gap-1.5">
            {verbsIn(transaction.state).map((verb) => (
              <Button
                key={verb}
                size="sm"
                className="h-6.5 border-line px-2 @md:px-2.5"
                disabled={!mayAct}
                title={mayAct ? undefined : t("roleNeeded")}
                onClick={() => ask(txId, verb)}
                aria-label={t(`${verb}This`, { txId })}
              >
                {t(verb)}
              </Button>
            ))}
          </span>
        )}
      </td>
    </tr>
  );
});

/** What is decided cannot be decided by hand: it can only be hurried. */
function verbsIn(state: TransactionState): readonly ("confirm" | "cancel" | "retry")[] {
  if (state === "TRYING") return ["cancel"];
  return state === "RESERVED" ? ["confirm", "cancel"] : ["retry"];
}

/** The only part of a row that changes every second. */
function Ages({ transaction, ended }: { transaction: PendingTransaction; ended: boolean }) {
  const t = useTranslations("pending");
  const nowMs = useNowMs();
  const age = useAge();
  const { createdAtMs, expiresAtMs, state } = transaction;
  const leftMs = expiresAtMs - nowMs;
  return (
    <>
      <td className="text-right whitespace-nowrap">
        <span className="figures">{ended ? "–" : age(nowMs - createdAtMs)}</span>
        {state !== "RESERVED" && !ended && <span className="block text-2xs text-text-3">{t(`states.${state}`)}</span>}
      </td>
      <td className="hidden text-right whitespace-nowrap @lg:table-cell">
        <span className={cn("figures text-text-2", !ended && leftMs < EXPIRING_MS && "inline-flex items-center gap-1 font-medium text-warn")}>
          {!ended && leftMs < EXPIRING_MS && <Clock3 aria-hidden className="size-3" strokeWidth={2.25} />}
          {ended ? "–" : leftMs <= 0 ? t("due") : age(leftMs)}
        </span>
      </td>
    </>
  );
}
