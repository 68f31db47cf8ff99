/** What of the inbox is looked at: read from the address, written to it, sent to the server. */
import { INBOX_VIEWS, LIST_MAX, REFUND_VIEWS } from "@/server/contracts/inbox";
import type { InboxView, RefundView } from "@/server/contracts/inbox";
import { ID_PATTERN } from "@/server/contracts/limits";

export interface InboxQuery {
  view: InboxView;
  /** Null: every order. */
  orderId: string | null;
  refunds: RefundView;
  /** A refund ticket that somebody came for. */
  ticketId: string | null;
}

export function readInboxQuery(params: { get(name: string): string | null }): InboxQuery {
  const id = (name: string) => {
    const value = params.get(name);
    return value !== null && ID_PATTERN.test(value) ? value : null;
  };
  return {
    view: INBOX_VIEWS.find((view) => view === params.get("view")) ?? "open",
    orderId: id("order"),
    refunds: REFUND_VIEWS.find((view) => view === params.get("refunds")) ?? "open",
    ticketId: id("ticket"),
  };
}

export function inboxAddress({ view, orderId, refunds, ticketId }: InboxQuery): string {
  const params = new URLSearchParams();
  if (view !== "open") params.set("view", view);
  if (orderId !== null) params.set("order", orderId);
  if (refunds !== "open") params.set("refunds", refunds);
  if (ticketId !== null) params.set("ticket", ticketId);
  return params.size === 0 ? "/inbox" : `/inbox?${params}`;
}

/** As many as a person works through; who looks for one payment has its order. */
export const inboxAsked = ({ view, orderId }: InboxQuery) => ({ view, limit: LIST_MAX, ...(orderId === null ? {} : { orderId }) });
export const refundsAsked = ({ refunds }: InboxQuery) => ({ view: refunds, limit: LIST_MAX });
