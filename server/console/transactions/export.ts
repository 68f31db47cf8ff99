/**
 * Transactions as a file, page after page while it is read, so that ten thousand need no memory.
 * It cannot promise one moment for all of them: each page is as of its own reading, and a row may have moved on meanwhile.
 */
import { EXPORT_MAX } from "../../contracts/transaction-page.ts";
import { PAGE_LIMIT_MAX } from "../../contracts/limits.ts";
import { Cursor } from "../../contracts/cursor.ts";
import type { Transaction } from "../../contracts/transactions.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";
import { readTransactions } from "../reads/transactions.ts";
import type { Filters } from "./rows.ts";

export type ExportFormat = "csv" | "json";

const COLUMNS: [name: string, of: (transaction: Transaction) => string | number | null][] = [
  ["txId", ({ txId }) => txId],
  ["orderId", ({ orderId }) => orderId],
  ["storeId", ({ storeId }) => storeId],
  ["state", ({ state }) => state],
  ["cause", ({ cause }) => cause],
  ["couponId", ({ couponId }) => couponId],
  ["lines", ({ lines }) => lines.map(({ dishId, quantity }) => `${quantity}x${dishId}`).join(" ")],
  ["createdAt", ({ createdAt }) => createdAt],
  ["updatedAt", ({ updatedAt }) => updatedAt],
  ["expiresAt", ({ expiresAt }) => expiresAt],
  ["attempts", ({ branches }) => Math.max(0, ...branches.map(({ attempts }) => attempts))],
  ["lastError", ({ branches }) => branches.find(({ lastError }) => lastError !== null)?.lastError ?? null],
  ["ticketId", ({ ticketId }) => ticketId],
  ["traceId", ({ traceId }) => traceId],
];

/** Pieces of the file. A JSON file that was cut says so in `truncated`, a CSV file in its last line. */
export async function* exportRows(prisma: PrismaClient, filters: Filters, format: ExportFormat): AsyncGenerator<string> {
  yield format === "csv" ? `\uFEFF${COLUMNS.map(([name]) => name).join(",")}\r\n` : '{"transactions":[';
  let cursor = filters.cursor;
  let written = 0;
  for (;;) {
    const { transactions, nextCursor } = await readTransactions(prisma, { ...filters, cursor, limit: Math.min(PAGE_LIMIT_MAX, EXPORT_MAX - written) });
    const first = written === 0;
    written += transactions.length;
    if (transactions.length > 0) yield format === "csv" ? transactions.map(csvLine).join("") : `${first ? "" : ","}${transactions.map((one) => JSON.stringify(one)).join(",\n")}`;
    const truncated = nextCursor !== null && written >= EXPORT_MAX;
    if (nextCursor === null || truncated) {
      if (format === "json") yield `],"truncated":${truncated}}\n`;
      else if (truncated) yield `"only the newest ${EXPORT_MAX} are listed"\r\n`;
      return;
    }
    cursor = Cursor.parse(nextCursor);
  }
}

function csvLine(transaction: Transaction): string {
  return `${COLUMNS.map(([, of]) => csvField(of(transaction))).join(",")}\r\n`;
}

/** A spreadsheet takes what begins with one of these for a formula, and would run it. */
const FORMULA = /^[=+\-@\t\r]/;

export function csvField(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Text as a stream that reads no faster than its reader. */
export function streamOf(pieces: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await pieces.return(undefined);
    },
  });
}
