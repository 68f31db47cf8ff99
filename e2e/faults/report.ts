/** What a campaign came to, in words. */
import type { CampaignReport } from "./campaign.ts";

/** Sentences of what was wrong; more of them say nothing new. */
const WRONG_SHOWN_MAX = 40;

export function inWords(report: CampaignReport): string {
  const { seed, strikes, byFault, skipped, met, checks, history, wrong, seconds } = report;
  const { counts, answers, transactions } = history;
  const lines = [
    "",
    `${strikes} faults in ${Math.round(seconds)} s, seed ${seed}; everything checked ${checks.length} times after healing`,
    "",
    ...table(byFault),
    "",
    "Dangerous windows really met",
    ...table(met),
    "",
    "Traffic",
    ...table({ transactions: transactions.size, ...counts }),
    "",
    "Answers",
    ...table(Object.fromEntries([...answers].sort(([, a], [, b]) => b - a))),
    "",
    "In the ledger at the end",
    ...table(checks.at(-1)?.states ?? {}),
    "",
  ];
  for (const [name, reason] of Object.entries(skipped)) lines.push(`Not done here: ${name}: ${reason}`);
  if (wrong.length === 0) lines.push("Nothing was wrong: nothing oversold, nothing acknowledged lost, every transaction ended.", "");
  else lines.push(`${wrong.length} things were wrong:`, ...wrong.slice(0, WRONG_SHOWN_MAX).map((sentence) => `  ${sentence}`), `Strike again in the same order: npm run faults -- --count ${strikes} --seed ${seed}`, "");
  return `${lines.join("\n")}\n`;
}

function table(rows: Record<string, number>): string[] {
  return Object.entries(rows).map(([name, value]) => `${String(value).padStart(8)}  ${name}`);
}
