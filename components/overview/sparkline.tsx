/** Two minutes of demand as one path: no library, one element a row. */
import { memo } from "react";

interface SparklineProps {
  values: number[];
  width?: number;
  height?: number;
}

export const Sparkline = memo(function Sparkline({ values, width = 88, height = 24 }: SparklineProps) {
  // A line that is always full height would make one portion look like a rush.
  const top = Math.max(4, ...values);
  const step = width / (values.length - 1);
  const points = values.map((value, index) => {
    const x = (index * step).toFixed(1);
    const y = (height - 1.5 - (value / top) * (height - 3)).toFixed(1);
    return `${x} ${y}`;
  });
  const line = `M${points.join("L")}`;
  const quiet = values.every((value) => value === 0);
  return (
    <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} aria-hidden className="block">
      <path d={`${line}L${width} ${height}L0 ${height}Z`} className="fill-accent-soft" />
      <path d={line} fill="none" strokeWidth="1.25" strokeLinejoin="round" className={quiet ? "stroke-line-strong" : "stroke-accent"} />
    </svg>
  );
});
