/** Calls of the inbox. Failures are ConsoleErrors, as everywhere. */
import type { InboxPage, RefundsPage, RetryPaymentResult, SettleRefundResult } from "@/server/contracts/inbox";
import { call, post } from "../console-client";
import { inboxAsked, refundsAsked } from "./query";
import type { InboxQuery } from "./query";

const search = (asked: Record<string, string | number>) => new URLSearchParams(Object.entries(asked).map(([name, value]) => [name, String(value)]));

export const readPayments = (query: InboxQuery, signal: AbortSignal): Promise<InboxPage> => call(`/api/console/inbox?${search(inboxAsked(query))}`, { signal });
export const readRefunds = (query: InboxQuery, signal: AbortSignal): Promise<RefundsPage> => call(`/api/console/refunds?${search(refundsAsked(query))}`, { signal });

export const retryPayment = (paymentKey: string, actionKey: string): Promise<RetryPaymentResult> => post(`/api/console/inbox/${encodeURIComponent(paymentKey)}/retry`, actionKey, {});

/** @param reference what the gateway or the bank calls the transfer; empty: nothing is known. */
export const settleRefund = (ticketId: string, actionKey: string, reason: string, reference: string): Promise<SettleRefundResult> =>
  post(`/api/console/refunds/${encodeURIComponent(ticketId)}/settle`, actionKey, { reason, ...(reference === "" ? {} : { reference }) });
