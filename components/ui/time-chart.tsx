"use client";
/**
 * Two figures over the last minutes: one filled, one dashed. At most 300 points, no animation, no more than four drawings a
 * second: what Recharts does without effort. It is loaded by `dynamic`, never with the page.
 */
import { memo, useMemo } from "react";
import { Area, AreaChart, ReferenceLine, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";

export interface TimePoint {
  atMs: number;
  filled: number;
  dashed: number;
}

interface Drawn extends Omit<TimePoint, "atMs"> {
  /** Seconds before the newest point, negative. */
  second: number;
}

export interface TimeChartWords {
  chart(top: number): string;
  minutesAgo(minutes: number): string;
  secondsAgo(seconds: number): string;
  filled(value: number): string;
  dashed(value: number): string;
}

interface TimeChartProps {
  points: readonly TimePoint[];
  minutes: number;
  /** What is told of seconds stays until it is told anew; what is counted in a second is a line between them. */
  curve: "stepAfter" | "linear";
  dashedColour: string;
  words: TimeChartWords;
}

const TICK = { fill: "var(--text-3)", fontSize: "0.625rem" };
const STILL = { isAnimationActive: false, dot: false, activeDot: false, strokeWidth: 1.5 } as const;

export const TimeChart = memo(function TimeChart({ points, minutes, curve, dashedColour, words }: TimeChartProps) {
  const drawn = useMemo<Drawn[]>(() => {
    const newest = points.at(-1)?.atMs ?? 0;
    return points
      .map(({ atMs, filled, dashed }) => ({ second: Math.round((atMs - newest) / 100) / 10, filled, dashed }))
      .filter(({ second }) => second >= -60 * minutes);
  }, [points, minutes]);
  const top = niceTop(Math.max(1, ...drawn.map(({ filled, dashed }) => Math.max(filled, dashed))));
  return (
    <div role="img" aria-label={words.chart(top)} className="absolute inset-0">
      <ResponsiveContainer width="100%" height="100%" initialDimension={{ width: 320, height: 72 }}>
        <AreaChart data={drawn} margin={{ top: 4, right: 0, bottom: 0, left: 0 }} accessibilityLayer={false}>
          <XAxis
            dataKey="second"
            type="number"
            domain={[-60 * minutes, 0]}
            ticks={Array.from({ length: minutes - 1 }, (_, index) => -60 * (index + 1))}
            tickFormatter={(second: number) => words.minutesAgo(-second / 60)}
            tick={TICK}
            tickLine={false}
            axisLine={{ stroke: "var(--line)" }}
            height={18}
            interval={0}
          />
          <YAxis
            orientation="right"
            domain={[0, top]}
            ticks={[0, top]}
            interval={0}
            width={36}
            tick={TICK}
            tickFormatter={(value: number) => (value >= 10_000 ? `${value / 1_000}k` : String(value))}
            tickLine={false}
            axisLine={false}
          />
          <ReferenceLine y={top} stroke="var(--line)" strokeDasharray="2 3" />
          <Tooltip
            isAnimationActive={false}
            cursor={{ stroke: "var(--line-strong)" }}
            content={({ active, payload }) => {
              const point = payload?.[0]?.payload as Drawn | undefined;
              if (active !== true || point === undefined) return null;
              return (
                <div className="rounded-md bg-raised px-2 py-1 text-2xs shadow-high">
                  <div className="text-text-3">{words.secondsAgo(Math.round(-point.second))}</div>
                  <div>{words.filled(point.filled)}</div>
                  <div>{words.dashed(point.dashed)}</div>
                </div>
              );
            }}
          />
          <Area dataKey="filled" type={curve} stroke="var(--accent)" fill="var(--accent-soft)" fillOpacity={1} {...STILL} />
          {/* Not a Line: that measures its length at every change, for an animation nobody sees. */}
          <Area dataKey="dashed" type={curve} fill="none" stroke={dashedColour} strokeDasharray="3 2" {...STILL} />
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
