/** Calls of the page of causes and of bulk actions. Failures are ConsoleErrors, as everywhere. */
import type { BulkSheet, Bulks, Causes } from "@/server/contracts/bulk";
import type { ManualVerb } from "@/server/contracts/console";
import { call, post } from "../console-client";

const at = (bulkId: string) => `/api/console/bulk/${encodeURIComponent(bulkId)}`;

export const readCauses = (signal: AbortSignal): Promise<Causes> => call("/api/console/causes", { signal });
export const readBulks = (signal: AbortSignal): Promise<Bulks> => call("/api/console/bulk", { signal });
export const readBulk = (bulkId: string, signal: AbortSignal): Promise<BulkSheet> => call(at(bulkId), { signal });

export type ListOf = { fingerprints: string[] } | { filters: Record<string, string> };

export const freeze = (verb: ManualVerb, of: ListOf): Promise<{ bulkId: string; total: number; leftOut: number; truncated: boolean }> =>
  call("/api/console/bulk", { method: "POST", body: { verb, of } });

export const startBulk = (bulkId: string, actionKey: string, reason: string) => post<unknown>(`${at(bulkId)}/start`, actionKey, { reason });

export type Steering = "undo" | "stop" | "continue";
export const steerBulk = (bulkId: string, steering: Steering, actionKey: string) => post<unknown>(`${at(bulkId)}/${steering}`, actionKey, {});
