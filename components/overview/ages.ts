"use client";
/** Durations in the reader's language, at the precision a glance takes: 8 s, 2 min 05 s, 3 h 12 min. */
import { useTranslations } from "next-intl";
import { useCallback } from "react";

export function useAge(): (durationMs: number) => string {
  const t = useTranslations("age");
  return useCallback(
    (durationMs) => {
      const seconds = Math.max(0, Math.floor(durationMs / 1_000));
      if (seconds < 60) return t("seconds", { seconds });
      const minutes = Math.floor(seconds / 60);
      if (minutes < 60) return t("minutes", { minutes, seconds: String(seconds % 60).padStart(2, "0") });
      return t("hours", { hours: Math.floor(minutes / 60), minutes: String(minutes % 60).padStart(2, "0") });
    },
    [t],
  );
}

/** Coarser, for forecasts: a second hand would pretend to know. */
export function useForecast(): (minutes: number) => string {
  const t = useTranslations("age");
  return useCallback(
    (minutes) => (minutes < 1 ? t("underAMinute") : t("aboutMinutes", { minutes: Math.round(minutes) })),
    [t],
  );
}
