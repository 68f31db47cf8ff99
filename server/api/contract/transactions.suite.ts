/**
 * The contract of transactions: Try, Confirm, Cancel, Reverse, and every replay of them.
 */
import { describe, expect, it } from "vitest";
import { Transaction, TryAnswer } from "../../contracts/transactions.ts";
import { expectNo, type World } from "./world.ts";

export function transactionsSuite(world: World): void {
  describe("a Try", () => {
    it("freezes every line, merged, and says until when", async () => {
      const rice = await world.dish(10);
      const soup = await world.dish(10, rice.storeId);
      const txId = world.id("t");
      const sent = await world.try({ txId, storeId: rice.storeId, lines: [[soup, 1], [rice, 2], [soup, 3]], ttlSeconds: 60 });
      expect(sent.status).toBe(201);
      const answer = TryAnswer.parse(sent.body);
      expect(answer).toMatchObject({ txId, state: "RESERVED", lines: [{ dishId: soup.dishId, quantity: 4 }, { dishId: rice.dishId, quantity: 2 }] });
      expect(new Set(answer.lines.map(({ freezeId }) => freezeId)).size).toBe(2);
      const leftMs = Date.parse(answer.expiresAt) - Date.now();
      expect(leftMs).toBeGreaterThan(50_000);
      expect(leftMs).toBeLessThan(70_000);
      expect(await world.stock(soup)).toEqual([6, 4, 0]);
      expect(await world.stock(rice)).toEqual([8, 2, 0]);
    });

    it("is all or nothing", async () => {
      const rice = await world.dish(10);
      const soup = await world.dish(1, rice.storeId);
      const sent = await world.try({ storeId: rice.storeId, lines: [[rice, 2], [soup, 2]] });
      expect(expectNo(sent, "SOLD_OUT").dishes).toEqual([{ dishId: soup.dishId, wanted: 2, available: 1 }]);
      expect(await world.stock(rice)).toEqual([10, 0, 0]);
      expect(await world.stock(soup)).toEqual([1, 0, 0]);
    });

    it("of an unknown dish, or a dish of another store, changes nothing", async () => {
      const rice = await world.dish(10);
      const foreign = await world.dish(10);
      const ghost = { dishId: world.id("ghost") };
      expectNo(await world.try({ storeId: rice.storeId, lines: [[rice, 1], [ghost, 1]] }), "UNKNOWN_DISH");
      expectNo(await world.try({ storeId: rice.storeId, lines: [[rice, 1], [foreign, 1]] }), "VALIDATION");
      expect(await world.stock(rice)).toEqual([10, 0, 0]);
    });

    it("replayed is answered as the first time with the state of now, also when the dish is sold out or paused", async () => {
      const dish = await world.dish(2);
      const basket = { txId: world.id("t"), storeId: dish.storeId, lines: [[dish, 2]] as [typeof dish, number][], orderId: world.id("o") };
      const first = await world.try(basket);
      expect(first.status).toBe(201);
      const again = await world.try({ ...basket, ttlSeconds: 77 });
      expect(again).toMatchObject({ status: 200, body: first.body });
      const split = await world.try({ ...basket, lines: [[dish, 1], [dish, 1]] });
      expect(split).toMatchObject({ status: 200, body: first.body });
      await world.post(`/api/v1/dishes/${dish.dishId}/pause`);
      expect(await world.try(basket)).toMatchObject({ status: 200, body: first.body });
      await world.move(basket.txId, "confirm");
      expect(await world.try(basket)).toMatchObject({ status: 200, body: { ...first.body, state: "CONFIRMED" } });
      expect(await world.stock(dish)).toEqual([0, 0, 2]);
    });

    it("with a known txId and another payload is a mismatch, whatever differs", async () => {
      const dish = await world.dish(10);
      const other = await world.dish(10, dish.storeId);
      const basket = { txId: world.id("t"), storeId: dish.storeId, lines: [[dish, 1]] as [typeof dish, number][] };
      await world.try(basket);
      const couponId = await world.coupon();
      for (const change of [{ lines: [[dish, 2]] }, { lines: [[other, 1]] }, { storeId: world.id("s") }, { couponId }, { orderId: world.id("o") }]) {
        expectNo(await world.try({ ...basket, ...(change as object) }), "IDEMPOTENCY_MISMATCH", { txId: basket.txId });
      }
      expect(await world.stock(dish)).toEqual([9, 1, 0]);
    });

    it("sent twenty times at once reserves once, and all hear the same", async () => {
      const dish = await world.dish(3);
      const basket = { txId: world.id("t"), storeId: dish.storeId, lines: [[dish, 3]] as [typeof dish, number][] };
      const answers = await Promise.all(Array.from({ length: 20 }, () => world.try(basket)));
      const statuses = answers.map(({ status }) => status);
      expect(statuses.filter((status) => status === 201)).toHaveLength(1);
      expect(statuses.filter((status) => status === 200)).toHaveLength(19);
      expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
      expect(await world.stock(dish)).toEqual([0, 3, 0]);
    });

    it("of many for few portions sells exactly those", async () => {
      const dish = await world.dish(10);
      const answers = await Promise.all(Array.from({ length: 60 }, () => world.try({ storeId: dish.storeId, lines: [[dish, 1]] })));
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(10);
      for (const sent of answers.filter(({ status }) => status !== 201)) {
        expectNo(sent, "SOLD_OUT", { dishes: [{ dishId: dish.dishId, wanted: 1, available: 0 }] });
      }
      expect(await world.stock(dish)).toEqual([0, 10, 0]);
    });

    it("for an order that has a transaction is a conflict until that one is cancelled", async () => {
      const dish = await world.dish(10);
      const orderId = world.id("o");
      const first = await world.reserved(dish, 1, { orderId });
      expectNo(await world.try({ storeId: dish.storeId, lines: [[dish, 1]], orderId }), "ORDER_CONFLICT");
      await world.move(first.txId, "cancel");
      const second = await world.reserved(dish, 1, { orderId });
      await world.move(second.txId, "confirm");
      expectNo(await world.try({ storeId: dish.storeId, lines: [[dish, 1]], orderId }), "ORDER_CONFLICT");
      expect(await world.stock(dish)).toEqual([9, 0, 1]);
    });
  });

  describe("a move", () => {
    it("confirm sells, cancel gives back, reverse takes back; each replays", async () => {
      const dish = await world.dish(10);
      const sold = await world.reserved(dish, 3);
      const left = await world.reserved(dish, 2);
      for (let i = 0; i < 2; i++) {
        expect(await world.move(sold.txId, "confirm")).toMatchObject({ status: 200, body: { txId: sold.txId, state: "CONFIRMED" } });
        expect(await world.move(left.txId, "cancel")).toMatchObject({ status: 200, body: { txId: left.txId, state: "CANCELLED" } });
        expect(await world.stock(dish)).toEqual([7, 0, 3]);
      }
      for (let i = 0; i < 2; i++) {
        expect(await world.move(sold.txId, "reverse")).toMatchObject({ status: 200, body: { txId: sold.txId, state: "REVERSED" } });
        expect(await world.stock(dish)).toEqual([10, 0, 0]);
      }
    });

    it("that its state does not allow is ILLEGAL_STATE and changes nothing", async () => {
      const dish = await world.dish(10);
      const reserved = await world.reserved(dish);
      const confirmed = await world.reserved(dish);
      await world.move(confirmed.txId, "confirm");
      const cancelled = await world.reserved(dish);
      await world.move(cancelled.txId, "cancel");
      const reversed = await world.reserved(dish);
      await world.move(reversed.txId, "confirm");
      await world.move(reversed.txId, "reverse");
      const before = await world.stock(dish);
      for (const [{ txId }, verb] of [
        [reserved, "reverse"],
        [confirmed, "cancel"],
        [cancelled, "confirm"],
        [cancelled, "reverse"],
        [reversed, "confirm"],
        [reversed, "cancel"],
      ] as const) {
        expectNo(await world.move(txId, verb), "ILLEGAL_STATE", { txId });
      }
      expect(await world.stock(dish)).toEqual(before);
    });

    it("of an unknown transaction: confirm and reverse do not know it, cancel fences it", async () => {
      const dish = await world.dish(10);
      const txId = world.id("t");
      expectNo(await world.move(txId, "confirm"), "UNKNOWN_TRANSACTION", { txId });
      expectNo(await world.move(txId, "reverse"), "UNKNOWN_TRANSACTION", { txId });
      expectNo(await world.get(`/api/v1/transactions/${txId}`), "UNKNOWN_TRANSACTION");
      for (let i = 0; i < 2; i++) expect(await world.move(txId, "cancel")).toMatchObject({ status: 200, body: { txId, state: "CANCELLED" } });
      expectNo(await world.try({ txId, storeId: dish.storeId, lines: [[dish, 1]] }), "LATE_TRY", { txId });
      expect(await world.transaction(txId)).toMatchObject({ state: "CANCELLED", lines: [], branches: [], storeId: null, orderId: null });
      expect(await world.stock(dish)).toEqual([10, 0, 0]);
    });

    it("after a cancel the Try is late", async () => {
      const dish = await world.dish(10);
      const { txId } = await world.reserved(dish);
      await world.move(txId, "cancel");
      expectNo(await world.try({ txId, storeId: dish.storeId, lines: [[dish, 1]] }), "LATE_TRY", { txId });
    });

    it("confirm and cancel at once: exactly one is done", async () => {
      const dish = await world.dish(20);
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, async () => {
          const { txId } = await world.reserved(dish);
          // A slow machine may answer 504: unknown, ask again.
          const decided = async (verb: "confirm" | "cancel") => {
            for (let ask = 1; ; ask++) {
              const answer = await world.move(txId, verb);
              if (answer.status < 500 || ask === 5) return answer;
            }
          };
          const [confirm, cancel] = await Promise.all([decided("confirm"), decided("cancel")]);
          expect([confirm.status, cancel.status].sort()).toEqual([200, 409]);
          const { state } = await world.transaction(txId);
          expect(state).toBe(confirm.status === 200 ? "CONFIRMED" : "CANCELLED");
          return state;
        }),
      );
      const sold = outcomes.filter((state) => state === "CONFIRMED").length;
      expect(await world.stock(dish)).toEqual([20 - sold, 0, sold]);
    });
  });

  describe("expiry", () => {
    it("gives portions back within 5 s; a late payment reserves again, and the Try is late", async () => {
      const { dish, txId } = await world.expired(5, 2);
      expect(await world.stock(dish)).toEqual([5, 0, 0]);
      expectNo(await world.try({ txId, storeId: dish.storeId, lines: [[dish, 2]] }), "LATE_TRY");
      expect(await world.move(txId, "confirm")).toMatchObject({ status: 200, body: { state: "CONFIRMED" } });
      expect(await world.stock(dish)).toEqual([3, 0, 2]);
    });

    it("and no stock for a late payment: a refund ticket, the same one whenever it is asked", async () => {
      const { dish, txId } = await world.expired(1, 1);
      await world.reserved(dish, 1);
      const first = expectNo(await world.move(txId, "confirm"), "REFUND_DUE", { txId });
      expect(first.ticketId).toBeTruthy();
      expect(expectNo(await world.move(txId, "confirm"), "REFUND_DUE").ticketId).toBe(first.ticketId);
      expect(await world.transaction(txId)).toMatchObject({ ticketId: first.ticketId });
      expect(await world.stock(dish)).toEqual([0, 1, 0]);
    });

    it("then cancel is cancelled", async () => {
      const { dish, txId } = await world.expired(1, 1);
      expect(await world.move(txId, "cancel")).toMatchObject({ status: 200, body: { state: "CANCELLED" } });
      expectNo(await world.move(txId, "confirm"), "ILLEGAL_STATE");
      expect(await world.stock(dish)).toEqual([1, 0, 0]);
    });
  });

  describe("a batch", () => {
    it("answers each basket as if it had come alone, in order", async () => {
      const dish = await world.dish(3);
      const basket = (txId: string, quantity = 1) => ({ txId, storeId: dish.storeId, lines: [{ dishId: dish.dishId, quantity }] });
      const known = await world.reserved(dish, 1);
      const transactions = [
        { ...basket(known.txId) },
        basket(world.id("t"), 9),
        basket(world.id("t"), 0),
        { ...basket(world.id("t")), storeId: world.id("s") },
        basket(world.id("t")),
      ];
      const { status, body } = await world.post("/api/v1/transactions/batch", { transactions });
      expect(status).toBe(207);
      expect(body.results.map((result: { status: number }) => result.status)).toEqual([200, 409, 400, 400, 201]);
      expect(body.results[1].body).toMatchObject({ code: "SOLD_OUT", txId: transactions[1]?.txId });
      expect(TryAnswer.parse(body.results[4].body).txId).toBe(transactions[4]?.txId);
      expect(await world.stock(dish)).toEqual([1, 2, 0]);
    });

    it("replays naturally; under an Idempotency-Key another batch is a mismatch", async () => {
      const dish = await world.dish(10);
      const batch = () => ({ transactions: [{ txId: world.id("t"), storeId: dish.storeId, lines: [{ dishId: dish.dishId, quantity: 1 }] }] });
      const body = batch();
      const headers = { "idempotency-key": world.id("b") };
      const statuses = async (sent: Promise<{ body: { results: { status: number }[] } }>) => (await sent).body.results.map(({ status }) => status);
      expect(await statuses(world.post("/api/v1/transactions/batch", body, headers))).toEqual([201]);
      expect(await statuses(world.post("/api/v1/transactions/batch", body, headers))).toEqual([200]);
      expectNo(await world.post("/api/v1/transactions/batch", batch(), headers), "IDEMPOTENCY_MISMATCH");
      expect(await world.stock(dish)).toEqual([9, 1, 0]);
    });
  });

  describe("looking at transactions", () => {
    it("one shows its lines, branches, times and trace", async () => {
      const dish = await world.dish(10);
      const couponId = await world.coupon();
      const orderId = world.id("o");
      const traceId = "0af7651916cd43dd8448eb211c80319c";
      const txId = world.id("t");
      const body = { txId, storeId: dish.storeId, lines: [{ dishId: dish.dishId, quantity: 2 }], couponId, orderId };
      const reserved = await world.post("/api/v1/transactions", body, { traceparent: `00-${traceId}-00f067aa0ba902b7-01` });
      const shown = await world.transaction(txId);
      expect(shown).toMatchObject({ txId, storeId: dish.storeId, orderId, couponId, state: "RESERVED", cause: null, attempts: [], ticketId: null, traceId });
      expect(shown.lines).toEqual([{ ...reserved.body.lines[0], state: "RESERVED" }]);
      expect(shown.branches.map(({ participant, kind, state }) => [participant, kind, state])).toEqual([
        ["stock", "local", "RESERVED"],
        ["coupon", "local", "RESERVED"],
        ["order", "local", "RESERVED"],
      ]);
      expect(shown.expiresAt).toBe(reserved.body.expiresAt);
      for (const ms of Object.values(shown.stages)) expect(ms).toBeGreaterThanOrEqual(0);
      await world.move(txId, "cancel");
      const later = await world.transaction(txId);
      expect(later).toMatchObject({ state: "CANCELLED", cause: "REQUESTED", lines: [{ state: "CANCELLED" }] });
      expect(Date.parse(later.updatedAt)).toBeGreaterThanOrEqual(Date.parse(shown.updatedAt));
    });

    it("a list is filtered by each field, newest first, in pages that repeat nothing", async () => {
      const dish = await world.dish(100);
      const other = await world.dish(100, dish.storeId);
      const made: string[] = [];
      for (let i = 0; i < 5; i++) made.push((await world.reserved(i === 2 ? other : dish, 1)).txId);
      const [first, second, third] = made as [string, string, string];
      await world.move(first, "confirm");
      await world.move(second, "cancel");
      const list = async (query: string) => {
        const { status, body } = await world.get(`/api/v1/transactions?${query}`);
        expect(status).toBe(200);
        return body.transactions.map((transaction: unknown) => Transaction.parse(transaction).txId);
      };
      const store = `storeId=${dish.storeId}`;
      expect(await list(store)).toEqual([...made].reverse());
      expect(await list(`${store}&state=CONFIRMED`)).toEqual([first]);
      expect(await list(`${store}&state=CONFIRMED,CANCELLED`)).toEqual([second, first]);
      expect(await list(`${store}&cause=REQUESTED`)).toEqual([second]);
      expect(await list(`${store}&cause=FAILED`)).toEqual([]);
      expect(await list(`dishId=${other.dishId}`)).toEqual([third]);
      expect(await list(`orderId=${third}`)).toEqual([third]);
      expect(await list(`q=${third.slice(1).toUpperCase()}`)).toEqual([third]);
      expect(await list(`${store}&minAgeSeconds=3600`)).toEqual([]);
      expect(await list(`${store}&minAgeSeconds=0&minAttempts=0`)).toHaveLength(5);
      expect(await list(`${store}&minAttempts=1`)).toEqual([]);
      expect(await list(`${store}&fingerprint=x`)).toEqual([]);
      const pages: string[] = [];
      for (let cursor: string | null = ""; cursor !== null; ) {
        const { body }: { body: { transactions: { txId: string }[]; nextCursor: string | null } } = await world.get(
          `/api/v1/transactions?${store}&limit=2${cursor && `&cursor=${cursor}`}`,
        );
        pages.push(...body.transactions.map(({ txId }) => txId));
        cursor = body.nextCursor;
      }
      expect(pages).toEqual([...made].reverse());
    });
  });
}
