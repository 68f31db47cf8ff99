/** What a campaign came to, in words. */
import type { CampaignReport } from "./campaign.ts";
import { PHASES } from "./clients.ts";

/** Sentences of what was wrong; more of them say nothing new. */
const WRONG_SHOWN_MAX = 40;

export function inWords(report: CampaignReport): string {
  const { seed, strikes, skipped, met, checks, ended, clients, logged, wrong, seconds } = report;
  const { counts, answers } = clients;
  const lines = [
    "",
    `${strikes} faults in ${Math.round(seconds)} s, seed ${seed}; everything checked ${checks.length} times after healing, which took at most ${Math.ceil(Math.max(0, ...checks.map(({ waitedMs }) => waitedMs)) / 1_000)} s`,
    "",
    "What each fault hit: strikes while calls of that kind were under way",
    ...matrix(report),
    "",
    "Dangerous windows really met",
    ...table(met),
    "",
    "Traffic",
    ...table(counts),
    "",
    "Answers",
    ...table(Object.fromEntries([...answers].sort(([, a], [, b]) => b - a))),
    "",
    "In the ledger at the end of each campaign",
    ...ended.flatMap(({ states, commits, dishOperations, dishesUndecided }) =>
      table({ ...states, commits, "operations on dishes put in a row": dishOperations, "dishes whose row was not found in time": dishesUndecided }),
    ),
    "",
  ];
  if (Object.keys(logged).length > 0) lines.push("Errors the servers logged", ...table(logged), "");
  for (const [name, reason] of Object.entries(skipped)) lines.push(`Not done here: ${name}: ${reason}`);
  if (wrong.length === 0) lines.push("Nothing was wrong: nothing oversold, nothing acknowledged lost, every transaction ended.", "");
  else lines.push(`${wrong.length} things were wrong:`, ...wrong.slice(0, WRONG_SHOWN_MAX).map((sentence) => `  ${sentence}`), `Strike again in the same order: npm run faults -- --count ${strikes} --seed ${seed}`, "");
  return `${lines.join("\n")}\n`;
}

function table(rows: Record<string, number>): string[] {
  return Object.entries(rows).map(([name, value]) => `${String(value).padStart(8)}  ${name}`);
}

/** One row a fault: strikes, then how many of them met each phase. */
function matrix({ byFault, coverage }: CampaignReport): string[] {
  const columns = ["strikes", ...PHASES];
  const row = (cells: readonly (string | number)[], name: string): string => `${cells.map((cell, at) => String(cell).padStart((columns[at] as string).length + 2)).join("")}  ${name}`;
  return [row(columns, ""), ...Object.entries(byFault).map(([name, strikes]) => row([strikes, ...PHASES.map((phase) => coverage[name]?.[phase] ?? 0)], name))];
}
