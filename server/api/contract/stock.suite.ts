/**
 * The contract of dishes and coupons.
 */
import { describe, expect, it } from "vitest";
import { Coupon } from "../../contracts/coupons.ts";
import { DishesPage } from "../../contracts/dishes.ts";
import { expectNo, type World } from "./world.ts";

export function stockSuite(world: World): void {
  describe("dishes", () => {
    it("a new dish has all its supply available, and its store with it", async () => {
      const dish = await world.dish(40);
      expect(dish).toMatchObject({ supplied: 40, available: 40, frozen: 0, sold: 0, onSale: true, stale: false, priceCents: 1_200 });
      const { body } = await world.get(`/api/v1/dishes/${dish.dishId}`);
      expect(body).toEqual({ ...dish, asOf: body.asOf });
    });

    it("a new dish sent again is the same dish under its key, and DISH_EXISTS without", async () => {
      const body = { dishId: world.id("d"), storeId: world.id("s"), names: { en: "Rice", "zh-CN": "米饭" }, priceCents: 300, supplied: 5 };
      const headers = { "idempotency-key": world.id("a") };
      const first = await world.post("/api/v1/dishes", body, headers);
      const again = await world.post("/api/v1/dishes", body, headers);
      expect([first.status, again.status]).toEqual([201, 201]);
      expect(again.body).toEqual(first.body);
      expectNo(await world.post("/api/v1/dishes", { ...body, supplied: 6 }, headers), "IDEMPOTENCY_MISMATCH");
      expectNo(await world.post("/api/v1/dishes", body), "DISH_EXISTS");
    });

    it("a restock adds once, however often it is sent, and its replay is the first answer to the letter", async () => {
      const dish = await world.dish(10);
      const path = `/api/v1/dishes/${dish.dishId}/restock`;
      const headers = { "idempotency-key": world.id("a") };
      const first = await world.post(path, { quantity: 5, reason: "delivery" }, headers);
      expect(first).toMatchObject({ status: 200, body: { supplied: 15, available: 15, names: dish.names } });
      expect(first.body.version).toBeGreaterThan(dish.version);
      await world.reserved(dish, 2);
      const again = await world.post(path, { quantity: 5, reason: "delivery" }, headers);
      expect(again.status).toBe(200);
      expect(again.body).toEqual(first.body);
      expect(await world.stock(dish)).toEqual([13, 2, 0]);
      expectNo(await world.post(path, { quantity: 6, reason: "delivery" }, headers), "IDEMPOTENCY_MISMATCH");
      expectNo(await world.post(`/api/v1/dishes/${dish.dishId}/write-off`, { quantity: 5, reason: "delivery" }, headers), "IDEMPOTENCY_MISMATCH");
      expect(await world.stock(dish)).toEqual([13, 2, 0]);
    });

    it("ten restocks at once under one key add once", async () => {
      const dish = await world.dish(0);
      const headers = { "idempotency-key": world.id("a") };
      const path = `/api/v1/dishes/${dish.dishId}/restock`;
      const answers = await Promise.all(Array.from({ length: 10 }, () => world.post(path, { quantity: 7, reason: "x" }, headers)));
      expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
      expect(await world.stock(dish)).toEqual([7, 0, 0]);
    });

    it("a write-off takes what is available and never what is reserved", async () => {
      const dish = await world.dish(10);
      await world.reserved(dish, 4);
      const writeOff = (quantity: number) =>
        world.post(`/api/v1/dishes/${dish.dishId}/write-off`, { quantity, reason: "spilt" }, { "idempotency-key": world.id("a") });
      expectNo(await writeOff(7), "INSUFFICIENT_STOCK");
      expect(await writeOff(6)).toMatchObject({ status: 200, body: { supplied: 4, available: 0, frozen: 4 } });
      expectNo(await writeOff(1), "INSUFFICIENT_STOCK");
    });

    it("a paused dish refuses Trys and keeps its reservations; it resumes", async () => {
      const dish = await world.dish(10);
      const held = await world.reserved(dish);
      expect(await world.post(`/api/v1/dishes/${dish.dishId}/pause`)).toMatchObject({ status: 200, body: { onSale: false } });
      expect((await world.post(`/api/v1/dishes/${dish.dishId}/pause`, { reason: "twice" })).status).toBe(200);
      expectNo(await world.try({ storeId: dish.storeId, lines: [[dish, 1]] }), "DISH_PAUSED");
      expect((await world.move(held.txId, "confirm")).status).toBe(200);
      expect(await world.post(`/api/v1/dishes/${dish.dishId}/resume`, { reason: "back" })).toMatchObject({ status: 200, body: { onSale: true } });
      await world.reserved(dish);
    });

    it("unknown dishes are UNKNOWN_DISH everywhere", async () => {
      const dishId = world.id("nowhere");
      expectNo(await world.get(`/api/v1/dishes/${dishId}`), "UNKNOWN_DISH");
      for (const verb of ["pause", "resume"]) expectNo(await world.post(`/api/v1/dishes/${dishId}/${verb}`), "UNKNOWN_DISH");
      for (const verb of ["restock", "write-off"]) {
        const sent = await world.post(`/api/v1/dishes/${dishId}/${verb}`, { quantity: 1, reason: "x" }, { "idempotency-key": world.id("a") });
        expectNo(sent, "UNKNOWN_DISH");
      }
    });

    it("a list of a store is all its dishes once, newest first, in pages", async () => {
      const storeId = world.id("s");
      const made: string[] = [];
      for (let i = 0; i < 7; i++) made.push((await world.dish(i, storeId)).dishId);
      await world.dish(1);
      const seen: string[] = [];
      let cursor: string | null = "";
      for (let pages = 0; cursor !== null; pages++) {
        expect(pages).toBeLessThan(4);
        const { status, body } = await world.get(`/api/v1/dishes?storeId=${storeId}&limit=3${cursor && `&cursor=${cursor}`}`);
        expect(status).toBe(200);
        const page = DishesPage.parse(body);
        seen.push(...page.dishes.map(({ dishId }) => dishId));
        cursor = page.nextCursor;
      }
      expect([...seen].sort()).toEqual([...made].sort());
      const times = made.indexOf(seen[0] as string) > made.indexOf(seen[6] as string);
      expect(times).toBe(true);
    });

    it("a search finds a part of an id or a name, and takes % and _ for themselves", async () => {
      const storeId = world.id("s");
      const names = { en: "Half_price 50% soup", "zh-CN": "半价汤" };
      const dishId = world.id("d");
      await world.post("/api/v1/dishes", { dishId, storeId, names, priceCents: 1, supplied: 1 });
      const found = async (q: string) =>
        (await world.get(`/api/v1/dishes?storeId=${storeId}&q=${encodeURIComponent(q)}`)).body.dishes.map((dish: { dishId: string }) => dish.dishId);
      for (const q of ["half_PRICE", "50%", "半价", dishId.slice(2), "% s"]) expect(await found(q)).toEqual([dishId]);
      for (const q of ["halfxprice", "5%p", "\\", "__%"]) expect(await found(q)).toEqual([]);
    });
  });

  describe("coupons", () => {
    const stateOf = async (couponId: string) => Coupon.parse((await world.get(`/api/v1/coupons/${couponId}`)).body);

    it("a coupon is frozen, used and given back with its transaction", async () => {
      const dish = await world.dish(10);
      const couponId = await world.coupon();
      expect(await stateOf(couponId)).toEqual({ couponId, storeId: null, amountCents: 500, state: "AVAILABLE", txId: null });
      const first = await world.reserved(dish, 1, { couponId });
      expect(await stateOf(couponId)).toMatchObject({ state: "FROZEN", txId: first.txId });
      expectNo(await world.try({ storeId: dish.storeId, lines: [[dish, 1]], couponId }), "COUPON_UNAVAILABLE");
      await world.move(first.txId, "cancel");
      expect(await stateOf(couponId)).toMatchObject({ state: "AVAILABLE", txId: null });
      const second = await world.reserved(dish, 1, { couponId });
      await world.move(second.txId, "confirm");
      expect(await stateOf(couponId)).toMatchObject({ state: "USED", txId: second.txId });
      await world.move(second.txId, "reverse");
      expect(await stateOf(couponId)).toMatchObject({ state: "AVAILABLE", txId: null });
      expect(await world.stock(dish)).toEqual([10, 0, 0]);
    });

    it("a store's coupon is good in that store only; an unknown one is unknown", async () => {
      const dish = await world.dish(10);
      const couponId = await world.coupon(world.id("other"));
      expectNo(await world.try({ storeId: dish.storeId, lines: [[dish, 1]], couponId }), "COUPON_UNAVAILABLE");
      expectNo(await world.try({ storeId: dish.storeId, lines: [[dish, 1]], couponId: world.id("no") }), "UNKNOWN_COUPON");
      expectNo(await world.get(`/api/v1/coupons/${world.id("no")}`), "UNKNOWN_COUPON");
      expect(await world.stock(dish)).toEqual([10, 0, 0]);
      await world.reserved(dish, 1, { couponId: await world.coupon(dish.storeId) });
    });

    it("a coupon sent again is the same one under its key, and COUPON_EXISTS without", async () => {
      const body = { couponId: world.id("c"), storeId: null, amountCents: 100 };
      const headers = { "idempotency-key": world.id("a") };
      const first = await world.post("/api/v1/coupons", body, headers);
      expect(await world.post("/api/v1/coupons", body, headers)).toMatchObject({ status: 201, body: first.body });
      expectNo(await world.post("/api/v1/coupons", { ...body, amountCents: 101 }, headers), "IDEMPOTENCY_MISMATCH");
      expectNo(await world.post("/api/v1/coupons", body), "COUPON_EXISTS");
    });
  });
}
