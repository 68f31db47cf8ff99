/**
 * The contract of transactions with other services in them, and of every verb in every state.
 */
import { afterEach, describe, expect, it } from "vitest";
import type { Dish } from "../../contracts/dishes.ts";
import type { Transaction } from "../../contracts/transactions.ts";
import { expectNo, type Server, type World } from "./world.ts";

type State = Transaction["state"];
type Verb = "confirm" | "cancel" | "reverse";

/** What a verb answers in each state: a status and the state it leaves, or "no" (ILLEGAL_STATE, nothing changed). */
const TABLE: Record<State, Record<Verb, [status: number, state: State] | "no">> = {
  TRYING: { confirm: "no", cancel: [202, "CANCELLING"], reverse: "no" },
  RESERVED: { confirm: [200, "CONFIRMED"], cancel: [200, "CANCELLED"], reverse: "no" },
  CONFIRMING: { confirm: [202, "CONFIRMING"], cancel: "no", reverse: "no" },
  CONFIRMED: { confirm: [200, "CONFIRMED"], cancel: "no", reverse: [200, "REVERSED"] },
  CANCELLING: { confirm: "no", cancel: [202, "CANCELLING"], reverse: "no" },
  CANCELLED: { confirm: "no", cancel: [200, "CANCELLED"], reverse: "no" },
  EXPIRED: { confirm: [200, "CONFIRMED"], cancel: [200, "CANCELLED"], reverse: "no" },
  REVERSING: { confirm: "no", cancel: "no", reverse: [202, "REVERSING"] },
  REVERSED: { confirm: "no", cancel: "no", reverse: [200, "REVERSED"] },
};

/** Longer than the longest pause between two calls of a branch that is being retried. */
const HEALED_MS = 40_000;

export function participantsSuite(world: World, server: () => Server): void {
  const urls = () => {
    const { url } = server().participant;
    return { tryUrl: `${url}/try`, confirmUrl: `${url}/confirm`, cancelUrl: `${url}/cancel` };
  };
  const mode = async (mode: { fail?: string; operations?: string[]; times?: number } = {}): Promise<void> => {
    const answer = await fetch(`${server().participant.url}/mode`, { method: "PUT", body: JSON.stringify(mode), headers: { "content-type": "application/json" } });
    expect(answer.status).toBe(200);
  };
  const remote = (more: Record<string, unknown> = {}) => ({ participants: [{ ...urls(), body: { amount: 3 }, ...more }] });

  /** A fresh transaction of two portions, brought to `state`. */
  const bring = (state: Exclude<State, "EXPIRED">, dish: Dish): Promise<string> => {
    switch (state) {
      case "TRYING":
        return hanging(dish);
      case "RESERVED":
        return reserved(dish);
      case "CONFIRMING":
        return stuck(dish, "confirm");
      case "CONFIRMED":
        return reserved(dish).then((txId) => moved(txId, "confirm"));
      case "CANCELLING":
        return stuck(dish, "cancel");
      case "CANCELLED":
        return reserved(dish).then((txId) => moved(txId, "cancel"));
      case "REVERSING":
        return bring("CONFIRMED", dish).then(async (txId) => {
          await mode({ fail: "503", operations: ["reverse"] });
          return moved(txId, "reverse");
        });
      case "REVERSED":
        return bring("CONFIRMED", dish).then((txId) => moved(txId, "reverse"));
    }
  };
  const hanging = async (dish: Dish): Promise<string> => {
    await mode({ fail: "hang", operations: ["try", "cancel"] });
    const txId = world.id("t");
    void world.try({ txId, storeId: dish.storeId, lines: [[dish, 2]], ...remote() });
    await expect.poll(async () => (await world.get(`/api/v1/transactions/${txId}`)).status, { interval: 10 }).toBe(200);
    return txId;
  };
  const reserved = async (dish: Dish): Promise<string> => (await world.reserved(dish, 2, remote())).txId;
  /** A dish of ten, and a transaction of two of them in this state. */
  const staged = async (state: State): Promise<{ dish: Dish; txId: string }> => {
    if (state === "EXPIRED") return world.expired(10, 2);
    const dish = await world.dish(10);
    return { dish, txId: await bring(state, dish) };
  };
  const moved = async (txId: string, verb: Verb): Promise<string> => {
    expect([200, 202]).toContain((await world.move(txId, verb)).status);
    return txId;
  };
  const stuck = async (dish: Dish, verb: "confirm" | "cancel"): Promise<string> => {
    const { txId } = await world.reserved(dish, 2, remote());
    await mode({ fail: "503", operations: [verb] });
    return moved(txId, verb);
  };

  /** A test that made it fail has opened its circuit; it closes by itself, soon after the participant is well again. */
  const untilTaken = async (): Promise<void> => {
    const probe = await world.dish(100);
    const taken = async () => (await world.try({ storeId: probe.storeId, lines: [[probe, 1]], ...remote() })).status;
    await expect.poll(taken, { timeout: 10_000, interval: 50 }).toBe(201);
  };
  afterEach(async () => {
    await mode();
    await untilTaken();
  });

  describe.each(Object.keys(TABLE) as State[])("a transaction that is %s", (state) => {
    it.each(Object.entries(TABLE[state]) as [Verb, [number, State] | "no"][])("asked to %s answers as the table says", async (verb, expected) => {
      const { dish, txId } = await staged(state);
      const before = await world.transaction(txId);
      expect(before.state).toBe(state);
      const stock = await world.stock(dish);
      const sent = await world.move(txId, verb);
      if (expected === "no") {
        expectNo(sent, "ILLEGAL_STATE");
        expect((await world.transaction(txId)).state).toBe(state);
        expect(await world.stock(dish)).toEqual(stock);
      } else {
        expect(sent).toMatchObject({ status: expected[0], body: { txId, state: expected[1] } });
        expect(await world.move(txId, verb)).toMatchObject({ status: expected[0], body: { txId, state: expected[1] } });
      }
    });
  });

  describe("a transaction with participants", () => {
    it("shows each branch, and every call of it", async () => {
      const dish = await world.dish(10);
      const { txId } = await world.reserved(dish, 2, remote());
      await mode({ fail: "503", operations: ["confirm"], times: 1 });
      expect(await world.move(txId, "confirm")).toMatchObject({ status: 202, body: { txId, state: "CONFIRMING" } });
      const held = await world.transaction(txId);
      expect(held.lines).toMatchObject([{ state: "CONFIRMED" }]);
      expect(held.branches).toMatchObject([
        { branchId: "stock", kind: "local", state: "CONFIRMED", attempts: 0, nextAttemptAt: null },
        { branchId: "order", kind: "local", state: "CONFIRMED", attempts: 0, nextAttemptAt: null },
        { branchId: "01", kind: "remote", participant: new URL(server().participant.url).host, state: "CONFIRMING", attempts: 1 },
      ]);
      await world.reaches(txId, "CONFIRMED", HEALED_MS);
      const { attempts, branches } = await world.transaction(txId);
      // What a neighbour's failures kept from being sent is told as well, and is no call.
      const called = attempts.filter(({ outcome }: { outcome: string }) => outcome !== "NOT_SENT");
      expect(called).toMatchObject([
        { branchId: "01", operation: "try", outcome: "DONE", httpStatus: 200, errorClass: null },
        { branchId: "01", operation: "confirm", outcome: "FAILED", httpStatus: 503, errorClass: "HTTP_SERVER" },
        { branchId: "01", operation: "confirm", outcome: "DONE", httpStatus: 200, errorClass: null },
      ]);
      expect(branches[2]).toMatchObject({ state: "CONFIRMED", attempts: 2 + attempts.length - called.length, nextAttemptAt: null });
      expect(await world.stock(dish)).toEqual([8, 0, 2]);
    });

    it("is found by the cause of its failure and by its attempts, as long as it is stuck", async () => {
      const dish = await world.dish(10);
      const txId = await stuck(dish, "confirm");
      const fingerprint = encodeURIComponent(`${new URL(server().participant.url).host}/confirm/HTTP_SERVER`);
      const found = async (query: string) => ((await world.get(`/api/v1/transactions?dishId=${dish.dishId}&${query}`)).body as { transactions: Transaction[] }).transactions.map((tx) => tx.txId);
      await expect.poll(() => found(`fingerprint=${fingerprint}`)).toEqual([txId]);
      expect(await found("minAttempts=1")).toEqual([txId]);
      expect(await found("minAttempts=1000")).toEqual([]);
      await mode();
      await world.reaches(txId, "CONFIRMED", HEALED_MS);
      expect(await found(`fingerprint=${fingerprint}`)).toEqual([]);
    });

    it("is refused when a participant refuses, and cancelled with it", async () => {
      const dish = await world.dish(10);
      await mode({ fail: "409", operations: ["try"] });
      const txId = world.id("t");
      expectNo(await world.try({ txId, storeId: dish.storeId, lines: [[dish, 2]], ...remote() }), "PARTICIPANT_REFUSED", { retryable: false });
      await world.reaches(txId, "CANCELLED", HEALED_MS);
      expect(await world.transaction(txId)).toMatchObject({ cause: "FAILED" });
      expect(await world.stock(dish)).toEqual([10, 0, 0]);
    });

    it.each(["503", "garbage", "redirect", "huge"])("cannot begin when a participant answers with %s", async (fail) => {
      const dish = await world.dish(10);
      await mode({ fail, operations: ["try"] });
      const txId = world.id("t");
      const sent = await world.try({ txId, storeId: dish.storeId, lines: [[dish, 2]], ...remote() });
      expectNo(sent, "PARTICIPANT_UNAVAILABLE");
      expect(sent.headers.get("retry-after")).toMatch(/^\d+$/);
      await mode();
      await world.reaches(txId, "CANCELLED", HEALED_MS);
      expect(await world.stock(dish)).toEqual([10, 0, 0]);
    });

    it("that hangs is answered within the caller's time", async () => {
      const dish = await world.dish(10);
      await mode({ fail: "hang", operations: ["try"] });
      const txId = world.id("t");
      const body = { txId, storeId: dish.storeId, lines: [{ dishId: dish.dishId, quantity: 1 }], ...remote() };
      const sent = await world.post("/api/v1/transactions", body, { "x-request-timeout-ms": "400" });
      expect(["PARTICIPANT_UNAVAILABLE", "DEADLINE_EXCEEDED"]).toContain((sent.body as { code: string }).code);
      await mode();
      await world.reaches(txId, "CANCELLED", HEALED_MS);
    });

    it("replays by its participants too: another body for one of them is a mismatch", async () => {
      const dish = await world.dish(10);
      const basket = { txId: world.id("t"), storeId: dish.storeId, lines: [[dish, 1]] as [Dish, number][], ...remote({ body: { amount: 1, note: { b: 1, a: 2 } } }) };
      const first = await world.try(basket);
      expect(first.status).toBe(201);
      expect(await world.try({ ...basket, ...remote({ body: { note: { a: 2, b: 1 }, amount: 1 } }) })).toMatchObject({ status: 200, body: first.body });
      expectNo(await world.try({ ...basket, ...remote({ body: { amount: 2 } }) }), "IDEMPOTENCY_MISMATCH");
      expectNo(await world.try({ txId: basket.txId, storeId: dish.storeId, lines: [[dish, 1]] }), "IDEMPOTENCY_MISMATCH");
    });

    it.each([
      ["a host that is not on the list", { tryUrl: "http://example.com/try" }, "participants.0.tryUrl"],
      ["another scheme", { cancelUrl: "file:///etc/passwd" }, "participants.0"],
      ["a password in the URL", { confirmUrl: "http://a:b@127.0.0.1/confirm" }, "participants.0.confirmUrl"],
      ["a name that is not configured", { tryUrl: undefined, confirmUrl: undefined, cancelUrl: undefined, name: "nobody" }, "participants.0.name"],
      ["a character that cannot be stored", { body: { note: "\u0000" } }, "participants.0.body"],
    ])("is refused for %s, and nothing is held", async (_, wrong, path) => {
      const dish = await world.dish(10);
      const problem = expectNo(await world.try({ storeId: dish.storeId, lines: [[dish, 1]], ...remote(wrong) }), "VALIDATION");
      expect(problem.errors?.some((error) => error.path.startsWith(path))).toBe(true);
      expect(await world.stock(dish)).toEqual([10, 0, 0]);
    });
  });
}
