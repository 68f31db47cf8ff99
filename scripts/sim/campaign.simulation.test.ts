/** The short campaign: a thousand seeds, every fault in every phase. The long one is `npm run sim -- --seeds 200000`. */
import { expect, test } from "vitest";
import { bundlePlayer } from "./bundle.ts";
import { campaign, proofOf } from "./campaign.ts";

test("a thousand seeds of 300 operations break no promise, and meet every fault in every phase a hundred times", async () => {
  const report = await campaign({ program: await bundlePlayer(), from: 1, seeds: 1_000, operations: 300 });
  expect(report.failed.map(({ seed, violations }) => `npm run sim -- --seed ${seed}: ${violations[0]}`)).toEqual([]);
  expect(report.played).toBe(1_000);
  expect(proofOf(report)).toEqual([]);
  // A search that is given up proves nothing; hardly one in a thousand may be.
  expect(report.counts.dishesUndecided / report.counts.dishesPut).toBeLessThan(0.001);
});
