"use client";
/** Yuan, as they are written in the reader's language. */
import { useFormatter } from "next-intl";
import { useCallback } from "react";

const YUAN = { style: "currency", currency: "CNY", currencyDisplay: "narrowSymbol" } as const;

export function useMoney(): (cents: number) => string {
  const format = useFormatter();
  return useCallback((cents) => format.number(cents / 100, YUAN), [format]);
}
