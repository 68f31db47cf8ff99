"use client";
/** At most 300 points, no animation, no more than four drawings a second: what Recharts does without effort. */
import { useTranslations } from "next-intl";
import { memo, useMemo } from "react";
import { Area, AreaChart, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import { CHART_SECONDS } from "./dish-page-store";
import type { ChartPoint } from "./dish-page-store";

interface Drawn {
  /** Seconds before the newest point, negative. */
  second: number;
  available: number;
  frozen: number;
}

const StockChart = memo(function StockChart({ points }: { points: readonly ChartPoint[] }) {
  const t = useTranslations("dishPage.chart");
  const drawn = useMemo<Drawn[]>(() => {
    const newest = points.at(-1)?.atMs ?? 0;
    return points.map(({ atMs, available, frozen }) => ({ second: Math.round((atMs - newest) / 100) / 10, available, frozen })).filter(({ second }) => second >= -CHART_SECONDS);
  }, [points]);
  const top = niceTop(Math.max(1, ...drawn.map(({ available, frozen }) => Math.max(available, frozen))));
  return (
    <div role="img" aria-label={t("described", { top })} className="absolute inset-x-3 inset-y-2">
      <ResponsiveContainer width="100%" height="100%" initialDimension={{ width: 480, height: 200 }}>
        <AreaChart data={drawn} margin={{ top: 6, right: 0, bottom: 0, left: 0 }} accessibilityLayer={false}>
          <XAxis
            dataKey="second"
            type="number"
            domain={[-CHART_SECONDS, 0]}
            ticks={[-240, -180, -120, -60]}
            tickFormatter={(second: number) => t("minutesAgo", { minutes: -second / 60 })}
            tick={{ fill: "var(--text-3)", fontSize: 10 }}
            tickLine={false}
            axisLine={{ stroke: "var(--line)" }}
            height={18}
            interval={0}
          />
          <YAxis
            orientation="right"
            domain={[0, top]}
            ticks={[0, top / 2, top]}
            interval={0}
            width={44}
            tick={{ fill: "var(--text-3)", fontSize: 10 }}
            tickFormatter={(value: number) => (value >= 10_000 ? `${value / 1_000}k` : String(value))}
            tickLine={false}
            axisLine={false}
          />
          <Tooltip
            isAnimationActive={false}
            cursor={{ stroke: "var(--line-strong)" }}
            content={({ active, payload }) => {
              const point = payload?.[0]?.payload as Drawn | undefined;
              if (active !== true || point === undefined) return null;
              return (
                <div className="rounded-md bg-raised px-2 py-1 text-2xs shadow-high">
                  <div className="text-text-3">{t("secondsAgo", { seconds: Math.round(-point.second) })}</div>
                  <div>{t("left", { portions: point.available })}</div>
                  <div>{t("held", { portions: point.frozen })}</div>
                </div>
              );
            }}
          />
          <Area dataKey="available" type="stepAfter" stroke="var(--accent)" strokeWidth={1.5} fill="var(--accent-soft)" fillOpacity={1} isAnimationActive={false} dot={false} activeDot={false} />
          {/* Not a Line: that measures its length at every change, for an animation nobody sees. */}
          <Area dataKey="frozen" type="stepAfter" fill="none" stroke="var(--text-2)" strokeWidth={1.5} strokeDasharray="3 2" isAnimationActive={false} dot={false} activeDot={false} />
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

export default StockChart;
