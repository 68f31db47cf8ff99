"use client";
/** One tier's last three minutes, a point a second. */
import { useTranslations } from "next-intl";
import { useMemo } from "react";
import type { TierSample } from "@/server/contracts/socket-events";
import { TimeChart } from "../ui/time-chart";
import type { TimeChartWords } from "../ui/time-chart";

const MINUTES = 3;

export default function TierChart({ tier, samples }: { tier: "cas" | "lock" | "tcc"; samples: readonly TierSample[] }) {
  const t = useTranslations("tiers");
  const points = useMemo(() => samples.map((sample) => ({ atMs: sample.atMs, filled: sample[tier].accepted, dashed: sample[tier].refused })), [samples, tier]);
  const words = useMemo<TimeChartWords>(
    () => ({
      chart: (top) => t("chart", { tier: t(`${tier}.name`), top }),
      minutesAgo: (minutes) => t("minutesAgo", { minutes }),
      secondsAgo: (seconds) => t("secondsAgo", { seconds }),
      filled: (accepted) => `${t(`${tier}.accepted`)} ${accepted}`,
      dashed: (refused) => `${t(`${tier}.refused`)} ${refused}`,
    }),
    [t, tier],
  );
  return <TimeChart points={points} minutes={MINUTES} curve="linear" dashedColour="var(--danger)" words={words} />;
}
