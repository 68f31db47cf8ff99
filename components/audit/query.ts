/**
 * Which entries are listed: read from the address, written to it, sent to the server. What an address says wrongly is left out.
 * Days stand in the address as people say them; the server is asked for instants.
 */
import { AUDIT_KINDS, AUDIT_OUTCOMES, AUDIT_VERBS, type AuditKind, type AuditOutcome, type AuditVerb } from "@/server/contracts/audit";
import { ID_PATTERN, SEARCH_LENGTH_MAX } from "@/server/contracts/limits";
import { isDay } from "../ui/day";
import { dayStartMs } from "./day";

export interface AuditQuery {
  q: string;
  actor: string | null;
  kind: AuditKind | null;
  verb: AuditVerb | null;
  outcome: AuditOutcome | null;
  target: string | null;
  /** Days, both included. */
  from: string | null;
  to: string | null;
}

export const EVERY_ENTRY: AuditQuery = { q: "", actor: null, kind: null, verb: null, outcome: null, target: null, from: null, to: null };

const TARGET_LENGTH_MAX = 200;

export function readAuditQuery(params: { get(name: string): string | null }): AuditQuery {
  const one = <T extends string>(name: string, of: readonly T[]) => of.find((each) => each === params.get(name)) ?? null;
  const day = (name: string) => {
    const value = params.get(name) ?? "";
    return isDay(value) ? value : null;
  };
  const actor = params.get("actor");
  return {
    q: (params.get("q") ?? "").slice(0, SEARCH_LENGTH_MAX),
    actor: actor !== null && ID_PATTERN.test(actor) ? actor : null,
    kind: one("kind", AUDIT_KINDS),
    verb: one("verb", AUDIT_VERBS),
    outcome: one("outcome", AUDIT_OUTCOMES),
    target: params.get("target")?.slice(0, TARGET_LENGTH_MAX) || null,
    from: day("from"),
    to: day("to"),
  };
}

export function auditAddress(query: AuditQuery): string {
  const search = wordsOf(query);
  for (const name of ["from", "to"] as const) if (query[name] !== null) search.set(name, query[name]);
  const text = search.toString();
  return text === "" ? "/audit" : `/audit?${text}`;
}

/** As the server's routes take it. */
export function auditSearch(query: AuditQuery, timeZone: string): URLSearchParams {
  const search = wordsOf(query);
  if (query.from !== null) search.set("from", new Date(dayStartMs(query.from, timeZone)).toISOString());
  if (query.to !== null) search.set("to", new Date(dayStartMs(query.to, timeZone, 1)).toISOString());
  return search;
}

export function isNarrowed(query: AuditQuery): boolean {
  return auditAddress(query) !== "/audit";
}

function wordsOf(query: AuditQuery): URLSearchParams {
  const search = new URLSearchParams();
  if (query.q.trim() !== "") search.set("q", query.q.trim());
  for (const name of ["actor", "kind", "verb", "outcome", "target"] as const) if (query[name] !== null) search.set(name, query[name]);
  return search;
}
