/** Changes of stock through a whole engine, on twins. */
import { describe, expect, test } from "vitest";
import { isEngineError } from "../kernel/errors.ts";
import { World } from "../simulation/world.ts";
import { SUPPLIED_MAX } from "../tiers/tcc/ledger.ts";

const CALL = { timeoutMs: 5_000, traceId: "0".repeat(32) };
const NAMES = { en: "Rice", "zh-CN": "米饭" };

async function kitchen(supplied: number) {
  const world = new World(1);
  const { engine } = world.start();
  const passing = async <T>(promise: Promise<T>): Promise<T> => {
    promise.catch(() => {});
    await world.clock.advance(1_000);
    return promise;
  };
  await passing(engine.createDish({ dishId: "rice", storeId: "s", names: NAMES, priceCents: 1, supplied, actor: "t", actionKey: "make" }, CALL));
  const restock = (quantity: number, actionKey: string) =>
    engine.change({ dishId: "rice", kind: "RESTOCK", quantity, reason: "delivery", actor: "t", actionKey }, CALL).then(
      ({ supplied: now }) => now,
      (error: unknown) => (isEngineError(error) ? error.code : error),
    );
  return { engine, passing, restock };
}

describe("a restock", () => {
  test("past what a dish can be supplied with is refused as such, and neither the dish nor its neighbours in the batch suffer", async () => {
    const { engine, passing, restock } = await kitchen(SUPPLIED_MAX - 10);
    const answers = await passing(Promise.all([restock(4, "a"), restock(7, "b"), restock(6, "c"), engine.try({ txId: "t", storeId: "s", lines: [{ dishId: "rice", quantity: 2 }], orderId: "o", couponId: null, ttlSeconds: 900 }, CALL)]));
    expect(answers.slice(0, 3).filter((answer) => answer === "SUPPLY_LIMIT").length).toBeGreaterThan(0);
    expect(answers.slice(0, 3)).not.toContain("INTERNAL");
    expect(answers[3]).toMatchObject({ state: "RESERVED" });
    const after = await passing(engine.change({ dishId: "rice", kind: "PAUSE", quantity: 0, reason: null, actor: "t", actionKey: "p" }, CALL));
    expect(after.supplied).toBeLessThanOrEqual(SUPPLIED_MAX);
    expect(after.supplied).toBe(after.available + after.frozen + after.sold);
  });

  test("up to it is taken, and its key may be used again for what was refused", async () => {
    const { passing, restock } = await kitchen(SUPPLIED_MAX - 10);
    expect(await passing(restock(11, "a"))).toBe("SUPPLY_LIMIT");
    expect(await passing(restock(10, "a"))).toBe(SUPPLIED_MAX);
    expect(await passing(restock(1, "b"))).toBe("SUPPLY_LIMIT");
  });
});
