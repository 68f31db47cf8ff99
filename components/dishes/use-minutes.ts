"use client";
/** A forecast in few characters: "< 1 min", "~12 min", "~3 h". Finer would pretend to know. */
import { useTranslations } from "next-intl";
import { useCallback } from "react";

/** Beyond a working day a forecast from two minutes of demand is a guess. */
const FORECAST_HOURS_MAX = 8;

export function useMinutes(): (minutes: number) => string {
  const t = useTranslations("dishList.minutes");
  return useCallback(
    (minutes) => {
      if (minutes < 1) return t("underOne");
      if (minutes < 90) return t("minutes", { minutes: Math.round(minutes) });
      const hours = Math.round(minutes / 60);
      return hours > FORECAST_HOURS_MAX ? t("long", { hours: FORECAST_HOURS_MAX }) : t("hours", { hours });
    },
    [t],
  );
}
