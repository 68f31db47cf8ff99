/** Calls of the pages of transactions. Failures are ConsoleErrors, as everywhere. */
import type { DecisionSheet, TransactionRows, Watched } from "@/server/contracts/transaction-page";
import { call } from "../console-client";
import type { RowsApi } from "./rows-store";

const join = (search: string, more: string) => [search, more].filter((part) => part !== "").join("&");

export const rowsApi: RowsApi = {
  rows: (search, cursor) => call<TransactionRows>(`/api/console/transactions?${join(search, cursor === null ? "" : `cursor=${encodeURIComponent(cursor)}`)}`, {}),
  watch: (search, txIds, newest) => call<Watched>(`/api/console/transactions/watch?${search}`, { method: "POST", body: { txIds, newest } }),
};

export function exportUrl(search: string, format: "csv" | "json"): string {
  return `/api/console/exports/transactions.${format}${search === "" ? "" : `?${search}`}`;
}

export function readSheet(txId: string, signal: AbortSignal): Promise<DecisionSheet> {
  return call(`/api/console/transactions/${encodeURIComponent(txId)}`, { signal });
}
