"use client";
/** A name in the reader's language, and the same name in the other one. */
import { useLocale } from "next-intl";
import { useMemo } from "react";
import type { Locale, Names } from "@/server/contracts/console";

export function useNames() {
  const locale = useLocale();
  return useMemo(() => {
    const own: Locale = locale === "zh-CN" ? "zh-CN" : "en";
    const otherLocale: Locale = own === "en" ? "zh-CN" : "en";
    return { own: (names: Names) => names[own], other: (names: Names) => names[otherLocale], otherLocale };
  }, [locale]);
}
