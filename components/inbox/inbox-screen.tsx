"use client";
/** Money and orders that have not found each other: callbacks that wait for their transaction, and refunds that somebody must settle. */
import { useTranslations } from "next-intl";
import { useCallback } from "react";
import { roleIncludes, type Operator } from "@/server/contracts/console";
import type { InboxPage, RefundsPage } from "@/server/contracts/inbox";
import type { OverviewSnapshot } from "@/server/contracts/socket-events";
import { usePoll } from "../live/use-poll";
import { ConsolePage } from "../shell/console-page";
import { useAddress } from "../ui/use-address";
import { readPayments, readRefunds } from "./client";
import { PaymentsPanel } from "./payments-panel";
import { inboxAddress, readInboxQuery } from "./query";
import { RefundsPanel } from "./refunds-panel";

const READ_EVERY_MS = 2_000;

interface InboxScreenProps {
  operator: Operator;
  overview: OverviewSnapshot;
  payments: InboxPage;
  refunds: RefundsPage;
}

export function InboxScreen({ operator, overview, payments: firstPayments, refunds: firstRefunds }: InboxScreenProps) {
  const t = useTranslations("inbox");
  const [query, setQuery] = useAddress(readInboxQuery, inboxAddress);
  const { view, orderId, refunds: refundView } = query;
  // Each list is asked anew when its own part of the query changes, not when the other's does.
  const payments = usePoll(
    firstPayments,
    useCallback((signal: AbortSignal) => readPayments({ view, orderId, refunds: "open", ticketId: null }, signal), [view, orderId]),
    READ_EVERY_MS,
  );
  const refunds = usePoll(
    firstRefunds,
    useCallback((signal: AbortSignal) => readRefunds({ view: "open", orderId: null, refunds: refundView, ticketId: null }, signal), [refundView]),
    READ_EVERY_MS,
  );
  const mayAct = roleIncludes(operator.role, "operator");
  return (
    <ConsolePage operator={operator} title={t("title")} overview={overview}>
      <div className="grid min-h-0 flex-1 gap-3 xl:grid-cols-[minmax(0,1fr)_minmax(24rem,32rem)]">
        <PaymentsPanel polled={payments} query={query} setQuery={setQuery} mayAct={mayAct} />
        <RefundsPanel
          polled={refunds}
          query={query}
          setQuery={setQuery}
          mayAct={mayAct}
          onSettled={() => {
            refunds.again();
            payments.again();
          }}
        />
      </div>
    </ConsolePage>
  );
}
