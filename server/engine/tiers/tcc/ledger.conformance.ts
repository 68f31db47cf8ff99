/**
 * What any ledger must do. `memory-ledger.test.ts` and `postgres-ledger.integration.test.ts` run it.
 * Two ledgers over one store stand for two instances; what needs a lock to be held is tested with Postgres alone.
 */
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { fingerprint } from "../../kernel/basket.ts";
import type { DishRow } from "../../kernel/types.ts";
import type { Ledger, LedgerMove, LedgerTry } from "./ledger.ts";
import { Bench, type LedgerUnderTest } from "./ledger-testing.ts";

export function describeLedger(name: string, setUp: () => Promise<LedgerUnderTest>): void {
  describe(`ledger: ${name}`, () => {
    let under: LedgerUnderTest;
    let ledger: Ledger;
    let bench: Bench;
    let runs = 0;

    const supply = async (dishes: Record<string, number>, storeId?: string): Promise<void> => {
      for (const [name, supplied] of Object.entries(dishes)) await ledger.createDish(bench.newDish(name, supplied, storeId));
    };
    const coupon = (name: string, storeId?: string) => ledger.createCoupon(bench.newCoupon(name, storeId));
    const dish = async (dishName: string): Promise<DishRow> => (await ledger.readDishes([bench.id(dishName)]))[0] as DishRow;
    const transaction = async (txName: string) => (await ledger.findTransactions([bench.id(txName)]))[0];
    const tryNow = async (...trys: LedgerTry[]) => (await ledger.runBatch(bench.batch([], { trys }))).trys;
    const moveNow = async (dishes: string[], ...moves: LedgerMove[]) => (await ledger.runBatch(bench.batch(dishes, { moves }))).moves;

    beforeAll(async () => {
      under = await setUp();
      ledger = under.ledger;
    });
    beforeEach(() => {
      bench = new Bench(`t${++runs}`);
      return async () => expect(await under.audit()).toEqual([]);
    });

    describe("trys", () => {
      test("a try freezes every line and says when it ends", async () => {
        await supply({ rice: 10, tofu: 5 });
        const result = await ledger.runBatch(bench.batch([], { trys: [bench.try("a", { rice: 3, tofu: 1 }, { ttlSeconds: 60 })] }));
        expect(result.trys).toEqual(["ACCEPTED"]);
        expect(result.dishes).toMatchObject([
          { dishId: bench.id("rice"), supplied: 10, available: 7, frozen: 3, sold: 0 },
          { dishId: bench.id("tofu"), supplied: 5, available: 4, frozen: 1, sold: 0 },
        ]);
        expect(await transaction("a")).toMatchObject({
          state: "RESERVED",
          storeId: bench.store,
          orderId: bench.id("order-a"),
          cause: null,
          ticketId: null,
          payloadHash: bench.try("a", { rice: 3, tofu: 1 }).payloadHash,
          lines: [
            { dishId: bench.id("rice"), quantity: 3, freezeId: `${bench.id("a")}.1`, state: "RESERVED" },
            { dishId: bench.id("tofu"), quantity: 1, freezeId: `${bench.id("a")}.2`, state: "RESERVED" },
          ],
          createdAtMs: result.atMs,
          expiresAtMs: result.atMs + 60_000,
        });
      });

      test("a basket is taken whole or not at all, and what it leaves goes to the next", async () => {
        await supply({ rice: 10, tofu: 1 });
        expect(await tryNow(bench.try("a", { rice: 9, tofu: 2 }), bench.try("b", { rice: 10 }), bench.try("c", { rice: 1 }))).toEqual(["SOLD_OUT", "ACCEPTED", "SOLD_OUT"]);
        expect(await transaction("a")).toBeNull();
        expect(await dish("tofu")).toMatchObject({ available: 1, frozen: 0 });
      });

      test("the first to arrive get the last portions", async () => {
        await supply({ rice: 3 });
        const trys = ["a", "b", "c", "d", "e"].map((name) => bench.try(name, { rice: 1 }));
        expect(await tryNow(...trys)).toEqual(["ACCEPTED", "ACCEPTED", "ACCEPTED", "SOLD_OUT", "SOLD_OUT"]);
        expect(await dish("rice")).toMatchObject({ available: 0, frozen: 3 });
      });

      test("a txId is accepted once, also when the dish is sold out or paused meanwhile", async () => {
        await supply({ rice: 1 });
        const once = bench.try("a", { rice: 1 });
        expect(await tryNow(once)).toEqual(["ACCEPTED"]);
        await ledger.runBatch(bench.batch([], { changes: [bench.change("PAUSE", "rice")] }));
        expect(await tryNow(once)).toEqual(["KNOWN"]);
        expect((await under.other.runBatch(bench.batch([], { trys: [once] }))).trys).toEqual(["KNOWN"]);
        expect(await dish("rice")).toMatchObject({ available: 0, frozen: 1 });
      });

      test("what is wrong is said in one order: order, dish, store, pause, stock, coupon", async () => {
        await supply({ rice: 5, tofu: 5, soup: 1 });
        await supply({ cake: 5 }, bench.id("bakery"));
        await ledger.runBatch(bench.batch([], { trys: [bench.try("first", { rice: 1 })], changes: [bench.change("PAUSE", "tofu")] }));
        const gone = { couponId: bench.id("no-coupon") };
        expect(
          await tryNow(
            bench.try("a", { nothing: 1, cake: 1 }, { orderId: bench.id("order-first"), ...gone }),
            bench.try("b", { rice: 1, cake: 1, tofu: 1, nothing: 1 }, gone),
            bench.try("c", { soup: 9, tofu: 1, cake: 1 }, gone),
            bench.try("d", { soup: 9, tofu: 1 }, gone),
            bench.try("e", { rice: 1, soup: 2 }, gone),
            bench.try("f", { rice: 1 }, gone),
          ),
        ).toEqual(["ORDER_CONFLICT", "UNKNOWN_DISH", "WRONG_STORE", "DISH_PAUSED", "SOLD_OUT", "UNKNOWN_COUPON"]);
        expect(await dish("rice")).toMatchObject({ available: 4, frozen: 1 });
      });

      test("a coupon serves one basket, in its own store", async () => {
        await supply({ rice: 9 });
        await coupon("any");
        await coupon("elsewhere", bench.id("bakery"));
        await coupon("here", bench.store);
        const using = (txName: string, couponName: string) => bench.try(txName, { rice: 1 }, { couponId: bench.id(couponName) });
        const first = await tryNow(using("a", "any"), using("b", "any"), using("c", "elsewhere"), using("d", "here"));
        expect(first).toEqual(["ACCEPTED", "COUPON_UNAVAILABLE", "COUPON_UNAVAILABLE", "ACCEPTED"]);
        expect(await tryNow(using("e", "any"))).toEqual(["COUPON_UNAVAILABLE"]);
        await moveNow(["rice"], bench.move("a", "CONFIRMED"), bench.move("d", "CANCELLED"));
        expect(await tryNow(using("f", "any"), using("g", "here"))).toEqual(["COUPON_UNAVAILABLE", "ACCEPTED"]);
      });

      test("a basket that is refused leaves its coupon to the next", async () => {
        await supply({ rice: 1 });
        await coupon("any");
        const using = { couponId: bench.id("any") };
        expect(await tryNow(bench.try("a", { rice: 2 }, using), bench.try("b", { rice: 1 }, using))).toEqual(["SOLD_OUT", "ACCEPTED"]);
      });

      test("an order has one transaction that is not cancelled", async () => {
        await supply({ rice: 9 });
        const order = { orderId: bench.id("order") };
        expect(await tryNow(bench.try("a", { rice: 1 }, order))).toEqual(["ACCEPTED"]);
        expect(await tryNow(bench.try("b", { rice: 1 }, order))).toEqual(["ORDER_CONFLICT"]);
        await moveNow(["rice"], bench.move("a", "CANCELLED"));
        expect(await tryNow(bench.try("b", { rice: 1 }, order))).toEqual(["ACCEPTED"]);
        expect(await tryNow(bench.try("c", { rice: 1 }, order))).toEqual(["ORDER_CONFLICT"]);
        await moveNow(["rice"], bench.move("b", "CONFIRMED"));
        expect(await tryNow(bench.try("c", { rice: 1 }, order))).toEqual(["ORDER_CONFLICT"]);
      });
    });

    describe("moves", () => {
      test("confirm sells, cancel gives back, reverse takes back; each once", async () => {
        await supply({ rice: 10 });
        await tryNow(bench.try("a", { rice: 2 }), bench.try("b", { rice: 3 }));
        expect(await moveNow(["rice"], bench.move("a", "CONFIRMED"), bench.move("b", "CANCELLED"))).toEqual(["MOVED", "MOVED"]);
        expect(await dish("rice")).toMatchObject({ available: 8, frozen: 0, sold: 2 });
        expect(await transaction("a")).toMatchObject({ state: "CONFIRMED", cause: null, lines: [{ state: "CONFIRMED" }] });
        expect(await transaction("b")).toMatchObject({ state: "CANCELLED", cause: "REQUESTED", lines: [{ state: "CANCELLED" }] });
        expect(await moveNow(["rice"], bench.move("a", "CONFIRMED"), bench.move("b", "CANCELLED"))).toEqual(["NOT_MOVED", "NOT_MOVED"]);
        expect(await moveNow(["rice"], bench.move("a", "CANCELLED"), bench.move("b", "CONFIRMED"))).toEqual(["NOT_MOVED", "NOT_MOVED"]);
        expect(await moveNow(["rice"], bench.move("a", "REVERSED"), bench.move("b", "REVERSED"))).toEqual(["MOVED", "NOT_MOVED"]);
        expect(await moveNow(["rice"], bench.move("a", "REVERSED"))).toEqual(["NOT_MOVED"]);
        expect(await dish("rice")).toMatchObject({ available: 10, frozen: 0, sold: 0 });
      });

      test("a coupon follows its transaction", async () => {
        await supply({ rice: 9 });
        await coupon("any");
        const again = (txName: string) => bench.try(txName, { rice: 1 }, { couponId: bench.id("any"), ttlSeconds: 0 });
        for (const [txName, target] of [["a", "CANCELLED"], ["b", "EXPIRED"]] as const) {
          expect(await tryNow(again(txName))).toEqual(["ACCEPTED"]);
          expect(await moveNow(["rice"], bench.move(txName, target))).toEqual(["MOVED"]);
        }
        expect(await tryNow(again("c"))).toEqual(["ACCEPTED"]);
        await moveNow(["rice"], bench.move("c", "CONFIRMED"));
        expect(await tryNow(again("d"))).toEqual(["COUPON_UNAVAILABLE"]);
        await moveNow(["rice"], bench.move("c", "REVERSED"));
        expect(await tryNow(again("d"))).toEqual(["ACCEPTED"]);
      });

      test("what moves release is there for the trys of the same batch", async () => {
        await supply({ rice: 2 });
        await coupon("any");
        const keys = { orderId: bench.id("order"), couponId: bench.id("any") };
        await tryNow(bench.try("a", { rice: 2 }, keys));
        const result = await ledger.runBatch(bench.batch([], { moves: [bench.move("a", "CANCELLED")], trys: [bench.try("b", { rice: 2 }, keys)] }));
        expect(result).toMatchObject({ moves: ["MOVED"], trys: ["ACCEPTED"], dishes: [{ available: 0, frozen: 2, version: (await dish("rice")).version }] });
      });

      test("moves of one dish in one batch add up", async () => {
        await supply({ rice: 20 });
        await tryNow(...["a", "b", "c", "d"].map((txName, index) => bench.try(txName, { rice: index + 1 })));
        await moveNow(["rice"], bench.move("d", "CONFIRMED"), bench.move("b", "CANCELLED"), bench.move("a", "CONFIRMED"));
        expect(await dish("rice")).toMatchObject({ available: 12, frozen: 3, sold: 5 });
      });

      test("a cancel that comes first is a fence: the late try is known, not accepted", async () => {
        await supply({ rice: 5 });
        expect(await moveNow([], bench.move("a", "CANCELLED"))).toEqual(["FENCED"]);
        expect(await tryNow(bench.try("a", { rice: 1 }))).toEqual(["KNOWN"]);
        expect(await transaction("a")).toMatchObject({ state: "CANCELLED", cause: "REQUESTED", payloadHash: null, lines: [] });
        expect(await moveNow([], bench.move("a", "CANCELLED"), bench.move("b", "CONFIRMED"))).toEqual(["NOT_MOVED", "UNKNOWN"]);
        expect(await moveNow([], bench.move("b", "REVERSED"), bench.move("c", "EXPIRED"))).toEqual(["UNKNOWN", "UNKNOWN"]);
        expect(await dish("rice")).toMatchObject({ available: 5, frozen: 0 });
      });

      test("a transaction whose dishes are not named is not moved", async () => {
        await supply({ rice: 5, tofu: 5 });
        await tryNow(bench.try("a", { rice: 1, tofu: 1 }));
        expect(await moveNow(["rice"], bench.move("a", "CONFIRMED"))).toEqual(["NOT_LOCKED"]);
        expect(await transaction("a")).toMatchObject({ state: "RESERVED" });
        expect(await moveNow(["tofu", "rice"], bench.move("a", "CONFIRMED"))).toEqual(["MOVED"]);
      });
    });

    describe("expiry and late payment", () => {
      const expired = async (txName: string, lines: Record<string, number>, more: Partial<LedgerTry> = {}): Promise<void> => {
        expect(await tryNow(bench.try(txName, lines, { ttlSeconds: 0, ...more }))).toEqual(["ACCEPTED"]);
        expect(await moveNow(Object.keys(lines), bench.move(txName, "EXPIRED"))).toEqual(["MOVED"]);
      };

      test("only a reservation whose time is up expires, oldest found first", async () => {
        await supply({ rice: 9 });
        await tryNow(bench.try("later", { rice: 1 }, { ttlSeconds: 900 }));
        await tryNow(bench.try("first", { rice: 1 }, { ttlSeconds: 0 }));
        await tryNow(bench.try("second", { rice: 1 }, { ttlSeconds: 0 }));
        const due = (await ledger.findExpired(1_000)).map(({ txId }) => txId).filter((txId) => txId.startsWith(`${bench.prefix}.`));
        expect(due).toHaveLength(2);
        expect(due).not.toContain(bench.id("later"));
        expect(await ledger.findExpired(1)).toHaveLength(1);
        expect(await moveNow(["rice"], bench.move("later", "EXPIRED"), bench.move("first", "EXPIRED"), bench.move("second", "EXPIRED"))).toEqual(["NOT_MOVED", "MOVED", "MOVED"]);
        expect(await dish("rice")).toMatchObject({ available: 8, frozen: 1 });
      });

      test("expired but not yet swept, it confirms", async () => {
        await supply({ rice: 1 });
        await tryNow(bench.try("a", { rice: 1 }, { ttlSeconds: 0 }));
        expect(await moveNow(["rice"], bench.move("a", "CONFIRMED"))).toEqual(["MOVED"]);
        expect(await moveNow(["rice"], bench.move("a", "EXPIRED"))).toEqual(["NOT_MOVED"]);
        expect(await dish("rice")).toMatchObject({ available: 0, frozen: 0, sold: 1 });
      });

      test("a late payment reserves again and sells, if portions and coupon are still there", async () => {
        await supply({ rice: 3, tofu: 3 });
        await coupon("any");
        await expired("a", { rice: 2, tofu: 1 }, { couponId: bench.id("any") });
        expect(await moveNow(["rice", "tofu"], bench.move("a", "CONFIRMED"))).toEqual(["MOVED"]);
        expect(await dish("rice")).toMatchObject({ available: 1, frozen: 0, sold: 2 });
        expect(await tryNow(bench.try("b", { rice: 1 }, { couponId: bench.id("any") }))).toEqual(["COUPON_UNAVAILABLE"]);
      });

      test("a late payment without portions is a refund, for good", async () => {
        await supply({ rice: 2, tofu: 2 });
        await expired("a", { rice: 1, tofu: 2 });
        await tryNow(bench.try("b", { tofu: 1 }));
        expect(await moveNow(["rice", "tofu"], bench.move("a", "CONFIRMED"))).toEqual(["REFUND_DUE"]);
        const { ticketId } = (await transaction("a")) ?? {};
        expect(ticketId).toEqual(expect.any(String));
        await moveNow(["tofu"], bench.move("b", "CANCELLED"));
        expect(await moveNow(["rice", "tofu"], bench.move("a", "CONFIRMED"))).toEqual(["REFUND_DUE"]);
        expect(await transaction("a")).toMatchObject({ state: "EXPIRED", ticketId });
        expect(await dish("rice")).toMatchObject({ available: 2, sold: 0 });
        expect(await moveNow(["rice", "tofu"], bench.move("a", "CANCELLED"))).toEqual(["MOVED"]);
      });

      test("a late payment whose coupon went to another is a refund", async () => {
        await supply({ rice: 9 });
        await coupon("any");
        await expired("a", { rice: 1 }, { couponId: bench.id("any") });
        await tryNow(bench.try("b", { rice: 1 }, { couponId: bench.id("any") }));
        expect(await moveNow(["rice"], bench.move("a", "CONFIRMED"))).toEqual(["REFUND_DUE"]);
        expect(await dish("rice")).toMatchObject({ available: 8, frozen: 1, sold: 0 });
      });

      test("late payments of one batch come after its releases, the first to arrive first", async () => {
        await supply({ rice: 3 });
        await coupon("any");
        await expired("late-z", { rice: 2 });
        await expired("late-a", { rice: 2 });
        await expired("late-m", { rice: 1 }, { couponId: bench.id("any") });
        await tryNow(bench.try("holder", { rice: 3 }, { couponId: bench.id("any") }));
        const moves = [bench.move("late-z", "CONFIRMED"), bench.move("late-a", "CONFIRMED"), bench.move("late-m", "CONFIRMED"), bench.move("holder", "CANCELLED")];
        const result = await ledger.runBatch(bench.batch(["rice"], { moves, trys: [bench.try("next", { rice: 1 })] }));
        expect(result.moves).toEqual(["MOVED", "REFUND_DUE", "MOVED", "MOVED"]);
        expect(result.trys).toEqual(["SOLD_OUT"]);
        expect(await dish("rice")).toMatchObject({ available: 0, frozen: 0, sold: 3 });
      });

      test("cancelling what has expired changes no stock and frees the order", async () => {
        await supply({ rice: 2 });
        await expired("a", { rice: 1 });
        const order = { orderId: bench.id("order-a") };
        expect(await tryNow(bench.try("b", { rice: 1 }, order))).toEqual(["ORDER_CONFLICT"]);
        const { version } = await dish("rice");
        expect(await moveNow(["rice"], bench.move("a", "CANCELLED"))).toEqual(["MOVED"]);
        expect(await dish("rice")).toMatchObject({ available: 2, frozen: 0, version });
        expect(await tryNow(bench.try("b", { rice: 1 }, order))).toEqual(["ACCEPTED"]);
      });
    });

    describe("stock changes", () => {
      test("restock and write-off move supplied and available, never below nothing", async () => {
        await supply({ rice: 3 });
        await tryNow(bench.try("a", { rice: 2 }));
        const result = await ledger.runBatch(bench.batch([], { changes: [bench.change("WRITE_OFF", "rice", 2), bench.change("RESTOCK", "rice", 4), bench.change("WRITE_OFF", "rice", 5)] }));
        expect(result.changes).toMatchObject([
          { verdict: "INSUFFICIENT_STOCK", available: 1 },
          { verdict: "APPLIED", dish: { supplied: 2, available: 0, frozen: 2 } }, // as the batch leaves it
          { verdict: "APPLIED", dish: { supplied: 2, available: 0, frozen: 2 } },
        ]);
        expect(await under.movements(bench.id("rice"))).toEqual([3, 4, -5]);
      });

      test("changes come before the trys of their batch", async () => {
        await supply({ rice: 0, tofu: 5 });
        const changes = [bench.change("RESTOCK", "rice", 2), bench.change("PAUSE", "tofu")];
        const result = await ledger.runBatch(bench.batch([], { changes, trys: [bench.try("a", { rice: 2 }), bench.try("b", { tofu: 1 })] }));
        expect(result.trys).toEqual(["ACCEPTED", "DISH_PAUSED"]);
        expect(result.changes).toMatchObject([{ dish: { available: 0, frozen: 2 } }, { dish: { onSale: false, available: 5 } }]);
      });

      test("an action key answers as the first time, refusals too, and another request is a misuse", async () => {
        await supply({ rice: 1 });
        const restock = bench.change("RESTOCK", "rice", 4);
        const writeOff = bench.change("WRITE_OFF", "rice", 7);
        const first = await ledger.runBatch(bench.batch([], { changes: [writeOff, restock] }));
        await tryNow(bench.try("a", { rice: 1 }));
        await ledger.runBatch(bench.batch([], { changes: [bench.change("RESTOCK", "rice", 50)] }));
        const again = await under.other.runBatch(bench.batch([], { changes: [writeOff, restock] }));
        expect(again.changes).toEqual([first.changes[0], { ...first.changes[1], verdict: "REPLAYED" }]);
        const misuse = { ...restock, quantity: 5, requestHash: fingerprint(["another"]) };
        expect((await ledger.runBatch(bench.batch([], { changes: [misuse] }))).changes).toEqual([{ verdict: "MISMATCH" }]);
        expect(await dish("rice")).toMatchObject({ supplied: 55, available: 54, frozen: 1 });
      });

      test("pause stops sales and resume lets them go on; repeating either changes nothing", async () => {
        await supply({ rice: 5 });
        const toggle = async (kind: "PAUSE" | "RESUME", key: string) =>
          (await ledger.runBatch(bench.batch([], { changes: [bench.change(kind, "rice", 0, { actionKey: bench.id(key) })] }))).dishes[0] as DishRow;
        const paused = await toggle("PAUSE", "one");
        expect(paused.onSale).toBe(false);
        expect(await toggle("PAUSE", "two")).toEqual(paused);
        expect(await tryNow(bench.try("a", { rice: 1 }))).toEqual(["DISH_PAUSED"]);
        expect(await toggle("RESUME", "three")).toMatchObject({ onSale: true, version: paused.version + 1 });
        expect(await tryNow(bench.try("a", { rice: 1 }))).toEqual(["ACCEPTED"]);
      });

      test("an unknown dish is not remembered: the change applies once it is there", async () => {
        const restock = bench.change("RESTOCK", "rice", 4);
        expect((await ledger.runBatch(bench.batch([], { changes: [restock] }))).changes).toEqual([{ verdict: "UNKNOWN_DISH" }]);
        await supply({ rice: 1 });
        expect((await ledger.runBatch(bench.batch([], { changes: [restock] }))).changes).toMatchObject([{ verdict: "APPLIED", dish: { supplied: 5 } }]);
      });
    });

    describe("rows and versions", () => {
      test("every dish named is answered with its row, unchanged and unknown ones too, in the order asked", async () => {
        await supply({ b: 1, a: 2, c: 3 });
        const batch = bench.batch(["c", "nothing", "a", "b"], { trys: [bench.try("x", { a: 1 })] });
        const { dishes } = await ledger.runBatch(batch);
        expect(dishes.map((row) => row?.dishId ?? null)).toEqual([bench.id("c"), null, bench.id("a"), bench.id("b")]);
        expect(dishes).toEqual(await under.other.readDishes(batch.dishIds));
      });

      test("a version grows by one with each batch that changes its dish, and with no other", async () => {
        await supply({ rice: 9, tofu: 9 });
        const before = await dish("rice");
        await tryNow(bench.try("a", { rice: 1 }), bench.try("b", { rice: 1 }));
        expect((await dish("rice")).version).toBe(before.version + 1);
        await tryNow(bench.try("c", { rice: 99 }));
        expect((await dish("rice")).version).toBe(before.version + 1);
        expect((await dish("tofu")).version).toBe(before.version);
      });

      test("versions begin with the timeline, above 2^40", async () => {
        await supply({ rice: 1 });
        const { version } = await dish("rice");
        expect(Math.floor(version / 2 ** 40)).toBeGreaterThanOrEqual(1);
        expect(version % 2 ** 40).toBe(1);
      });

      test("an empty batch is answered", async () => {
        expect(await ledger.runBatch(bench.batch([], {}))).toMatchObject({ trys: [], moves: [], changes: [], dishes: [] });
      });

      test("ids and reasons may hold whatever text holds", async () => {
        await supply({ NULL: 5, 'a"b\\c,{}': 5 });
        const odd = bench.try('x"\\', { NULL: 1, 'a"b\\c,{}': 2 });
        expect(await tryNow(odd)).toEqual(["ACCEPTED"]);
        expect(await transaction('x"\\')).toMatchObject({ lines: odd.lines });
      });
    });
  });
}
