"use client";
/**
 * Rows that come and go by themselves, and keep still while somebody points at them or has the focus among them: what is
 * known of each is brought up to date in its place, what is new is counted, what has gone stays as it was last seen.
 */
import { useState } from "react";
import { useHold } from "./use-hold";

interface SteadyRows<T> {
  rows: readonly T[];
  /** Whether it only keeps its place. */
  isGone(row: T): boolean;
  /** New ones that wait until the hand has gone, or until `showNews`. */
  news: number;
  showNews(): void;
  handlers: ReturnType<typeof useHold>["handlers"];
}

/** @param list what it is a list of: another one begins in its own order, whoever points at it. */
export function useSteadyRows<T>(list: string, wanted: readonly T[], idOf: (row: T) => string): SteadyRows<T> {
  const { held, handlers } = useHold();
  const [shown, setShown] = useState({ list, rows: wanted });
  const fresh = new Map(wanted.map((row) => [idOf(row), row]));
  const follows = !held || shown.list !== list || shown.rows.length === 0;
  const rows = follows ? wanted : shown.rows.map((row) => fresh.get(idOf(row)) ?? row);
  const changed = shown.list !== list || rows.length !== shown.rows.length || rows.some((row, index) => row !== shown.rows[index]);
  if (changed) setShown({ list, rows });
  const known = new Set(rows.map(idOf));
  return { rows, isGone: (row) => !fresh.has(idOf(row)), news: wanted.filter((row) => !known.has(idOf(row))).length, showNews: () => setShown({ list, rows: wanted }), handlers };
}
