/** A short campaign: real servers under traffic, a few faults, and the checks of the long one, which is `npm run faults`. */
import { expect, inject, test } from "vitest";
import { createFolder } from "../../server/testing/stack.ts";
import { runCampaign } from "./campaign.ts";
import { allFaults } from "./faults.ts";

const FEW = ["answers of Postgres lost after it did its work", "FLUSHALL", "kill -9 of a server"];

test("two servers under traffic lose nothing, oversell nothing and end everything, whatever a few real faults do to them", { timeout: 240_000 }, async () => {
  const faults = allFaults().filter(({ name }) => FEW.includes(name));
  const report = await runCampaign({
    dir: createFolder(),
    cacheDir: inject("testCacheFolder"),
    seed: 1,
    count: faults.length,
    minutes: null,
    checkEvery: faults.length,
    servers: 2,
    ownDisk: false,
    faults,
    say: () => {},
  });
  expect(report.wrong).toEqual([]);
  expect(Object.keys(report.byFault).sort()).toEqual([...FEW].sort());
  // A campaign that met nothing would prove nothing.
  for (const name of FEW) expect(report.coverage[name]?.try, name).toBe(1);
  expect(report.met["answers of postgres lost after their request had been carried out"]).toBeGreaterThan(0);
  const [check] = report.checks;
  expect(check?.dishesUndecided).toBe(0);
  expect(check?.commits).toBeGreaterThan(100);
  expect(check?.states.CONFIRMED).toBeGreaterThan(0);
});
