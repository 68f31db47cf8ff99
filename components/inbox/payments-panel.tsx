"use client";
/** Payment callbacks, the longest waiting first: what was said, of which order, where it stands, and when it is tried again. */
import { CircleCheck, RotateCw, SearchX } from "lucide-react";
import { useFormatter, useTranslations } from "next-intl";
import Link from "next/link";
import { memo, useCallback, useRef, useState } from "react";
import { INBOX_VIEWS } from "@/server/contracts/inbox";
import type { InboxPage, PaymentRow } from "@/server/contracts/inbox";
import { ID_PATTERN } from "@/server/contracts/limits";
import { useFailure } from "../console-failure";
import { useNowMs } from "../live/live-provider";
import type { Polled } from "../live/use-poll";
import { useAge } from "../overview/ages";
import { useMoney } from "../overview/money";
import { StateBadge } from "../transactions/state-badge";
import { Button } from "../ui/button";
import { cn } from "../ui/cn";
import { Empty } from "../ui/empty";
import { Panel } from "../ui/panel";
import { SearchField } from "../ui/search-field";
import { Segments } from "../ui/segments";
import { ROW, Table } from "../ui/table";
import { useToast } from "../ui/toast";
import type { SetAddress } from "../ui/use-address";
import { useListKeys } from "../ui/use-list-keys";
import { useSteadyRows } from "../ui/use-steady-rows";
import { retryPayment } from "./client";
import { PaymentBadge } from "./payment-badge";
import type { InboxQuery } from "./query";

interface PaymentsPanelProps {
  polled: Polled<InboxPage>;
  query: InboxQuery;
  setQuery: SetAddress<InboxQuery>;
  mayAct: boolean;
}

const keyOf = ({ paymentKey }: PaymentRow) => paymentKey;

export function PaymentsPanel({ polled: { value, stale, again }, query, setQuery, mayAct }: PaymentsPanelProps) {
  const t = useTranslations("inbox");
  const format = useFormatter();
  const { counts, nextCursor } = value;
  const { rows, isGone, news, showNews, handlers } = useSteadyRows(`${query.view} ${query.orderId}`, value.payments, keyOf);
  const showOrder = useCallback((orderId: string) => setQuery({ orderId, view: "all" }), [setQuery]);
  const body = useRef<HTMLDivElement>(null);
  useListKeys({ body, length: rows.length });
  return (
    <Panel
      id="payments"
      className="@container min-h-80"
      stale={stale}
      title={t("callbacks")}
      note={<PanelNote cut={nextCursor === null ? null : t("cut", { shown: rows.length })} news={news} showNews={showNews} />}
      tools={
        <>
          <SearchField
            main
            label={t("order")}
            hint={t("orderHint")}
            clearLabel={t("everyOrder")}
            maxLength={64}
            value={query.orderId ?? ""}
            valid={(words) => words === "" || ID_PATTERN.test(words)}
            onChange={(orderId) => setQuery({ orderId: orderId === "" ? null : orderId }, "replace")}
            className="w-44"
          />
          <Segments
            legend={t("which")}
            value={query.view}
            onChange={(view) => setQuery({ view })}
            options={INBOX_VIEWS.map((view) => ({ value: view, label: <>{t(`views.${view}`)}{view !== "all" && <span className="figures min-w-[2ch] text-right">{format.number(counts[view])}</span>}</> }))}
          />
        </>
      }
    >
      {rows.length === 0 ? (
        query.orderId === null ? (
          <Empty testId="no-payments" icon={CircleCheck} tone="ok" title={t(`none.${query.view}`)} meaning={t(`noneMeaning.${query.view}`)} />
        ) : (
          <Empty
            testId="no-payments"
            icon={SearchX}
            title={t("noMatch", { orderId: query.orderId })}
            meaning={t("noMatchMeaning")}
            action={<Button size="sm" onClick={() => setQuery({ orderId: null, view: "all" })}>{t("everyOrder")}</Button>}
          />
        )
      ) : (
        <Table
          ref={body}
          labelledBy="payments-title"
          headClassName="[&>th]:text-left"
          {...handlers}
          head={
            <>
              <th scope="col" className="pl-4!">{t("columns.order")}</th>
              <th scope="col" className="hidden w-22 text-right! @md:table-cell">{t("columns.payment")}</th>
              <th scope="col" className="w-30">{t("columns.state")}</th>
              <th scope="col" className="hidden w-[24%] @2xl:table-cell">{t("columns.transaction")}</th>
              <th scope="col" className="hidden w-22 text-right! @xl:table-cell">{t("columns.received")}</th>
              <th scope="col" className="w-27 pr-4! text-right!">{t("columns.next")}</th>
            </>
          }
        >
          {rows.map((payment, index) => (
            <Row key={payment.paymentKey} payment={payment} gone={isGone(payment)} index={index} mayAct={mayAct} onRetried={again} onOrder={showOrder} />
          ))}
        </Table>
      )}
    </Panel>
  );
}

/** What is not shown: what is more than fits, and what came while somebody pointed at the rows. */
export function PanelNote({ cut, news, showNews }: { cut: string | null; news: number; showNews(): void }) {
  const t = useTranslations("inbox");
  return (
    <span className="flex items-center gap-2">
      {cut}
      {news > 0 && (
        <button type="button" onClick={showNews} className="inline-flex h-6 items-center rounded bg-accent-soft px-2 font-medium text-accent hover:underline">
          <span aria-live="polite">{t("news", { count: news })}</span>
        </button>
      )}
    </span>
  );
}

interface RowProps {
  payment: PaymentRow;
  /** It is in this list no more: its order came, or it has ended. */
  gone: boolean;
  index: number;
  mayAct: boolean;
  onRetried(): void;
  onOrder(orderId: string): void;
}

const Row = memo(function Row({ payment, gone, index, mayAct, onRetried, onOrder }: RowProps) {
  const t = useTranslations("inbox");
  const money = useMoney();
  const { paymentKey, source, orderId, eventId, status, amountCents, txId, txState, ticketId, failures, lastError } = payment;
  const paid = status === "PAID";
  return (
    <tr data-testid={`payment-${paymentKey}`} data-index={index} data-state={payment.state} className={cn(ROW, gone && "opacity-60")}>
      <td className="pl-4!">
        <button type="button" onClick={() => onOrder(orderId)} title={t("ofThisOrder", { orderId })} className="block max-w-full truncate rounded text-left font-mono text-xs leading-5 hover:text-accent hover:underline">
          {orderId}
        </button>
        <div className="truncate text-2xs text-text-3" title={`${source} · ${eventId}`}>
          {amountCents !== null && <span className="@md:hidden">{money(amountCents)} · </span>}
          {source}
          <span className="px-1.5">·</span>
          {eventId}
        </div>
      </td>
      <td className="hidden text-right whitespace-nowrap @md:table-cell">
        <div className={cn("leading-5", paid ? "font-medium" : "text-text-3")}>{amountCents === null ? "–" : money(amountCents)}</div>
        <div className="text-2xs text-text-3">{t(paid ? "paid" : "notPaid")}</div>
      </td>
      <td>
        <PaymentBadge payment={payment} />
        {failures > 0 && <div className="truncate text-2xs text-text-3" title={lastError ?? undefined}>{t("failures", { failures })}</div>}
      </td>
      <td className="hidden @2xl:table-cell">
        {txId === null ? (
          <span className="text-text-3">{t("noTransaction")}</span>
        ) : (
          <>
            <Link href={`/transactions/${encodeURIComponent(txId)}`} prefetch={false} className="block truncate rounded font-mono text-xs leading-5 hover:text-accent hover:underline" title={txId}>
              {txId}
            </Link>
            <div className="flex items-center gap-1.5 text-2xs text-text-3">
              {txState !== null && <StateBadge state={txState} className="h-4" />}
              {ticketId !== null && <span className="truncate">{ticketId}</span>}
            </div>
          </>
        )}
      </td>
      <Times payment={payment} mayAct={mayAct && !gone} onRetried={onRetried} />
    </tr>
  );
});

/** The part of a row that follows the clock. */
function Times({ payment, mayAct, onRetried }: { payment: PaymentRow; mayAct: boolean; onRetried(): void }) {
  const t = useTranslations("inbox");
  const age = useAge();
  const nowMs = useNowMs();
  const { receivedAtMs, nextAttemptAtMs } = payment;
  return (
    <>
      <td className="hidden text-right whitespace-nowrap text-text-2 @xl:table-cell">
        <span className="figures">{age(nowMs - receivedAtMs)}</span>
      </td>
      <td className="pr-4! text-right whitespace-nowrap">
        {nextAttemptAtMs === null ? (
          <span className="text-text-3">–</span>
        ) : (
          <span className="inline-flex items-center gap-2">
            <span className="figures text-text-2">{nextAttemptAtMs <= nowMs ? t("now") : age(nextAttemptAtMs - nowMs)}</span>
            <RetryButton payment={payment} mayAct={mayAct} onRetried={onRetried} />
          </span>
        )}
      </td>
    </>
  );
}

function RetryButton({ payment: { paymentKey, orderId }, mayAct, onRetried }: { payment: PaymentRow; mayAct: boolean; onRetried(): void }) {
  const t = useTranslations("inbox");
  const toast = useToast();
  const sentenceOf = useFailure();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const retry = async () => {
    setBusy(true);
    setFailure(null);
    try {
      const { hastened } = await retryPayment(paymentKey, crypto.randomUUID());
      toast(t(hastened ? "hastened" : "notHastened"), orderId);
      onRetried();
    } catch (error) {
      setFailure(sentenceOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button
      kind={failure === null ? "plain" : "danger"}
      size="sm"
      className="size-7 justify-center px-0"
      busy={busy}
      disabled={!mayAct}
      aria-label={t("retryThis", { orderId })}
      title={failure ?? (mayAct ? t("retryMeaning") : t("roleNeeded"))}
      onClick={() => void retry()}
    >
      <RotateCw aria-hidden className="size-3.5" />
      {failure !== null && <span role="alert" className="sr-only">{failure}</span>}
    </Button>
  );
}
