"use client";
/** One tier's last three minutes. Fed once a second, 180 points, no animation: what Recharts draws without effort. */
import { useTranslations } from "next-intl";
import { memo, useMemo } from "react";
import { Area, AreaChart, ReferenceLine, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import type { TierSample } from "@/server/contracts/socket-events";

const SPAN_SECONDS = 180;

interface Point {
  /** Seconds before the newest sample, negative. */
  second: number;
  accepted: number;
  refused: number;
}

interface TierChartProps {
  tier: "cas" | "lock" | "tcc";
  samples: TierSample[];
}

const TierChart = memo(function TierChart({ tier, samples }: TierChartProps) {
  const t = useTranslations("tiers");
  const points = useMemo<Point[]>(() => {
    const newest = samples.at(-1)?.atMs ?? 0;
    return samples
      .map((sample) => ({ second: Math.round((sample.atMs - newest) / 1_000), ...sample[tier] }))
      .filter((point) => point.second >= -SPAN_SECONDS);
  }, [samples, tier]);
  const top = niceTop(Math.max(1, ...points.map((point) => Math.max(point.accepted, point.refused))));
  return (
    <div role="img" aria-label={t("chart", { tier: t(`${tier}.name`), top })} className="absolute inset-0">
      <ResponsiveContainer width="100%" height="100%" initialDimension={{ width: 320, height: 72 }}>
        <AreaChart data={points} margin={{ top: 4, right: 0, bottom: 0, left: 0 }} accessibilityLayer={false}>
          <XAxis
            dataKey="second"
            type="number"
            domain={[-SPAN_SECONDS, 0]}
            ticks={[-120, -60]}
            tickFormatter={(second: number) => t("minutesAgo", { minutes: -second / 60 })}
            tick={{ fill: "var(--text-3)", fontSize: 10 }}
            tickLine={false}
            axisLine={{ stroke: "var(--line)" }}
            height={16}
            interval={0}
          />
          <YAxis
            orientation="right"
            domain={[0, top]}
            ticks={[0, top]}
            interval={0}
            width={32}
            tick={{ fill: "var(--text-3)", fontSize: 10 }}
            tickFormatter={(value: number) => (value >= 10_000 ? `${value / 1_000}k` : String(value))}
            tickLine={false}
            axisLine={false}
          />
          <ReferenceLine y={top} stroke="var(--line)" strokeDasharray="2 3" />
          <Tooltip
            isAnimationActive={false}
            cursor={{ stroke: "var(--line-strong)" }}
            content={({ active, payload }) => {
              const point = payload?.[0]?.payload as Point | undefined;
              if (active !== true || point === undefined) return null;
              return (
                <div className="rounded-md bg-raised px-2 py-1 text-2xs shadow-high">
                  <div className="text-text-3">{t("secondsAgo", { seconds: -point.second })}</div>
                  <div>{`${t(`${tier}.accepted`)} ${point.accepted}`}</div>
                  <div>{`${t(`${tier}.refused`)} ${point.refused}`}</div>
                </div>
              );
            }}
          />
          <Area
            dataKey="accepted"
            type="linear"
            stroke="var(--accent)"
            strokeWidth={1.5}
            fill="var(--accent-soft)"
            fillOpacity={1}
            isAnimationActive={false}
            dot={false}
            activeDot={false}
          />
          {/* Not a Line: that measures its length at every change, for an animation nobody sees. */}
          <Area
            dataKey="refused"
            type="linear"
            fill="none"
            stroke="var(--danger)"
            strokeWidth={1.5}
            strokeDasharray="3 2"
            isAnimationActive={false}
            dot={false}
            activeDot={false}
          />
        </AreaChart>
      </ResponsiveContainer>
    </div>
  );
});

/** 1, 2 or 5 times a power of ten: the axis changes seldom. */
function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10;
  return Math.max(10, step * power);
}

export default TierChart;
