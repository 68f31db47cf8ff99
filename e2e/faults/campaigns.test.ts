/** What several campaigns come to. */
import { expect, it } from "vitest";
import type { CampaignReport } from "./campaign.ts";
import { addUp } from "./campaigns.ts";
import type { CheckReport } from "./checks.ts";

const check = (commits: number): CheckReport => ({ wrong: [], states: { CONFIRMED: commits }, commits, dishOperations: 2 * commits, dishesUndecided: 0, waitedMs: commits });

function report(more: Partial<CampaignReport>): CampaignReport {
  const counts = { calls: 10, accepted: 4, replayed: 1, refused: 2, unknown: 1, "sent twice": 1, "sent late": 1, "sent with another basket": 1 };
  return { seed: 1, strikes: 2, byFault: {}, skipped: {}, coverage: {}, met: {}, checks: [], ended: [], clients: { counts, answers: new Map([["try: 201", 4]]) }, logged: {}, wrong: [], seconds: 5, ...more };
}

it("adds up what was counted, and lists what was listed", () => {
  const sum = addUp(7, [
    report({ byFault: { FLUSHALL: 2 }, coverage: { FLUSHALL: { try: 2, confirm: 1 } }, met: { "keys flushed": 9 }, checks: [check(1), check(2)], ended: [check(2)] }),
    report({ seed: 2, strikes: 3, byFault: { FLUSHALL: 1, cut: 2 }, coverage: { FLUSHALL: { try: 1 }, cut: { cancel: 2 } }, met: { "keys flushed": 1, cuts: 2 }, checks: [check(3)], ended: [check(3)], wrong: ["oversold"] }),
  ]);
  expect(sum).toMatchObject({
    seed: 7,
    strikes: 5,
    byFault: { FLUSHALL: 3, cut: 2 },
    coverage: { FLUSHALL: { try: 3, confirm: 1 }, cut: { cancel: 2 } },
    met: { "keys flushed": 10, cuts: 2 },
    checks: [{ commits: 1 }, { commits: 2 }, { commits: 3 }],
    ended: [{ commits: 2 }, { commits: 3 }],
    wrong: ["oversold"],
    seconds: 10,
  });
  expect(sum.clients.counts).toMatchObject({ calls: 20, accepted: 8, "sent late": 2 });
  expect(sum.clients.answers).toEqual(new Map([["try: 201", 8]]));
});
