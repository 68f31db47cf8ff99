"use client";
/** What is left and what is held over the last minutes, as it was told. */
import { useTranslations } from "next-intl";
import { useMemo } from "react";
import { TimeChart } from "../ui/time-chart";
import type { TimeChartWords } from "../ui/time-chart";
import { CHART_SECONDS } from "./dish-page-store";
import type { ChartPoint } from "./dish-page-store";

export default function StockChart({ points }: { points: readonly ChartPoint[] }) {
  const t = useTranslations("dishPage.chart");
  const drawn = useMemo(() => points.map(({ atMs, available, frozen }) => ({ atMs, filled: available, dashed: frozen })), [points]);
  const words = useMemo<TimeChartWords>(
    () => ({
      chart: (top) => t("described", { top }),
      minutesAgo: (minutes) => t("minutesAgo", { minutes }),
      secondsAgo: (seconds) => t("secondsAgo", { seconds }),
      filled: (portions) => t("left", { portions }),
      dashed: (portions) => t("held", { portions }),
    }),
    [t],
  );
  return <TimeChart points={drawn} minutes={CHART_SECONDS / 60} curve="stepAfter" dashedColour="var(--text-2)" words={words} />;
}
