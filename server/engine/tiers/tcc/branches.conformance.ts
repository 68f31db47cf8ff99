/**
 * What any ledger must do with remote branches: hold them, lease them, believe the right report and end the transaction once.
 * `memory-ledger.test.ts` and `postgres-ledger.integration.test.ts` run it. Leases are not waited for: reports make branches due.
 */
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { BRANCH_OPERATIONS, type UnfinishedState } from "../../kernel/states.ts";
import type { RemoteBranch } from "../../kernel/types.ts";
import { BRANCH_FAILURES_MAX, type BranchReport, type Ledger, type MoveTarget } from "./ledger.ts";
import { Bench, type LedgerUnderTest } from "./ledger-testing.ts";

export function describeBranches(name: string, setUp: () => Promise<LedgerUnderTest>): void {
  describe(`remote branches: ${name}`, () => {
    let under: LedgerUnderTest;
    let ledger: Ledger;
    let bench: Bench;
    let runs = 0;

    const remote = (participant: string): RemoteBranch => ({
      participant,
      tryUrl: `http://${participant}/try`,
      confirmUrl: `http://${participant}/confirm`,
      cancelUrl: `http://${participant}/cancel`,
      body: { points: 5, "名": "券" },
    });
    const report = (txName: string, branchNo: number, state: UnfinishedState, more: Partial<BranchReport> = {}): BranchReport => ({
      txId: bench.id(txName),
      branchNo,
      state,
      attempt: 1,
      outcome: "DONE",
      errorClass: null,
      message: null,
      httpStatus: 200,
      durationMs: 12,
      retryInMs: 0,
      ...more,
    });
    const failed = (txName: string, branchNo: number, state: UnfinishedState, more: Partial<BranchReport> = {}): BranchReport =>
      report(txName, branchNo, state, { outcome: "FAILED", errorClass: "HTTP_SERVER", message: "503 from the other side", httpStatus: 503, ...more });
    const begin = async (txName: string, participants: string[], ttlSeconds = 900): Promise<void> => {
      const trys = [bench.try(txName, { rice: 2 }, { branches: participants.map(remote), couponId: bench.id("coupon"), ttlSeconds })];
      expect((await ledger.runBatch(bench.batch([], { trys }))).trys).toEqual(["ACCEPTED"]);
    };
    const move = async (txName: string, to: MoveTarget) => (await ledger.runBatch(bench.batch(["rice"], { moves: [bench.move(txName, to)] }))).moves[0];
    const reserve = async (txName: string, participants: string[], ttlSeconds?: number): Promise<void> => {
      await begin(txName, participants, ttlSeconds);
      await ledger.settleBranches(participants.map((_, index) => report(txName, index + 1, "TRYING")));
    };
    const transaction = async (txName: string) => (await ledger.findTransactions([bench.id(txName)]))[0];
    const branches = async (txName: string) => (await ledger.findBranches([bench.id(txName)]))[0] ?? [];
    const rice = async () => (await ledger.readDishes([bench.id("rice")]))[0];
    const claimed = async (txName: string) => (await ledger.claimBranches(100)).filter(({ txId }) => txId === bench.id(txName));
    const RICE_FROZEN = { available: 8, frozen: 2, sold: 0 };
    const RICE_SOLD = { available: 8, frozen: 0, sold: 2 };
    const RICE_FREE = { available: 10, frozen: 0, sold: 0 };

    beforeAll(async () => {
      under = await setUp();
      ledger = under.ledger;
    });
    beforeEach(async () => {
      bench = new Bench(`b${++runs}`);
      await ledger.createDish(bench.newDish("rice", 10));
      await ledger.createCoupon(bench.newCoupon("coupon"));
      return async () => expect(await under.audit()).toEqual([]);
    });

    test("a Try that has some is TRYING, with everything local held, until each of them has said yes", async () => {
      await begin("a", ["points", "gifts"]);
      expect(await transaction("a")).toMatchObject({ state: "TRYING", remoteBranches: 2, lines: [{ state: "RESERVED" }] });
      expect(await rice()).toMatchObject(RICE_FROZEN);
      const held = await branches("a");
      expect(held).toMatchObject([
        { ...remote("points"), branchNo: 1, state: "TRYING", attempt: 1, failures: 0 },
        { ...remote("gifts"), branchNo: 2, state: "TRYING", attempt: 1, failures: 0 },
      ]);
      expect(await ledger.settleBranches([report("a", 1, "TRYING")])).toMatchObject([{ state: "TRYING", ended: false, storeId: bench.store }]);
      expect(await ledger.settleBranches([report("a", 2, "TRYING")])).toMatchObject([{ state: "RESERVED", ended: true }]);
      expect(await branches("a")).toMatchObject([{ state: "RESERVED", nextAttemptAtMs: null }, { state: "RESERVED", nextAttemptAtMs: null }]);
      expect(await rice()).toMatchObject(RICE_FROZEN);
    });

    test("a refused Try leaves none behind", async () => {
      const trys = [bench.try("a", { rice: 11 }, { branches: [remote("points")] })];
      expect((await ledger.runBatch(bench.batch([], { trys }))).trys).toEqual(["SOLD_OUT"]);
      expect(await branches("a")).toEqual([]);
    });

    test.each([
      ["CONFIRMED", "CONFIRMING", RICE_SOLD],
      ["CANCELLED", "CANCELLING", RICE_FREE],
    ] as const)("%s is decided for everything local in one commit, and ends when the last branch was told", async (to, decided, stock) => {
      await reserve("a", ["points", "gifts"]);
      expect(await move("a", to)).toBe("DECIDED");
      expect(await transaction("a")).toMatchObject({ state: decided, lines: [{ state: to }], cause: to === "CANCELLED" ? "REQUESTED" : null });
      expect(await rice()).toMatchObject(stock);
      expect(await branches("a")).toMatchObject([{ state: decided, attempt: 1 }, { state: decided, attempt: 1 }]);
      expect(await ledger.settleBranches([report("a", 2, decided)])).toMatchObject([{ state: decided, ended: false }]);
      expect(await ledger.settleBranches([report("a", 1, decided)])).toMatchObject([{ state: to, ended: true }]);
      expect(await rice()).toMatchObject(stock);
      expect(await move("a", to)).toBe("NOT_MOVED");
    });

    test("a confirmed one is reversed the same way", async () => {
      await reserve("a", ["points"]);
      await move("a", "CONFIRMED");
      expect(await move("a", "REVERSED")).toBe("NOT_MOVED");
      await ledger.settleBranches([report("a", 1, "CONFIRMING")]);
      expect(await move("a", "REVERSED")).toBe("DECIDED");
      expect(await rice()).toMatchObject(RICE_FREE);
      expect(await ledger.settleBranches([report("a", 1, "REVERSING")])).toMatchObject([{ state: "REVERSED", ended: true }]);
    });

    test("a decision is never turned round", async () => {
      await reserve("a", ["points"]);
      await move("a", "CONFIRMED");
      expect(await move("a", "CANCELLED")).toBe("NOT_MOVED");
      expect(await move("a", "CONFIRMED")).toBe("NOT_MOVED");
      expect(await transaction("a")).toMatchObject({ state: "CONFIRMING" });
    });

    test("an interrupted Try is cancelled, and its order is not free before its branches were told", async () => {
      await begin("a", ["points"]);
      expect(await move("a", "CONFIRMED")).toBe("NOT_MOVED");
      expect(await move("a", "CANCELLED")).toBe("DECIDED");
      expect(await rice()).toMatchObject(RICE_FREE);
      const again = bench.batch([], { trys: [bench.try("b", { rice: 1 }, { orderId: bench.id("order-a") })] });
      expect((await ledger.runBatch(again)).trys).toEqual(["ORDER_CONFLICT"]);
      await ledger.settleBranches([report("a", 1, "CANCELLING")]);
      expect((await ledger.runBatch(again)).trys).toEqual(["ACCEPTED"]);
    });

    test("a yes to a Try that comes after the cancel changes nothing", async () => {
      await begin("a", ["points"]);
      await move("a", "CANCELLED");
      expect(await ledger.settleBranches([report("a", 1, "TRYING")])).toMatchObject([{ state: "CANCELLING", ended: false }]);
      expect(await branches("a")).toMatchObject([{ state: "CANCELLING" }]);
    });

    test("an expired one is cancelled, for that cause: its participants hold something", async () => {
      await reserve("a", ["points"], 0);
      expect(await move("a", "EXPIRED")).toBe("DECIDED");
      expect(await transaction("a")).toMatchObject({ state: "CANCELLING", cause: "EXPIRED" });
    });

    test("whoever decides has the branches first; a failed one is due when its report says", async () => {
      await reserve("a", ["points"]);
      await move("a", "CONFIRMED");
      expect(await claimed("a")).toEqual([]);
      await ledger.settleBranches([failed("a", 1, "CONFIRMING", { retryInMs: 60_000 })]);
      expect(await claimed("a")).toEqual([]);
      expect(await ledger.hastenBranches([bench.id("a")])).toBe(1);
      expect(await claimed("a")).toMatchObject([{ ...remote("points"), branchNo: 1, state: "CONFIRMING", attempt: 2, failures: 1, storeId: bench.store }]);
      expect(await claimed("a")).toEqual([]);
    });

    test("two instances never claim one branch", async () => {
      await reserve("a", ["points", "gifts"]);
      await move("a", "CONFIRMED");
      await ledger.settleBranches([failed("a", 1, "CONFIRMING"), failed("a", 2, "CONFIRMING")]);
      const both = await Promise.all([ledger.claimBranches(100), under.other.claimBranches(100)]);
      const own = both.flat().filter(({ txId }) => txId === bench.id("a"));
      expect(own.map(({ branchNo }) => branchNo).sort()).toEqual([1, 2]);
    });

    test("only the report of the latest attempt counts", async () => {
      await reserve("a", ["points"]);
      await move("a", "CONFIRMED");
      await ledger.settleBranches([failed("a", 1, "CONFIRMING")]);
      expect(await claimed("a")).toMatchObject([{ attempt: 2 }]);
      expect(await ledger.settleBranches([report("a", 1, "CONFIRMING", { attempt: 1 })])).toMatchObject([{ state: "CONFIRMING", ended: false }]);
      expect(await ledger.settleBranches([report("a", 1, "CONFIRMING", { attempt: 2 })])).toMatchObject([{ state: "CONFIRMED", ended: true }]);
    });

    test("a report that is sent twice counts once", async () => {
      await reserve("a", ["points"]);
      await move("a", "CONFIRMED");
      await ledger.settleBranches([failed("a", 1, "CONFIRMING")]);
      await ledger.settleBranches([failed("a", 1, "CONFIRMING")]);
      expect(await branches("a")).toMatchObject([{ failures: 1, errorClass: "HTTP_SERVER", lastError: "503 from the other side", httpStatus: 503 }]);
    });

    test("an ongoing call is no failure", async () => {
      await reserve("a", ["points"]);
      await move("a", "CONFIRMED");
      await ledger.settleBranches([report("a", 1, "CONFIRMING", { outcome: "ONGOING", errorClass: "ONGOING", httpStatus: 425, message: "not yet" })]);
      expect(await branches("a")).toMatchObject([{ state: "CONFIRMING", failures: 0, errorClass: "ONGOING" }]);
    });

    test(`more than ${BRANCH_FAILURES_MAX} failures open a review ticket, once; the end closes it`, async () => {
      await reserve("a", ["points"]);
      await move("a", "CANCELLED");
      const opened: (string | null)[] = [];
      for (let attempt = 1; attempt <= BRANCH_FAILURES_MAX + 2; attempt++) {
        if (attempt > 1) expect(await claimed("a")).toMatchObject([{ attempt }]);
        const [settled] = await ledger.settleBranches([failed("a", 1, "CANCELLING", { attempt })]);
        opened.push(settled?.openedTicketId ?? null);
      }
      const ticketId = opened[BRANCH_FAILURES_MAX];
      expect(opened).toEqual([null, null, null, expect.stringMatching(/^T\d+$/), null]);
      expect(await transaction("a")).toMatchObject({ state: "CANCELLING", ticketId });
      await ledger.settleBranches([report("a", 1, "CANCELLING", { attempt: 0, outcome: "OUTSIDE", httpStatus: null })]);
      expect(await transaction("a")).toMatchObject({ state: "CANCELLED", ticketId });
    });

    test("what a person did by other means counts, whatever was called meanwhile, and an answer that comes after it does not", async () => {
      await reserve("a", ["points", "gifts"]);
      await move("a", "CONFIRMED");
      await ledger.settleBranches([failed("a", 1, "CONFIRMING", { retryInMs: 60_000 })]);
      await ledger.settleBranches([report("a", 1, "CONFIRMING", { attempt: 0, outcome: "OUTSIDE", message: "credited by phone", httpStatus: null })]);
      await ledger.settleBranches([failed("a", 1, "CONFIRMING", { attempt: 1 })]);
      expect(await branches("a")).toMatchObject([{ state: "CONFIRMED", nextAttemptAtMs: null }, { state: "CONFIRMING" }]);
      expect(await transaction("a")).toMatchObject({ state: "CONFIRMING" });
    });

    test("branches of nobody are reported to nobody", async () => {
      expect(await ledger.settleBranches([report("ghost", 1, "CONFIRMING")])).toEqual([]);
      expect(await ledger.hastenBranches([bench.id("ghost")])).toBe(0);
      expect(await ledger.findBranches([bench.id("ghost")])).toEqual([[]]);
    });

    test("the operations have names that participants know", () => {
      expect(Object.values(BRANCH_OPERATIONS)).toEqual(["try", "confirm", "cancel", "reverse"]);
    });
  });
}
