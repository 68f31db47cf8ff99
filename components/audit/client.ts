/** Calls of the audit. */
import type { AuditPage } from "@/server/contracts/audit";
import { call } from "../console-client";

/** @param search as `auditSearch` makes it. */
export function readAudit(search: string, cursor: string | null, signal: AbortSignal): Promise<AuditPage> {
  const asked = new URLSearchParams(search);
  if (cursor !== null) asked.set("cursor", cursor);
  return call(`/api/console/audit?${asked.toString()}`, { signal });
}

export function exportUrl(search: string): string {
  return `/api/console/exports/audit.csv${search === "" ? "" : `?${search}`}`;
}
