/** The table of moves, and the page that draws it. SQL's copy is compared in postgres-payments.integration.test.ts. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { PAYMENT_OUTCOMES, PAYMENT_STATES as SHOWN_STATES } from "../../contracts/inbox.ts";
import { canPaymentMove, PAYMENT_MOVES, PAYMENT_STATES, type PaymentOutcome, type PaymentState } from "./payment-states.ts";

const page = readFileSync(new URL("../../../docs/operations/payments.md", import.meta.url), "utf8");

describe("a payment's states", () => {
  test("the page draws exactly the moves of the table", () => {
    const drawn = [...page.matchAll(/^ {2}([A-Z_]+) --> ([A-Z_]+):/gm)].map(([, from, to]) => `${from}>${to}`);
    const legal = PAYMENT_STATES.flatMap((from) => PAYMENT_MOVES[from].map((to) => `${from}>${to}`));
    expect(drawn.sort()).toEqual(legal.sort());
    const ends = [...page.matchAll(/^ {2}([A-Z_]+) --> \[\*\]$/gm)].map(([, state]) => state);
    expect(ends.sort()).toEqual(PAYMENT_STATES.filter((state) => PAYMENT_MOVES[state].length === 0).sort());
  });

  test("the page explains every outcome, and the console knows every state and outcome", () => {
    const [states = ""] = page.split("## Which transaction");
    const explained = [...states.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, outcome]) => outcome);
    const outcomes: readonly PaymentOutcome[] = PAYMENT_OUTCOMES;
    expect(explained).toEqual(outcomes);
    expect(SHOWN_STATES).toEqual(PAYMENT_STATES);
  });

  test("every payment can reach an end from every state, and what has ended stays", () => {
    const ends = (state: PaymentState): boolean => PAYMENT_MOVES[state].length === 0 || PAYMENT_MOVES[state].some(ends);
    expect(PAYMENT_STATES.every(ends)).toBe(true);
    for (const to of PAYMENT_STATES) expect([canPaymentMove("COMPLETED", to), canPaymentMove("FAILED", to)]).toEqual([false, false]);
  });
});
