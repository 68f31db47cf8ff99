import { describe, expect, it } from "vitest";
import type { Attempt, History, Verb } from "../history.ts";
import { attempt, broken, cleanCase, history } from "../testing/histories.ts";
import { checkTold, splitAnswers } from "./told.ts";
import type { Invariant } from "./verdict.ts";

const TX = "r:1";
const told = (...answers: (readonly [Verb, string])[]) => history(TX, answers);
const together = (...attempts: Attempt[]): History => ({ ...history(TX, []), firstTryAtMs: 0, attempts });

describe("what the client was told", () => {
  it("holds for a rush that went well", () => {
    expect(broken(checkTold([...cleanCase().histories.values()]))).toEqual([]);
  });

  const bad: [string, History, Invariant][] = [
    ["a Try answered UNKNOWN_COUPON", told(["try", "404 UNKNOWN_COUPON"]), "answers-by-contract"],
    ["a valid Try answered VALIDATION", told(["try", "400 VALIDATION"]), "answers-by-contract"],
    ["a Try answered yes without a state", told(["try", "201"]), "answers-by-contract"],
    ["a cancel of an unknown txId answered 404", told(["cancel", "404 UNKNOWN_TRANSACTION"]), "answers-by-contract"],
    ["ORDER_CONFLICT where nobody else named the order", told(["try", "409 ORDER_CONFLICT"]), "answers-by-contract"],
    ["COUPON_UNAVAILABLE without a coupon", told(["try", "409 COUPON_UNAVAILABLE"]), "answers-by-contract"],
    ["a replay answered 201", told(["try", "201 RESERVED"], ["try", "201 RESERVED"]), "answers-by-contract"],
    ["a first Try answered 200", told(["try", "200 RESERVED"]), "answers-by-contract"],
    ["a replay with other lines", { ...told(["try", "201 RESERVED"]), contradictions: ["asked for 2, was told 1"] }, "replays-repeat"],
    ["a replay of a reservation answered SOLD_OUT", told(["try", "201 RESERVED"], ["try", "409 SOLD_OUT"]), "acknowledged-stays"],
    ["a confirm of a reservation answered 404", told(["try", "201 RESERVED"], ["confirm", "404 UNKNOWN_TRANSACTION"]), "acknowledged-stays"],
    ["a confirm refused though nobody cancelled", told(["try", "201 RESERVED"], ["confirm", "409 ILLEGAL_STATE"]), "acknowledged-stays"],
    ["a cancel refused though nobody confirmed", told(["try", "201 RESERVED"], ["cancel", "409 ILLEGAL_STATE"]), "acknowledged-stays"],
    [
      "a second cancel refused",
      told(["try", "201 RESERVED"], ["confirm", "lost"], ["cancel", "200 CANCELLED"], ["cancel", "409 ILLEGAL_STATE"]),
      "acknowledged-stays",
    ],
    [
      "a reversal of a confirmed transaction refused",
      told(["try", "201 RESERVED"], ["confirm", "200 CONFIRMED"], ["reverse", "409 ILLEGAL_STATE"]),
      "acknowledged-stays",
    ],
    [
      "a confirmed transaction shown as RESERVED",
      told(["try", "201 RESERVED"], ["confirm", "200 CONFIRMED"], ["try", "200 RESERVED"]),
      "acknowledged-stays",
    ],
    ["a confirm of what nobody tried answered yes", told(["confirm", "200 CONFIRMED"]), "acknowledged-stays"],
    [
      "confirm and cancel both answered 200",
      told(["try", "201 RESERVED"], ["confirm", "200 CONFIRMED"], ["cancel", "200 CANCELLED"]),
      "one-decision",
    ],
    [
      "of a concurrent confirm and cancel neither answered 200",
      together(attempt("try", "201 RESERVED", 0), attempt("confirm", "409 ILLEGAL_STATE", 50), attempt("cancel", "409 ILLEGAL_STATE", 51)),
      "one-decision",
    ],
    ["a Try after a cancel reserved", told(["cancel", "200 CANCELLED"], ["try", "201 RESERVED"]), "late-try"],
    ["LATE_TRY before the time was up, nobody cancelled", told(["try", "201 RESERVED"], ["try", "409 LATE_TRY"]), "expires-in-time"],
    ["REFUND_DUE before the time was up", told(["try", "201 RESERVED"], ["confirm", "409 REFUND_DUE"]), "expires-in-time"],
    [
      "another payload taken for a replay",
      together(attempt("try", "201 RESERVED", 0), attempt("try", "200 RESERVED", 50, { altered: true })),
      "other-payload",
    ],
  ];

  it.each(bad)("finds %s", (_, history, invariant) => {
    expect(broken(checkTold([history]))).toContain(invariant);
  });

  const fine: [string, History][] = [
    ["a Try refused, then reserved when asked once more", told(["try", "409 SOLD_OUT"], ["try", "201 RESERVED"])],
    ["a Try refused while a lost copy reserved", together(attempt("try", "lost", 0), attempt("try", "409 SOLD_OUT", 5), attempt("try", "200 RESERVED", 40))],
    [
      "the loser of a race",
      together(attempt("try", "201 RESERVED", 0), attempt("confirm", "200 CONFIRMED", 50), attempt("cancel", "409 ILLEGAL_STATE", 51)),
    ],
    ["a confirm lost, then answered", told(["try", "201 RESERVED"], ["confirm", "lost"], ["confirm", "200 CONFIRMED"])],
    ["a refund due after the time was up", together(attempt("try", "201 RESERVED", 0), attempt("confirm", "409 REFUND_DUE", 31_000))],
    ["a Try overtaken by its cancel", together(attempt("cancel", "200 CANCELLED", 0), attempt("try", "409 LATE_TRY", 1))],
    ["another payload refused", together(attempt("try", "201 RESERVED", 0), attempt("try", "422 IDEMPOTENCY_MISMATCH", 50, { altered: true }))],
    ["a server that answered 500 and then the truth", told(["try", "500 INTERNAL"], ["try", "200 RESERVED"], ["confirm", "503 UNAVAILABLE"])],
  ];

  it.each(fine)("accepts %s", (_, history) => {
    expect(broken(checkTold([history]))).toEqual([]);
  });

  it("notes a double click that got two answers, and no retry that came later", () => {
    const split = together(attempt("try", "201 RESERVED", 0), attempt("try", "409 SOLD_OUT", 5));
    expect(broken(checkTold([split]))).toEqual([]);
    expect(splitAnswers([split, told(["try", "409 SOLD_OUT"], ["try", "201 RESERVED"])])).toEqual([TX]);
  });

  it("asserts nothing about a transaction on which a person acted", () => {
    const cancelledByHand = told(["try", "201 RESERVED"], ["confirm", "409 ILLEGAL_STATE"]);
    expect(broken(checkTold([cancelledByHand], new Set([TX])))).toEqual([]);
  });
});
