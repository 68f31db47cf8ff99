/**
 * A case as a table: who, with how many connections, how fast, how long, and what it cost in orders that were not served.
 */
import { CONTENDERS } from "../contenders/all.ts";
import { ENGINE } from "../contenders/engine.ts";
import type { Cell, Table } from "../measure/report.ts";
import { type Measured, type Spread, spreadOf } from "../measure/rounds.ts";
import type { CaseResult } from "./case.ts";
import { ENGINE_ACCEPTS } from "./cases.ts";

export function tableOf({ case: each, measured, pools, calibration, errors }: CaseResult): Table {
  const ours = medianOf(measured, ENGINE.name, "perSecond");
  return {
    title: `${each.title} (${each.name})`,
    columns: [
      { title: "contender" },
      { title: "connections" },
      { title: "orders/s", spread: true },
      { title: "p50 ms", digits: 1 },
      { title: "p99 ms", digits: 1, spread: true },
      { title: "ours is" },
      { title: "refused" },
      { title: "dropped" },
      { title: "errors" },
      { title: "oversold" },
      { title: "a batch" },
    ],
    rows: measured.map((contender): Cell[] => {
      const { name } = contender;
      const speed = spreadOf(contender, "perSecond");
      const batch = spreadOf(contender, "batch")?.median ?? 0;
      const ratio = name === ENGINE.name || !speed || ours === null ? "" : `${times(ours / speed.median)} ×`;
      const sum = (figure: string): number => contender.rounds.reduce((total, figures) => total + (figures[figure] ?? 0), 0);
      return [
        name,
        pools[name] ? String(pools[name]) : "own",
        speed,
        spreadOf(contender, "p50Ms"),
        spreadOf(contender, "p99Ms"),
        ratio,
        sum("refused"),
        sum("dropped"),
        sum("failed"),
        sum("oversold"),
        batch > 0 ? batch.toFixed(0) : "",
      ];
    }),
    remarks: [
      ...Object.entries(calibration).flatMap(([name, speeds]) => (Object.keys(speeds).length > 0 ? [`${name}, orders/s by connections: ${speedsInWords(speeds)}`] : [])),
      ...Object.entries(errors).flatMap(([name, words]) => (words.length > 0 ? [`${name} said: ${words.join(" | ")}`] : [])),
    ],
  };
}

/** What the names stand for, once a report. */
export const LEGEND: readonly string[] = [...CONTENDERS, ENGINE_ACCEPTS].map(({ name, about }) => `${name}: ${about}`);

export function medianOf(measured: readonly Measured[], name: string, figure: string): number | null {
  const found = measured.find((each) => each.name === name);
  return (found && spreadOf(found, figure)?.median) ?? null;
}

export function spreadIn(result: CaseResult, name: string, figure: string): Spread | null {
  const found = result.measured.find((each) => each.name === name);
  return found ? spreadOf(found, figure) : null;
}

export const times = (ratio: number): string => ratio.toLocaleString("en-US", { maximumSignificantDigits: ratio >= 100 ? 3 : 2 });

function speedsInWords(speeds: Record<number, number>): string {
  return Object.entries(speeds)
    .map(([pool, speed]) => `${pool}: ${Math.round(speed)}`)
    .join(", ");
}
