/**
 * Which transactions are listed: read from the address, written to it, sent to the server. The words are the API's own, so a
 * filter can be copied from one to the other. What an address says wrongly is left out, never guessed.
 */
import type { TransactionState } from "@/server/contracts/console";
import { ID_PATTERN } from "@/server/contracts/limits";

export const STATES = ["TRYING", "RESERVED", "CONFIRMING", "CONFIRMED", "CANCELLING", "CANCELLED", "EXPIRED", "REVERSING", "REVERSED"] as const satisfies readonly TransactionState[];

/** Questions that are asked all day. */
export const PRESETS = {
  all: [],
  open: ["TRYING", "RESERVED"],
  stuck: ["CONFIRMING", "CANCELLING", "REVERSING"],
  ended: ["CONFIRMED", "CANCELLED", "EXPIRED", "REVERSED"],
} as const satisfies Record<string, readonly TransactionState[]>;
export type Preset = keyof typeof PRESETS;

export const AGES_SECONDS = [60, 300, 900, 3_600, 86_400] as const;
export const ATTEMPTS = [1, 2, 4, 10] as const;
export const CAUSES = ["REQUESTED", "EXPIRED", "FAILED"] as const;
export type Cause = (typeof CAUSES)[number];

const FINGERPRINT = /^[A-Za-z0-9_.:/[\]-]{1,300}$/;
export const SEARCH_LENGTH_MAX = 100;

export interface TransactionFilters {
  q: string;
  /** None: any. */
  states: readonly TransactionState[];
  storeId: string | null;
  dishId: string | null;
  minAgeSeconds: number | null;
  minAttempts: number | null;
  cause: Cause | null;
  fingerprint: string | null;
}

export const EVERYTHING: TransactionFilters = { q: "", states: [], storeId: null, dishId: null, minAgeSeconds: null, minAttempts: null, cause: null, fingerprint: null };

export function readFilters(params: { get(name: string): string | null }): TransactionFilters {
  const id = (name: string) => {
    const value = params.get(name);
    return value !== null && ID_PATTERN.test(value) ? value : null;
  };
  const number = (name: string, max: number) => {
    const value = params.get(name) ?? "";
    return /^\d{1,9}$/.test(value) && Number(value) > 0 && Number(value) <= max ? Number(value) : null;
  };
  const asked = new Set((params.get("state") ?? "").split(","));
  const fingerprint = params.get("fingerprint");
  return {
    q: (params.get("q") ?? "").slice(0, SEARCH_LENGTH_MAX),
    states: STATES.filter((state) => asked.has(state)),
    storeId: id("storeId"),
    dishId: id("dishId"),
    minAgeSeconds: number("minAgeSeconds", 999_999_999),
    minAttempts: number("minAttempts", 999_999),
    cause: CAUSES.find((cause) => cause === params.get("cause")) ?? null,
    fingerprint: fingerprint !== null && FINGERPRINT.test(fingerprint) ? fingerprint : null,
  };
}

/** As a query: of the page's address, and of the routes that list and export. */
export function searchOf(filters: TransactionFilters): string {
  const params = new URLSearchParams();
  if (filters.q.trim() !== "") params.set("q", filters.q.trim());
  if (filters.states.length > 0) params.set("state", filters.states.join(","));
  for (const name of ["storeId", "dishId", "minAgeSeconds", "minAttempts", "cause", "fingerprint"] as const) {
    const value = filters[name];
    if (value !== null) params.set(name, String(value));
  }
  return params.toString();
}

export function addressOf(filters: TransactionFilters): string {
  const search = searchOf(filters);
  return search === "" ? "/transactions" : `/transactions?${search}`;
}

export function isFiltered(filters: TransactionFilters): boolean {
  return searchOf(filters) !== "";
}

/** Null: a choice of states that has no name. */
export function presetOf(states: readonly TransactionState[]): Preset | null {
  const key = [...states].sort().join();
  return (Object.keys(PRESETS) as Preset[]).find((preset) => [...PRESETS[preset]].sort().join() === key) ?? null;
}
