/**
 * A long run is several campaigns one after the other, each on servers and stores of its own: a campaign's history is checked whole
 * every time, so it must not grow for ever. The report is of all of them.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type CampaignOptions, type CampaignReport, runCampaign } from "./campaign.ts";

/** Three checks a campaign. After 130 strikes the history took 1.1 GB, after 154 reading it back took longer than a connection is waited for. */
const STRIKES_MAX = 66;

/** The seed of a campaign is the run's and its place in it. */
export async function runCampaigns(options: CampaignOptions): Promise<CampaignReport> {
  const { count, minutes, signal } = options;
  const startedAtMs = performance.now();
  const reports: CampaignReport[] = [];
  const strikesLeft = (): number => (count === null ? STRIKES_MAX : count - sumOf(reports.map(({ strikes }) => strikes)));
  const minutesLeft = (): number | null => minutes && minutes - (performance.now() - startedAtMs) / 60_000;
  do {
    const [number, seed] = [reports.length + 1, options.seed + reports.length];
    const dir = join(options.dir, String(number));
    mkdirSync(dir);
    options.say(`campaign ${number}, seed ${seed}`);
    reports.push(await runCampaign({ ...options, dir, seed, count: Math.min(STRIKES_MAX, strikesLeft()), minutes: minutesLeft() }));
  } while (strikesLeft() > 0 && (minutesLeft() ?? 1) > 0 && !signal?.aborted && reports.at(-1)?.wrong.length === 0);
  return addUp(options.seed, reports);
}

/** One report of all: what was counted is added, what was listed stands one after the other. */
export function addUp(seed: number, reports: readonly CampaignReport[]): CampaignReport {
  const total: CampaignReport = {
    ...(reports[0] as CampaignReport),
    seed,
    strikes: sumOf(reports.map(({ strikes }) => strikes)),
    byFault: merge(reports.map(({ byFault }) => byFault)),
    coverage: {},
    met: merge(reports.map(({ met }) => met)),
    checks: reports.flatMap(({ checks }) => checks),
    clients: {
      counts: merge(reports.map(({ clients }) => clients.counts)),
      answers: new Map(Object.entries(merge(reports.map(({ clients }) => Object.fromEntries(clients.answers))))),
    },
    ended: reports.flatMap(({ ended }) => ended),
    logged: merge(reports.map(({ logged }) => logged)),
    wrong: reports.flatMap(({ wrong }) => wrong),
    seconds: sumOf(reports.map(({ seconds }) => seconds)),
  };
  for (const fault of Object.keys(total.byFault)) total.coverage[fault] = merge(reports.map(({ coverage }) => coverage[fault] ?? {}));
  return total;
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Adds up what has one name. */
function merge<T extends Record<string, number>>(tables: readonly Partial<T>[]): T {
  const total: Record<string, number> = {};
  for (const table of tables) for (const [name, value] of Object.entries(table)) total[name] = (total[name] ?? 0) + (value as number);
  return total as T;
}
