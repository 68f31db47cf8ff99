/**
 * What any ledger must do when dishes and coupons are made. `memory-ledger.test.ts` and `postgres-ledger.integration.test.ts` run it.
 */
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Ledger } from "./ledger.ts";
import { Bench, type LedgerUnderTest } from "./ledger-testing.ts";

export function describeCreation(name: string, setUp: () => Promise<LedgerUnderTest>): void {
  describe(`creation: ${name}`, () => {
    let under: LedgerUnderTest;
    let ledger: Ledger;
    let bench: Bench;
    let runs = 0;

    beforeAll(async () => {
      under = await setUp();
      ledger = under.ledger;
    });
    beforeEach(() => {
      bench = new Bench(`c${++runs}`);
      return async () => expect(await under.audit()).toEqual([]);
    });

    test("a dish is made once; its key answers again, another body is a misuse, another key finds it there", async () => {
      const rice = bench.newDish("rice", 7);
      const made = await ledger.createDish(rice);
      expect(made).toMatchObject({ verdict: "CREATED", dish: { supplied: 7, available: 7, frozen: 0, sold: 0, onSale: true } });
      await ledger.runBatch(bench.batch([], { trys: [bench.try("a", { rice: 2 })] }));
      expect(await under.other.createDish(rice)).toEqual({ ...made, verdict: "REPLAYED" });
      expect(await ledger.createDish({ ...rice, supplied: 8 })).toEqual({ verdict: "MISMATCH" });
      expect(await ledger.createDish({ ...rice, actionKey: bench.id("other-key") })).toEqual({ verdict: "EXISTS" });
      expect(await under.movements(rice.dishId)).toEqual([7]);
    });

    test("a coupon is made once", async () => {
      const any = bench.newCoupon("any");
      expect(await ledger.createCoupon(any)).toEqual({ verdict: "CREATED" });
      expect(await under.other.createCoupon(any)).toEqual({ verdict: "REPLAYED" });
      expect(await ledger.createCoupon({ ...any, amountCents: 400 })).toEqual({ verdict: "MISMATCH" });
      expect(await ledger.createCoupon({ ...any, actionKey: bench.id("other-key") })).toEqual({ verdict: "EXISTS" });
    });
  });
}
