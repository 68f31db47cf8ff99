/**
 * `quick` and `full`: the cases one after the other on one stand, then tables, targets and a plot.
 */
import { join } from "node:path";
import { PROJECT_DIR } from "../../server/config.ts";
import { ENGINE } from "../contenders/engine.ts";
import type { Progress } from "../measure/progress.ts";
import type { Cell, Findings } from "../measure/report.ts";
import { spreadOf } from "../measure/rounds.ts";
import { openStand } from "../stand/stand.ts";
import { bareRefusals } from "./bare-refusals.ts";
import { type Case, type CaseResult, runCase, type Scale } from "./case.ts";
import { type Panel, plot } from "./plot.ts";
import { LEGEND, medianOf, tableOf, times } from "./tables.ts";
import { targetsTable } from "./targets.ts";

/** Three rounds of two thirds of a second: two cases, eight contenders and their calibration within two minutes. */
export const QUICK_SCALE: Scale = { rounds: 3, windowMs: 700, rampMs: 200, calibrationMs: 350 };
/** Five rounds give a median and a spread; two seconds are a few hundred orders of the slowest. */
export const FULL_SCALE: Scale = { rounds: 5, windowMs: 2_000, rampMs: 500, calibrationMs: 1_000 };

/** @param only names of cases; all when empty. */
export async function runSideBySide(cases: readonly Case[], scale: Scale, progress: Progress, only: readonly string[] = []): Promise<Findings> {
  const chosen = only.length === 0 ? cases : cases.filter(({ name }) => only.includes(name));
  const stand = await openStand(join(PROJECT_DIR, ".cache"), (sentence) => progress.say(sentence));
  try {
    const results: CaseResult[] = [];
    const pools = new Map<string, Record<number, number>>();
    const failed: string[] = [];
    for (const each of chosen) {
      try {
        results.push(await runCase(stand, each, scale, progress, pools));
      } catch (error) {
        // What the other cases measured in half an hour is still worth printing.
        failed.push(`${each.name}: not measured: ${(error as Error).message}`);
      }
    }
    const tables = [...results.map(tableOf), targetsTable(results, refusalsRow(results))];
    tables.at(-1)?.remarks.push(stand.durability, ...LEGEND);
    return { tables, violations: [...failed, ...results.flatMap(({ measured }) => measured.flatMap(({ violations }) => violations))], plot: plotOf(results) };
  } finally {
    await stand.close();
  }
}

/** The cell alone, against accepted Trys: no queue, no ledger, nothing to wait for. */
function refusalsRow(results: readonly CaseResult[]): Cell[][] {
  const hot = results.find(({ case: each }) => each.name === "hot-64");
  const accepted = hot ? medianOf(hot.measured, ENGINE.name, "perSecond") : null;
  if (!accepted) return [];
  const ratio = bareRefusals() / accepted;
  return [["refusals by the bare cell against accepted Trys", "≥ 100 ×", `${times(ratio)} ×`, ratio >= 100 ? "met" : "NOT MET"]];
}

function plotOf(results: readonly CaseResult[]): string {
  const panels = [
    ...panelsOf(results, "hot-", "One hot dish"),
    ...panelsOf(results, "even-", "1 000 even dishes"),
  ];
  return plot(panels, "Durable reservations, every contender at its best pool size; medians of one run.");
}

function panelsOf(results: readonly CaseResult[], prefix: string, title: string): Panel[] {
  const cases = results.filter(({ case: { name, demand } }) => name.startsWith(prefix) && "clients" in demand);
  if (cases.length === 0) return [];
  const names = [...new Set(cases.flatMap(({ measured }) => measured.map(({ name }) => name)))];
  const panel = (figure: string, unit: string): Panel => ({
    title: `${title}: ${unit}`,
    lines: names.map((name) => ({
      name,
      points: cases.flatMap(({ case: { demand }, measured }) => {
        const found = measured.find((each) => each.name === name);
        const value = found && spreadOf(found, figure)?.median;
        return value && "clients" in demand ? [{ clients: demand.clients, value }] : [];
      }),
    })),
  });
  return [panel("perSecond", "orders/s"), panel("p99Ms", "p99, ms")];
}
