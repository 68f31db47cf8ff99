/** Calls of the review queue and of force-end. Failures are ConsoleErrors, as everywhere. */
import type { ReviewQueue } from "@/server/contracts/review";
import { call, post } from "../console-client";

export const readQueue = (signal: AbortSignal): Promise<ReviewQueue> => call("/api/console/review", { signal });

export const claimTicket = (ticketId: string, actionKey: string) => post<{ ticketId: string }>(`/api/console/tickets/${encodeURIComponent(ticketId)}/claim`, actionKey, {});

export const noteTicket = (ticketId: string, actionKey: string, text: string) => post<{ ticketId: string }>(`/api/console/tickets/${encodeURIComponent(ticketId)}/note`, actionKey, { text });

export const handOverTicket = (ticketId: string, actionKey: string, to: string, note: string) =>
  post<{ ticketId: string }>(`/api/console/tickets/${encodeURIComponent(ticketId)}/hand-over`, actionKey, { to, ...(note === "" ? {} : { note }) });

export const askForceEnd = (txId: string, actionKey: string, body: { reason: string; evidence: string; branches: string[] }) =>
  post<{ requestId: string }>(`/api/console/transactions/${encodeURIComponent(txId)}/force-end`, actionKey, body);

export const decideForceEnd = (requestId: string, answer: "approve" | "reject", actionKey: string, reason: string) =>
  post<unknown>(`/api/console/end-requests/${encodeURIComponent(requestId)}/${answer}`, actionKey, reason === "" ? {} : { reason });
