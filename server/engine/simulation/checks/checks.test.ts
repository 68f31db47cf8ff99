/** Each check is proved on histories that are wrong in one way, and on the same history without the mistake. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkAnswers } from "./answers.ts";
import { checkCommits } from "./books.ts";
import { checkDishes } from "./dish-operations.ts";
import { checkLinearizable, type Operation } from "./linearizable.ts";
import { checkRefusals } from "./refusals.ts";
import { changed, historyOf, moved, refused, request, Scribe, SUPPLY, tried, triedInVain } from "./testing.ts";

const A = request("a");
const B = request("b", 3);
const accepted = (asked = A) => new Scribe().commit(10, { trys: [[asked, "ACCEPTED"]] }, [2, 1, 0]);

describe("conservation, at every commit", () => {
  const wrongIn = (scribe: Scribe) => checkCommits(SUPPLY, scribe.commits).join("; ");

  test("a life that is right is found right", () => {
    const scribe = accepted()
      .commit(20, { moves: [["a", "CONFIRMED", "MOVED"]] }, [2, 0, 1])
      .commit(30, { moves: [["a", "REVERSED", "MOVED"]], trys: [[B, "ACCEPTED"]] }, [0, 3, 0])
      .commit(40, { moves: [["b", "EXPIRED", "MOVED"]] }, [3, 0, 0]);
    expect(wrongIn(scribe)).toBe("");
  });

  test.each<[string, Scribe, RegExp]>([
    ["a portion that vanished", new Scribe().commit(10, { trys: [[A, "ACCEPTED"]] }, [1, 1, 0]), /supplied is 2, its commits add up to 3/],
    ["a portion that was reserved and never deducted", new Scribe().commit(10, { trys: [[A, "ACCEPTED"]] }, [3, 0, 0]), /available is 3, its commits add up to 2/],
    ["columns that do not add up", new Scribe().commit(10, { trys: [[A, "ACCEPTED"]] }, [2, 1, 0], { supplied: 4 }), /4 ≠ 2 \+ 1 \+ 0/],
    ["a dish below zero", new Scribe().commit(10, { trys: [[request("a", 4), "ACCEPTED"]] }, [-1, 4, 0]), /oversold/],
    ["a Try that is accepted twice", accepted().commit(20, { trys: [[A, "ACCEPTED"]] }, [1, 2, 0]), /a was accepted although it is RESERVED/],
    ["a transaction that is cancelled after it was confirmed", accepted().commit(20, { moves: [["a", "CONFIRMED", "MOVED"]] }, [2, 0, 1]).commit(30, { moves: [["a", "CANCELLED", "MOVED"]] }, [3, 0, 0]), /from CONFIRMED to CANCELLED/],
    ["an expired transaction whose portions are freed again", accepted().commit(20, { moves: [["a", "EXPIRED", "MOVED"]] }, [3, 0, 0]).commit(30, { moves: [["a", "CANCELLED", "MOVED"]] }, [4, -1, 0]), /oversold|frozen is -1/],
    ["a Try after the fence of its txId", new Scribe().commit(10, { moves: [["a", "CANCELLED", "FENCED"]] }, [3, 0, 0]).commit(20, { trys: [[A, "ACCEPTED"]] }, [2, 1, 0]), /a was accepted although it is CANCELLED/],
    ["an order with two transactions", accepted().commit(20, { trys: [[request("b", 1, { orderId: A.orderId }), "ACCEPTED"]] }, [1, 2, 0]), /b was accepted although a has order/],
    ["a coupon that is used twice", accepted(request("a", 1, { couponId: "c" })).commit(20, { trys: [[request("b", 1, { couponId: "c" }), "ACCEPTED"]] }, [1, 2, 0]), /b took coupon c, which a has/],
    ["a Try of a paused dish", new Scribe().commit(5, {}, [3, 0, 0], { onSale: false }), /onSale is false/],
    ["a version that goes back", accepted().commit(20, { moves: [["a", "CANCELLED", "MOVED"]] }, [3, 0, 0], { version: 0 }), /version 0 after 1/],
    ["a change that keeps its version", accepted().commit(20, { moves: [["a", "CANCELLED", "MOVED"]] }, [3, 0, 0], { version: 1 }), /changed and its version did not/],
    ["a change of a dish that was not locked", new Scribe().commit(10, { trys: [[request("a", 1, { lines: [{ dishId: "rice", quantity: 1 }] }), "ACCEPTED"]] }, [3, 0, 0]), /rice was changed by a batch that had not locked it/],
    ["a refund although everything is there", accepted().commit(20, { moves: [["a", "EXPIRED", "MOVED"]] }, [3, 0, 0]).commit(30, { moves: [["a", "CONFIRMED", "REFUND_DUE"]] }, [3, 0, 0]), /although everything it needs is there/],
    ["a sale after its refund was due", accepted().commit(20, { moves: [["a", "EXPIRED", "MOVED"]], trys: [[B, "ACCEPTED"]] }, [0, 3, 0]).commit(30, { moves: [["a", "CONFIRMED", "REFUND_DUE"]] }, [0, 3, 0]).commit(40, { moves: [["b", "CANCELLED", "MOVED"]] }, [3, 0, 0]).commit(50, { moves: [["a", "CONFIRMED", "MOVED"]] }, [2, 0, 1]), /sold after its refund was due/],
  ])("%s is noticed", (_, scribe, sentence) => {
    expect(wrongIn(scribe)).toMatch(sentence);
  });
});

describe("each acknowledged Try exactly once, with one answer", () => {
  const wrongIn = (calls: Parameters<typeof historyOf>[0], scribe = accepted()) => {
    const { history, books } = historyOf(calls, scribe);
    return checkAnswers(history, books).join("; ");
  };

  test("the same answer however often, and a state that moves on, is right", () => {
    const scribe = accepted().commit(50, { moves: [["a", "CONFIRMED", "MOVED"]] }, [2, 0, 1]);
    const calls = [tried(A, [0, 20]), tried(A, [30, 40], { replayed: true }), moved("confirm", "a", [45, 55]), tried(A, [60, 70], { replayed: true, state: "CONFIRMED" })];
    expect(wrongIn(calls, scribe)).toBe("");
  });

  test.each<[string, Parameters<typeof historyOf>[0], Scribe | undefined, RegExp]>([
    ["an answer that changes", [tried(A, [0, 20]), tried(A, [30, 40], { expiresAtMs: 99 })], undefined, /was answered .* then/],
    ["an expiry that is not the ledger's", [tried(A, [0, 20], { expiresAtMs: 10_011 })], undefined, /expires 1\.0 ms from when it does/],
    ["another basket than was asked for", [tried(A, [0, 20], { lines: [{ dishId: "noodles", quantity: 2 }] })], undefined, /other lines/],
    ["another order's reservation", [tried(request("a", 1, { orderId: "another" }), [0, 20])], undefined, /another order's or coupon's/],
    ["an acknowledgement that is lost", [tried(A, [0, 20])], new Scribe(), /acknowledged and is not in the ledger/],
    ["an acknowledgement before the commit", [tried(A, [0, 9])], undefined, /before it was committed/],
    ["a state it was not in", [tried(A, [0, 20], { state: "CONFIRMED" })], undefined, /was told it is CONFIRMED/],
    ["a replay that is refused for want of stock", [tried(A, [0, 20]), triedInVain(A, [30, 40], refused("SOLD_OUT"))], undefined, /asked again refused as SOLD_OUT/],
    ["a no to everybody, and a reservation", [triedInVain(A, [0, 20], refused("SOLD_OUT"))], undefined, /refused to everybody who asked \(SOLD_OUT\), and is RESERVED/],
    ["unavailable, and a reservation", [triedInVain(A, [0, 20], refused("UNAVAILABLE", { retryable: true }))], undefined, /refused to everybody who asked \(UNAVAILABLE\)/],
    ["a confirm and a cancel that both succeed", [moved("confirm", "a", [15, 25]), moved("cancel", "a", [15, 25])], accepted().commit(20, { moves: [["a", "CONFIRMED", "MOVED"]] }, [2, 0, 1]), /confirm and cancel were both acknowledged/],
    ["a confirm that never happened", [moved("confirm", "a", [15, 25])], undefined, /acknowledged as CONFIRMED, which it never was/],
    ["a confirm that was reversed before it was asked for", [moved("confirm", "a", [15, 25]), moved("confirm", "a", [45, 55])], accepted().commit(20, { moves: [["a", "CONFIRMED", "MOVED"]] }, [2, 0, 1]).commit(40, { moves: [["a", "REVERSED", "MOVED"]] }, [3, 0, 0]), /told CONFIRMED, and it was not between 45\.0 and 55\.0/],
    ["a cancel that was refused, and happened", [moved("cancel", "a", [15, 25], refused("ILLEGAL_STATE"))], accepted().commit(20, { moves: [["a", "CANCELLED", "MOVED"]] }, [3, 0, 0]), /cancel of a was refused to everybody/],
    ["a restock that was acknowledged and never applied", [changed({ actionKey: "k", kind: "RESTOCK", quantity: 1 }, [0, 5], { kind: "answered", answer: { dishId: "noodles" } as never })], undefined, /k was acknowledged and never applied/],
  ])("%s is noticed", (_, calls, scribe, sentence) => {
    expect(wrongIn(calls, scribe)).toMatch(sentence);
  });

  test("seed 44907: who asks with other participants is another, and may be told so", () => {
    const other = request("a", 1, { participants: [{ participant: "wallet", tryUrl: "t", confirmUrl: "c", cancelUrl: "c", body: { amount: 1 } }] });
    expect(wrongIn([tried(A, [0, 20]), triedInVain(other, [30, 40], refused("IDEMPOTENCY_MISMATCH"))])).toBe("");
    expect(wrongIn([tried(A, [0, 20]), triedInVain(A, [30, 40], refused("IDEMPOTENCY_MISMATCH"))])).toMatch(/asked again refused as IDEMPOTENCY_MISMATCH/);
  });

  test("an outcome that is unknown proves nothing", () => {
    expect(wrongIn([triedInVain(A, [0, 20], { kind: "unknown" }), triedInVain(A, [30, 40], refused("DEADLINE_EXCEEDED", { retryable: true }))])).toBe("");
  });
});

describe("every no had a reason", () => {
  const wrongIn = (calls: Parameters<typeof historyOf>[0], scribe = accepted(B)) => {
    const { history, books } = historyOf(calls, scribe);
    return checkRefusals(history, books).wrong.join("; ");
  };
  /** Sold out from 10 to 100 ms. */
  const soldOutForAWhile = () => new Scribe().commit(10, { trys: [[B, "ACCEPTED"]] }, [0, 3, 0]).commit(100, { moves: [["b", "CANCELLED", "MOVED"]] }, [3, 0, 0]);

  test("sold out at some moment of the call, or of the lease before it", () => {
    expect(wrongIn([triedInVain(A, [50, 60], refused("SOLD_OUT"))], soldOutForAWhile())).toBe("");
    expect(wrongIn([triedInVain(A, [590, 595], refused("SOLD_OUT"))], soldOutForAWhile())).toBe("");
  });

  test("a write-off for what another change of its batch left it, until the next one gave", () => {
    const changes = (["WRITE_OFF", "RESTOCK"] as const).map((kind) => ({ actionKey: kind, kind, quantity: 3 }));
    const inOneBatch = () => new Scribe().commit(10, { changes }, [3, 0, 0]);
    const inVain = (fromMs: number) => [changed({ actionKey: "k", kind: "WRITE_OFF", quantity: 1 }, [fromMs, fromMs + 10], refused("INSUFFICIENT_STOCK"))];
    expect(wrongIn(inVain(5), inOneBatch())).toBe("");
    expect(wrongIn(inVain(15), inOneBatch())).toMatch(/enough all the time/);
  });

  test.each<[string, Parameters<typeof historyOf>[0][number], RegExp]>([
    ["sold out while there was enough", triedInVain(A, [700, 710], refused("SOLD_OUT")), /there was enough all the time/],
    ["sold out before it sold out", triedInVain(A, [0, 9], refused("SOLD_OUT")), /there was enough all the time/],
    ["paused while on sale", triedInVain(A, [50, 60], refused("DISH_PAUSED")), /on sale all the time/],
    ["a coupon taken that was free", triedInVain(request("a", 1, { couponId: "c" }), [50, 60], refused("COUPON_UNAVAILABLE")), /free all the time/],
    ["an order of somebody else's that is nobody's", triedInVain(A, [50, 60], refused("ORDER_CONFLICT")), /nobody else's/],
    ["a dish unknown that exists", triedInVain(A, [50, 60], refused("UNKNOWN_DISH")), /every dish exists/],
    ["late although it never ended", triedInVain(A, [50, 60], refused("LATE_TRY")), /had not ended/],
    ["another payload that nobody sent", triedInVain(A, [50, 60], refused("IDEMPOTENCY_MISMATCH")), /nobody asked for anything else/],
    ["a confirm of a reservation", moved("confirm", "b", [50, 60], refused("ILLEGAL_STATE")), /could be confirmed/],
    ["a reverse that is told it is unknown", moved("reverse", "b", [50, 60], refused("UNKNOWN_TRANSACTION")), /it existed/],
    ["a refund that is not due", moved("confirm", "b", [50, 60], refused("REFUND_DUE")), /no refund is due/],
    ["a write-off of what is there", changed({ actionKey: "k", kind: "WRITE_OFF", quantity: 1 }, [120, 130], refused("INSUFFICIENT_STOCK")), /enough all the time/],
    ["an error of our own", triedInVain(A, [50, 60], refused("INTERNAL")), /INTERNAL/],
  ])("%s is noticed", (_, call, sentence) => {
    expect(wrongIn([call], soldOutForAWhile())).toMatch(sentence);
  });
});

describe("a dish is linearizable", () => {
  const takes = (name: string, fromMs: number, toMs: number, quantity = 1): Operation => ({ name, fromMs, toMs, effect: { kind: "takes", quantity } });
  const gives = (name: string, fromMs: number, toMs: number, quantity = 1): Operation => ({ name, fromMs, toMs, effect: { kind: "gives", quantity } });
  const short = (name: string, fromMs: number, toMs: number, wanted = 1): Operation => ({ name, fromMs, toMs, effect: { kind: "finds too few", wanted } });
  const sees = (name: string, fromMs: number, toMs: number, available: number): Operation => ({ name, fromMs, toMs, effect: { kind: "sees", available } });

  test.each<[string, number, Operation[], boolean]>([
    ["one after the other", 2, [takes("a", 0, 1), takes("b", 2, 3), short("c", 4, 5)], true],
    ["one portion for two", 1, [takes("a", 0, 1), takes("b", 2, 3)], false],
    ["one portion for two, and a return between", 1, [takes("a", 0, 1), gives("r", 1.5, 1.7), takes("b", 2, 3)], true],
    ["the same at once, in an order that works", 1, [takes("b", 0, 10), takes("a", 0, 10), gives("r", 0, 10)], true],
    ["a no while nothing was taken", 1, [short("c", 0, 1), takes("a", 2, 3)], false],
    ["a no beside the Try that took it", 1, [short("c", 0, 5), takes("a", 2, 3)], true],
    ["a return after the Try that needed it", 0, [takes("a", 0, 1), gives("r", 2, 3)], false],
    ["an unknown return that may have come in time", 0, [gives("r", 0, Number.POSITIVE_INFINITY), takes("a", 2, 3)], true],
    ["a reading that never was", 3, [takes("a", 0, 1), sees("s", 2, 3, 3)], false],
    ["a reading that was", 3, [takes("a", 0, 5), sees("s", 2, 3, 3)], true],
    ["two nos that ask for opposite orders", 1, [takes("a", 0, 10), gives("r", 0, 10), short("x", 1, 2), sees("y", 3, 4, 1), short("z", 5, 6)], false],
  ])("%s", (_, available, operations, expected) => {
    expect(checkLinearizable(available, operations).kind === "linearizable").toBe(expected);
  });

  test("what fits nowhere is named", () => {
    expect(checkLinearizable(1, [takes("first", 0, 1), takes("second", 2, 3)])).toEqual({ kind: "not linearizable", longest: 1, stuck: ["second"] });
  });

  test("a search that is too long says so", () => {
    const operations = Array.from({ length: 12 }, (_, index) => takes(`t${index}`, 0, 10));
    expect(checkLinearizable(11, operations, 50).kind).toBe("undecided");
  });

  test("whatever really happened in a row is found to be linearizable, however the intervals overlap", () => {
    const steps = fc.array(fc.record({ kind: fc.constantFrom("try", "give", "look"), quantity: fc.integer({ min: 1, max: 3 }), before: fc.nat(30), after: fc.nat(30) }), { maxLength: 40 });
    fc.assert(
      fc.property(fc.nat(8), steps, (start, plan) => {
        let available = start;
        const operations = plan.map(({ kind, quantity, before, after }, index): Operation => {
          const [fromMs, toMs, name] = [index * 5 - before, index * 5 + after, `${kind} ${index}`];
          if (kind === "look") return sees(name, fromMs, toMs, available);
          if (kind === "give") {
            available += quantity;
            return gives(name, fromMs, toMs, quantity);
          }
          if (available < quantity) return short(name, fromMs, toMs, quantity);
          available -= quantity;
          return takes(name, fromMs, toMs, quantity);
        });
        expect(checkLinearizable(start, operations).kind).toBe("linearizable");
      }),
      { numRuns: 300 },
    );
  });

  test("it agrees with trying every order", () => {
    const operation = fc.record({ kind: fc.constantFrom("takes", "gives", "short", "sees"), n: fc.nat(2), fromMs: fc.nat(10), lasts: fc.nat(8) });
    fc.assert(
      fc.property(fc.nat(2), fc.array(operation, { maxLength: 5 }), (start, drawn) => {
        const operations = drawn.map(({ kind, n, fromMs, lasts }, index) => {
          const make = { takes, gives, short, sees }[kind] as typeof takes;
          return make(`${index}`, fromMs, fromMs + lasts, kind === "sees" ? n : n + 1);
        });
        expect(checkLinearizable(start, operations).kind === "linearizable").toBe(permutations(operations).some((order) => isRight(start, order)));
      }),
      { numRuns: 500 },
    );
  });

  test("a history in which one portion was sold to two is not", () => {
    const one = { ...SUPPLY, dishes: [{ dishId: "noodles", storeId: "s", supplied: 1 }] };
    const { history, books } = historyOf([tried(A, [0, 20]), tried(request("b"), [30, 50], { expiresAtMs: 10_040 })], new Scribe().commit(10, { trys: [[A, "ACCEPTED"]] }, [0, 1, 0]).commit(40, { trys: [[request("b"), "ACCEPTED"]] }, [-1, 2, 0]));
    expect(checkDishes({ ...history, supply: one }, books).wrong.join()).toMatch(/noodles: 2 operations cannot be put in a row.*b reserves 1/);
  });
});

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}

/** By the definition: nothing stands before what had ended when it began, and every effect is right. */
function isRight(start: number, order: readonly Operation[]): boolean {
  let available = start;
  return order.every(({ fromMs, effect }, index) => {
    if (order.slice(index + 1).some((later) => later.toMs < fromMs)) return false;
    if (effect.kind === "sees") return available === effect.available;
    if (effect.kind === "finds too few") return available < effect.wanted;
    if (effect.kind === "takes" && available < effect.quantity) return false;
    available += effect.kind === "takes" ? -effect.quantity : effect.quantity;
    return true;
  });
}
