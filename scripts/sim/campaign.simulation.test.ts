/** The short campaign: every fault in every phase. The long one is `npm run sim -- --seeds 200000`. */
import { expect, test } from "vitest";
import { bundlePlayer } from "./bundle.ts";
import { campaign, proofOf } from "./campaign.ts";

/** A thousand, and what the rarest pairs of fault and phase need to be met a hundred times. */
const SEEDS = 1_500;

test("more than a thousand seeds of 300 operations break no promise, and meet every fault in every phase a hundred times", async () => {
  const report = await campaign({ program: await bundlePlayer(), from: 1, seeds: SEEDS, operations: 300 });
  expect(report.failed.map(({ seed, violations }) => `npm run sim -- --seed ${seed}: ${violations[0]}`)).toEqual([]);
  expect(report.played).toBe(SEEDS);
  expect(proofOf(report)).toEqual([]);
  // A search that is given up proves nothing; hardly one in a thousand may be.
  expect(report.counts.dishesUndecided / report.counts.dishesPut).toBeLessThan(0.001);
});
