"use client";
/**
 * The oldest pending transactions, with Confirm and Cancel. Nothing is taken away or moved while somebody points at a row
 * or has a dialog open; what ends stays a moment with its outcome.
 */
import { Ban, Check, CircleCheck, Clock3, RotateCcw } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import Link from "next/link";
import { memo, useCallback, useState } from "react";
import type { ManualVerb, TransactionState } from "@/server/contracts/console";
import type { PendingTransaction } from "@/server/contracts/socket-events";
import { EXPIRING_MS } from "@/server/contracts/socket-events";
import { useLive, useNowMs, usePending, usePendingTotals } from "../live/live-provider";
import type { PendingView } from "../live/pending-views";
import { Badge } from "../ui/badge";
import type { Tone } from "../ui/badge";
import { Button } from "../ui/button";
import { cn } from "../ui/cn";
import { Panel } from "../ui/panel";
import { ActionDialog } from "./action-dialog";
import { useAge } from "./ages";
import { useNames } from "./names";

const LIST_ID = "pending-list";

interface Asked {
  txId: string;
  verb: ManualVerb;
}

export function PendingTable({ mayAct, className }: { mayAct: boolean; className?: string }) {
  const t = useTranslations("pending");
  const rows = usePending();
  const totals = usePendingTotals();
  const { store } = useLive();
  const format = useFormatter();
  const [asked, setAsked] = useState<Asked | null>(null);
  const ask = useCallback((txId: string, verb: ManualVerb) => setAsked({ txId, verb }), []);
  const listed = rows.filter((row) => row.outcome === null).length;
  return (
    <Panel
      id="pending"
      className={cn("@container", className)}
      title={t("title")}
      note={
        totals.pending > 0
          ? t("showing", { listed, pending: `${format.number(totals.pending)}${totals.capped ? "+" : ""}` })
          : undefined
      }
    >
      {rows.length === 0 ? (
        <div className="figures grid flex-1 place-content-center justify-items-center gap-1 px-4 py-8 text-center">
          <CircleCheck aria-hidden className="size-5 text-ok" />
          <p className="font-medium">{t("empty")}</p>
          <p className="text-xs text-text-3">{t("emptyMeaning")}</p>
        </div>
      ) : (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields
        <div
          id={LIST_ID}
          role="group"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
          tabIndex={0}
          aria-labelledby="pending-title"
          className="scroll-quiet min-h-0 flex-1 overflow-auto"
          onPointerEnter={() => store.holdPending("pointer", true)}
          onPointerLeave={() => store.holdPending("pointer", false)}
          onFocus={() => store.holdPending("focus", true)}
          onBlur={() => store.holdPending("focus", false)}
        >
          <table className="w-full table-fixed border-separate border-spacing-0">
            <thead>
              <tr className="text-2xs text-text-3 [&>th]:sticky [&>th]:top-0 [&>th]:z-10 [&>th]:border-b [&>th]:bg-surface [&>th]:px-2 [&>th]:py-1 [&>th]:text-left [&>th]:font-medium [&>th]:whitespace-nowrap">
                <th scope="col" className="pl-4! @xl:w-[31%]">{t("transaction")}</th>
                <th scope="col" className="hidden @xl:table-cell">{t("lines")}</th>
                <th scope="col" className="w-24 text-right!">{t("age")}</th>
                <th scope="col" className="hidden w-25 text-right! @lg:table-cell">{t("expiresIn")}</th>
                <th scope="col" className="w-40 pr-4! text-right! @md:w-44">
                  <span className="sr-only">{t("actions")}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <PendingRow key={row.transaction.txId} row={row} mayAct={mayAct} ask={ask} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {asked !== null && <ActionDialog {...asked} returnFocusTo={LIST_ID} onClose={() => setAsked(null)} />}
    </Panel>
  );
}

interface PendingRowProps {
  row: PendingView;
  mayAct: boolean;
  ask(txId: string, verb: ManualVerb): void;
}

const PendingRow = memo(function PendingRow({ row, mayAct, ask }: PendingRowProps) {
  const t = useTranslations("pending");
  const names = useNames();
  const { transaction, outcome } = row;
  const { txId, orderId, lines, storeNames } = transaction;
  return (
    <tr
      data-testid={`tx-${txId}`}
      data-outcome={outcome ?? "PENDING"}
      className={cn("[&>td]:border-b [&>td]:px-2 [&>td]:py-1 last:[&>td]:border-b-0 hover:bg-sunken", outcome !== null && "text-text-3")}
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
              {index > 0 && <span className="text-text-3">, </span>}
              <span className="text-text-3">{line.quantity}&thinsp;×&thinsp;</span>
              {names.own(line.names)}
            </span>
          ))}
        </div>
      </td>
      <Ages transaction={transaction} ended={outcome !== null} />
      <td className="pr-4! text-right whitespace-nowrap">
        {outcome !== null ? (
          <Outcome state={outcome} />
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

const OUTCOMES: Partial<Record<TransactionState, { tone: Tone; icon: typeof Check }>> = {
  CONFIRMED: { tone: "ok", icon: Check },
  CANCELLED: { tone: "neutral", icon: Ban },
  EXPIRED: { tone: "warn", icon: Clock3 },
  REVERSED: { tone: "neutral", icon: RotateCcw },
};

function Outcome({ state }: { state: TransactionState }) {
  const t = useTranslations("pending");
  const { tone, icon } = OUTCOMES[state] ?? { tone: "neutral", icon: Clock3 };
  return (
    <Badge tone={tone} icon={icon}>
      {t(`states.${state}`)}
    </Badge>
  );
}
