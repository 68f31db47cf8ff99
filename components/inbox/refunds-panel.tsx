"use client";
/** Refund tickets, the longest open first: who paid how much for what was never sold, and who has settled it, and how. */
import { Banknote, Check, CircleCheck, UserRound } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import Link from "next/link";
import { useCallback, useRef } from "react";
import { REFUND_VIEWS } from "@/server/contracts/inbox";
import type { RefundRow, RefundsPage } from "@/server/contracts/inbox";
import { useNowMs } from "../live/live-provider";
import type { Polled } from "../live/use-poll";
import { useAge } from "../overview/ages";
import { useMoney } from "../overview/money";
import { StateBadge } from "../transactions/state-badge";
import { Badge } from "../ui/badge";
import { Button } from "../ui/button";
import { cn } from "../ui/cn";
import { Empty } from "../ui/empty";
import { Panel } from "../ui/panel";
import { Segments } from "../ui/segments";
import type { SetAddress } from "../ui/use-address";
import { useListKeys } from "../ui/use-list-keys";
import { useSteadyRows } from "../ui/use-steady-rows";
import { PanelNote } from "./payments-panel";
import type { InboxQuery } from "./query";
import { SettleDialog } from "./settle-dialog";

interface RefundsPanelProps {
  polled: Polled<RefundsPage>;
  query: InboxQuery;
  setQuery: SetAddress<InboxQuery>;
  mayAct: boolean;
  onSettled(): void;
}

const idOf = ({ ticketId }: RefundRow) => ticketId;

export function RefundsPanel({ polled: { value, stale }, query, setQuery, mayAct, onSettled }: RefundsPanelProps) {
  const t = useTranslations("inbox");
  const format = useFormatter();
  const { rows, isGone, news, showNews, handlers } = useSteadyRows(query.refunds, value.refunds, idOf);
  const body = useRef<HTMLUListElement>(null);
  useListKeys({ body, length: rows.length });
  const asked = value.refunds.find(({ ticketId, closedAtMs }) => ticketId === query.ticketId && closedAtMs === null);
  const close = useCallback(() => setQuery({ ticketId: null }, "replace"), [setQuery]);
  return (
    <Panel
      id="refunds"
      className="min-h-80"
      stale={stale}
      title={t("refunds")}
      note={<PanelNote cut={value.nextCursor === null ? null : t("cut", { shown: rows.length })} news={news} showNews={showNews} />}
      tools={
        <Segments
          legend={t("which")}
          value={query.refunds}
          onChange={(refunds) => setQuery({ refunds })}
          options={REFUND_VIEWS.map((view) => ({ value: view, label: <>{t(`refundViews.${view}`)}{view === "open" && <span className="figures min-w-[2ch] text-right">{format.number(value.open)}</span>}</> }))}
        />
      }
    >
      {rows.length === 0 ? (
        <Empty testId="no-refunds" icon={CircleCheck} tone="ok" title={t(`noRefund.${query.refunds}`)} meaning={t("noRefundMeaning")} />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <ul ref={body} tabIndex={0} aria-labelledby="refunds-title" className="scroll-quiet min-h-0 flex-1 divide-y overflow-y-auto" {...handlers}>
          {rows.map((refund, index) => (
            <Row key={refund.ticketId} refund={refund} gone={isGone(refund)} index={index} mayAct={mayAct} onSettle={(ticketId) => setQuery({ ticketId }, "replace")} />
          ))}
        </ul>
      )}
      {asked !== undefined && mayAct && <SettleDialog key={asked.ticketId} refund={asked} returnFocusTo="refunds-title" onClose={close} onSettled={onSettled} />}
    </Panel>
  );
}

interface RowProps {
  refund: RefundRow;
  /** It is in this list no more: settled, or reopened. */
  gone: boolean;
  index: number;
  mayAct: boolean;
  onSettle(ticketId: string): void;
}

function Row({ refund, gone, index, mayAct, onSettle }: RowProps) {
  const t = useTranslations("inbox");
  const money = useMoney();
  const { ticketId, txId, orderId, txState, amountCents, payments, closedAtMs, claimedBy, settledBy, settlement } = refund;
  const open = closedAtMs === null;
  return (
    <li data-index={index} data-testid={`refund-${ticketId}`} className={cn("grid grid-cols-[minmax(0,1fr)_auto] gap-x-4 gap-y-1 px-4 py-2.5 hover:bg-sunken", gone && "text-text-3")}>
      <div className="min-w-0">
        <p className={cn("text-lg leading-6 font-semibold", !open && !gone && "text-text-2")}>{amountCents === null ? t("amountUnknown") : money(amountCents)}</p>
        <p className="flex min-w-0 items-center gap-2">
          <Link href={`/transactions/${encodeURIComponent(txId)}`} prefetch={false} className="truncate rounded font-mono text-xs hover:text-accent hover:underline" title={txId}>
            {orderId ?? txId}
          </Link>
          <StateBadge state={txState} />
        </p>
        <p className="truncate text-2xs text-text-3">{[ticketId, ...payments.map(({ source, eventId }) => `${source} ${eventId}`)].join(" · ")}</p>
        {settlement !== null && (
          <p className="mt-1 flex items-start gap-1.5 text-xs text-text-2">
            <UserRound aria-hidden className="mt-0.5 size-3 shrink-0 text-text-3" />
            <span className="min-w-0 break-words">{t("settledBy", { name: settledBy ?? "–", settlement })}</span>
          </p>
        )}
      </div>
      <div className="flex flex-col items-end justify-between gap-1 text-right">
        <Since refund={refund} />
        {open && gone && <Badge tone="ok" icon={Check}>{t("refundViews.settled")}</Badge>}
        {open && !gone && (
          <Button size="sm" disabled={!mayAct} title={mayAct ? undefined : t("roleNeeded")} aria-label={t("settleThis", { ticketId })} onClick={() => onSettle(ticketId)}>
            <Banknote aria-hidden className="size-3.5" />
            {t("settle")}
          </Button>
        )}
        {open && !gone && claimedBy !== null && <span className="text-2xs text-text-3">{t("with", { name: claimedBy })}</span>}
      </div>
    </li>
  );
}

function Since({ refund: { openedAtMs, closedAtMs } }: { refund: RefundRow }) {
  const t = useTranslations("inbox");
  const age = useAge();
  const nowMs = useNowMs();
  return <span className="figures text-xs whitespace-nowrap text-text-2">{closedAtMs === null ? t("openFor", { age: age(nowMs - openedAtMs) }) : t("settledAgo", { age: age(nowMs - closedAtMs) })}</span>;
}
