/**
 * What a suite found: tables with their remarks, the machine they were taken on, and whether every count held.
 * One structure for the screen and for `--json`.
 */
import { availableParallelism, cpus, loadavg } from "node:os";
import type { Spread } from "./rounds.ts";

export type Cell = string | number | Spread | null;

export interface Column {
  title: string;
  /** Digits after the point. */
  digits?: number;
  /** Shows lowest and highest round beside the median. */
  spread?: boolean;
}

export interface Table {
  title: string;
  columns: Column[];
  rows: Cell[][];
  /** What the figures mean and cannot mean. */
  remarks: string[];
}

export interface Findings {
  tables: Table[];
  /** Portions created or lost, one sentence each. */
  violations: string[];
  /** An SVG, written beside the JSON. */
  plot?: string;
}

export interface Report extends Findings {
  suite: string;
  at: string;
  seconds: number;
  machine: { cores: number; processor: string; node: string; loadBefore: number; loadAfter: number };
}

/** The load above which figures are marked: others were using the cores too. */
const QUIET_LOAD_MAX = 1.5;

const load = () => Number((loadavg()[0] as number).toFixed(2));

export async function reportOn(suite: string, run: () => Promise<Findings>): Promise<Report> {
  const [at, startedAtMs, loadBefore] = [new Date().toISOString(), performance.now(), load()];
  const findings = await run();
  return {
    suite,
    at,
    seconds: Math.round((performance.now() - startedAtMs) / 1000),
    machine: { cores: availableParallelism(), processor: cpus()[0]?.model ?? "unknown", node: process.version, loadBefore, loadAfter: load() },
    ...findings,
  };
}

export function inWords(report: Report): string {
  const { machine, violations } = report;
  const busy = machine.loadBefore > QUIET_LOAD_MAX ? "; the machine was busy with other work, so times are too long and spreads too wide" : "";
  return [
    `${report.suite}, ${report.at}, ${report.seconds} s`,
    `${machine.cores} cores (${machine.processor}), Node ${machine.node}, load before ${machine.loadBefore}${busy}`,
    ...report.tables.map((table) => `\n${tableInWords(table)}`),
    "",
    violations.length === 0
      ? "Every count held: what was admitted is what the stock says, and never more than was supplied."
      : `THIS RUN DOES NOT COUNT:\n${violations.map((violation) => `  ${violation}`).join("\n")}`,
  ].join("\n");
}

function tableInWords({ title, columns, rows, remarks }: Table): string {
  const lines = [columns.map((column) => column.title), ...rows.map((row) => row.map((cell, i) => cellInWords(cell, columns[i] as Column)))];
  const widths = columns.map((_, i) => Math.max(...lines.map((line) => (line[i] as string).length)));
  const isText = columns.map((_, i) => rows.every((row) => typeof row[i] === "string"));
  const drawn = lines.map((line) => `  ${line.map((text, i) => (isText[i] ? text.padEnd(widths[i] as number) : text.padStart(widths[i] as number))).join("  ")}`.trimEnd());
  drawn.splice(1, 0, `  ${widths.map((width) => "-".repeat(width)).join("  ")}`);
  return [title, ...drawn, ...remarks.map((remark) => `  * ${remark}`)].join("\n");
}

function cellInWords(cell: Cell, { digits = 0, spread = false }: Column): string {
  if (cell === null) return "none";
  if (typeof cell === "string") return cell;
  const inDigits = (value: number) => value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  if (typeof cell === "number") return inDigits(cell);
  return spread ? `${inDigits(cell.median)} (${inDigits(cell.low)} to ${inDigits(cell.high)})` : inDigits(cell.median);
}
