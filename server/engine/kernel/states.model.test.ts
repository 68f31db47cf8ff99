/** The life of transactions: the tables say nothing twice, and a ledger driven at random never leaves them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Commit, Supply } from "../simulation/history.ts";
import { Books } from "../simulation/checks/books.ts";
import { checkConservation, checkLocalBranches, checkRemoteBranches } from "../simulation/checks/views.ts";
import { VirtualClock } from "../simulation/virtual-clock.ts";
import type { LedgerBatch, LedgerMove, LedgerTry } from "../tiers/tcc/ledger.ts";
import { MemoryLedger } from "../tiers/tcc/memory-ledger.ts";
import { BRANCH_OPERATIONS, canMove, ENDED_STATES, isUnfinished, localState, STOCK_EFFECTS, TRANSACTION_MOVES, TRANSACTION_STATES, targetOf, VERB_TARGETS } from "./states.ts";

describe("the tables of states", () => {
  const moves = Object.entries(TRANSACTION_MOVES).flatMap(([from, tos]) => tos.map((to) => `${from}>${to}`));

  test("every legal move has its effect on stock, and no other", () => {
    expect(Object.keys(STOCK_EFFECTS).toSorted()).toEqual(moves.toSorted());
  });

  test("no move makes or loses a portion", () => {
    for (const { available, frozen, sold } of Object.values(STOCK_EFFECTS)) expect(available + frozen + sold).toBe(0);
  });

  test("what a verb decides ends where the verb leads, and what is decided is never undone", () => {
    for (const to of Object.values(VERB_TARGETS)) {
      const decided = targetOf(to, 1);
      expect(isUnfinished(decided)).toBe(true);
      expect(localState(decided)).toBe(to === "EXPIRED" ? "CANCELLED" : to);
      expect(TRANSACTION_MOVES[decided]).toEqual([localState(decided)]);
      expect(targetOf(to, 0)).toBe(to);
    }
  });

  test("every state can be left for an end, unfinished ones by a call", () => {
    for (const state of TRANSACTION_STATES) {
      const seen = new Set([state]);
      for (const next of seen) for (const to of TRANSACTION_MOVES[next]) seen.add(to);
      expect([...seen].some((reached) => TRANSACTION_MOVES[reached].length === 0)).toBe(true);
      expect(isUnfinished(state)).toBe(state in ENDED_STATES && state in BRANCH_OPERATIONS);
    }
    expect(canMove("CANCELLED", "RESERVED")).toBe(false);
  });
});

describe("a ledger driven at random", () => {
  const SUPPLY: Supply = { dishes: [{ dishId: "a", storeId: "s", supplied: 4 }, { dishId: "b", storeId: "s", supplied: 3 }], couponIds: ["c"] };
  const tx = fc.nat(6).map((n) => `t${n}`);
  const dishes = fc.subarray(["a", "b"], { minLength: 1 });
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("try" as const), tx, dishes, quantity: fc.integer({ min: 1, max: 2 }), order: fc.nat(4), coupon: fc.boolean(), remote: fc.nat(2) }) },
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("move" as const), tx, to: fc.constantFrom("CONFIRMED", "CANCELLED", "EXPIRED", "REVERSED"), locked: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("change" as const), dish: fc.constantFrom("a", "b"), change: fc.constantFrom("RESTOCK", "WRITE_OFF", "PAUSE", "RESUME"), quantity: fc.integer({ min: 1, max: 3 }), key: fc.nat(5) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("report" as const), tx, branchNo: fc.integer({ min: 1, max: 2 }), outcome: fc.constantFrom("DONE", "FAILED", "REFUSED", "ONGOING") }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(3_000) }) },
  );

  test("agrees with the books after every commit, and with itself", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { maxLength: 25 }), async (batches) => {
        const clock = new VirtualClock({ closed: true });
        const ledger = new MemoryLedger(clock);
        for (const { dishId, storeId, supplied } of SUPPLY.dishes) {
          await ledger.createDish({ dishId, storeId, names: { en: dishId, "zh-CN": dishId }, priceCents: 1, supplied, actor: "t", actionKey: `make ${dishId}` });
        }
        for (const couponId of SUPPLY.couponIds) await ledger.createCoupon({ couponId, storeId: null, amountCents: 1, actor: "t", actionKey: `make ${couponId}` });
        const books = new Books(SUPPLY);
        const enter = (commit: Commit): void => expect(books.enter(commit)).toEqual([]);

        for (const [index, steps] of batches.entries()) {
          const trys: LedgerTry[] = [];
          const moves: LedgerMove[] = [];
          const changes: LedgerBatch["changes"][number][] = [];
          const taken = new Set<string>();
          let locksAll = true;
          for (const what of steps) {
            if (what.kind === "wait") await clock.advance(what.ms);
            else if (what.kind === "report") {
              const [branches = []] = await ledger.findBranches([what.tx]);
              const branch = branches[what.branchNo - 1];
              if (!branch || !isUnfinished(branch.state)) continue;
              const report = { txId: what.tx, branchNo: what.branchNo, state: branch.state, attempt: branch.attempt, outcome: what.outcome, errorClass: null, message: null, httpStatus: null, durationMs: 1, retryInMs: 10 };
              enter({ kind: "report", atMs: clock.monotonicMs(), instance: "i", transactions: await ledger.settleBranches([report]) });
            } else if (what.kind === "change") {
              if (taken.has(`k${what.key}`)) continue;
              taken.add(`k${what.key}`);
              const { dish: dishId, change: kind, quantity } = what;
              changes.push({ actionKey: `k${what.key}`, requestHash: `${kind} ${dishId} ${quantity}`, kind, dishId, quantity: kind === "RESTOCK" || kind === "WRITE_OFF" ? quantity : 0, reason: null, actor: "t" });
            } else if (!taken.has(what.tx)) {
              taken.add(what.tx);
              if (what.kind === "move") {
                moves.push({ txId: what.tx, to: what.to, cause: null });
                locksAll &&= what.locked;
              } else if (!taken.has(`o${what.order}`)) {
                taken.add(`o${what.order}`);
                const branches = Array.from({ length: what.remote }, (_, n) => ({ participant: `p${n}`, tryUrl: "", confirmUrl: "", cancelUrl: "", body: null }));
                const lines = what.dishes.map((dishId) => ({ dishId, quantity: what.quantity }));
                trys.push({ txId: what.tx, storeId: "s", orderId: `o${what.order}`, couponId: what.coupon ? "c" : null, payloadHash: "h", ttlSeconds: 1, lines, traceId: "", stages: { accessMs: 0, casMs: 0, lockMs: 0, redisMs: 0 }, branches });
              }
            }
          }
          const named = [...trys.flatMap(({ lines }) => lines.map(({ dishId }) => dishId)), ...changes.map(({ dishId }) => dishId)];
          const dishIds = [...new Set(locksAll ? [...named, "a", "b"] : named)];
          const batch = { batchId: `i.${index}`, dishIds, trys, moves, changes };
          enter({ kind: "batch", atMs: clock.monotonicMs(), instance: "i", batch, result: await ledger.runBatch(batch) });
          const view = ledger.inspect();
          expect([...checkConservation(view), ...checkLocalBranches(view), ...checkRemoteBranches(view)]).toEqual([]);
        }
      }),
      { numRuns: 250 },
    );
  });
});
