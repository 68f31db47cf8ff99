/** What the palette asks, and what may be meant by it. Plain data. */
import { z } from "zod";
import type { Names, TransactionState } from "./console.ts";

export const FIND_LENGTH_MAX = 100;
export const findQuery = z.strictObject({ q: z.string().trim().min(1).max(FIND_LENGTH_MAX) });

/** A few of each kind, the likeliest first. */
export interface Found {
  dishes: { dishId: string; names: Names; storeNames: Names }[];
  transactions: { txId: string; orderId: string | null; state: TransactionState }[];
  tickets: { ticketId: string; kind: "REFUND" | "REVIEW"; txId: string; open: boolean }[];
}
