/**
 * What any ledger must say of what waits in it. Run by the same tests as `ledger.conformance.ts`, each on a ledger of its own:
 * the first of all is asked for.
 */
import { expect, test } from "vitest";
import { Bench, type LedgerUnderTest } from "./ledger-testing.ts";
import { BRANCH_LEASE_MS } from "./ledger.ts";

export function describeDue(name: string, setUp: () => Promise<LedgerUnderTest>): void {
  test(`ledger: ${name}: one question says when the first reservation and the first branch are due, if that is soon`, async () => {
    const { ledger, other } = await setUp();
    const bench = new Bench("due");
    const branch = { participant: "points", tryUrl: "http://p/try", confirmUrl: "http://p/confirm", cancelUrl: "http://p/cancel", body: null };
    const nothing = { reservations: null, branches: null, payments: null, bulk: null, tellings: null };
    expect(await other.findDue(60_000)).toEqual(nothing);
    await ledger.createDish(bench.newDish("rice", 10));
    const begin = (txName: string, ttlSeconds: number, remote = false) =>
      ledger.runBatch(bench.batch([], { trys: [bench.try(txName, { rice: 1 }, { ttlSeconds, branches: remote ? [branch] : [] })] }));

    await begin("late", 900);
    await begin("soon", 30);
    expect(await other.findDue(20_000)).toEqual(nothing);
    const soon = await other.findDue(60_000);
    expect(soon.reservations).toBeGreaterThan(25_000);
    expect(soon.reservations).toBeLessThanOrEqual(30_000);
    await begin("over", 0);
    expect((await other.findDue(0)).reservations).toBeLessThanOrEqual(0);
    await ledger.runBatch(bench.batch(["rice"], { moves: [bench.move("over", "EXPIRED"), bench.move("soon", "CANCELLED")] }));
    expect(await other.findDue(60_000)).toEqual(nothing);

    await begin("remote", 900, true);
    expect(await other.findDue(100)).toEqual(nothing);
    const lease = await other.findDue(60_000);
    expect(lease.branches).toBeGreaterThan(0);
    expect(lease.branches).toBeLessThanOrEqual(BRANCH_LEASE_MS);
    await ledger.runBatch(bench.batch(["rice"], { moves: [bench.move("remote", "CANCELLED")] }));
    await ledger.hastenBranches([bench.id("remote")]);
    expect((await other.findDue(1)).branches).toBeLessThanOrEqual(1); // due times are rounded to a millisecond
  });
}
