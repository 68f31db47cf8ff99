import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { amountOf, BOOK_RULES, type BookEntry, ParticipantBook } from "./participant-book.ts";
import type { BranchOperation } from "./participants.ts";

const OPERATIONS = Object.keys(BOOK_RULES) as BranchOperation[];
const applied = (book: ParticipantBook, operation: BranchOperation, amount = 2) => book.apply("t", "01", operation, amount, 0);

describe("a fence", () => {
  test.each<[BranchOperation[], BookEntry["state"] | "NONE", (200 | 409)[]]>([
    [["try", "confirm"], "CONFIRMED", [200, 200]],
    [["try", "cancel"], "CANCELLED", [200, 200]],
    [["try", "confirm", "reverse"], "REVERSED", [200, 200, 200]],
    [["cancel", "try", "confirm"], "FENCED", [200, 409, 409]],
    [["try", "cancel", "try", "confirm"], "CANCELLED", [200, 200, 409, 409]],
    [["try", "confirm", "cancel"], "CONFIRMED", [200, 200, 409]],
    [["confirm"], "NONE", [409]],
    [["reverse"], "NONE", [409]],
    [["try", "reverse"], "TRIED", [200, 409]],
    [["try", "confirm", "reverse", "confirm", "try", "cancel"], "REVERSED", [200, 200, 200, 200, 200, 409]],
  ])("after %j is %s", (operations, state, statuses) => {
    const book = new ParticipantBook();
    expect(operations.map((operation) => applied(book, operation).status)).toEqual(statuses);
    expect(book.find("t", "01")?.state ?? "NONE").toBe(state);
  });

  test("answers a repetition like the first time, and writes nothing down for it", () => {
    const history = fc.array(fc.constantFrom(...OPERATIONS), { maxLength: 8 });
    fc.assert(
      fc.property(history, fc.constantFrom(...OPERATIONS), (before, operation) => {
        const book = new ParticipantBook();
        for (const one of before) applied(book, one);
        const first = applied(book, operation);
        expect(applied(book, operation)).toEqual({ ...first, written: null });
      }),
    );
  });

  test("is decided once: nothing confirms after a cancel, nothing cancels after a confirm", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...OPERATIONS), { maxLength: 12 }), (operations) => {
        const book = new ParticipantBook();
        const written = operations.map((operation) => applied(book, operation).written?.state).filter(Boolean);
        const wasConfirmed = written.includes("CONFIRMED");
        const wasCancelled = written.includes("CANCELLED") || written.includes("FENCED");
        expect(wasConfirmed && wasCancelled).toBe(false);
      }),
    );
  });
});

test("sums follow the entries, whatever comes in whatever order", () => {
  const call = fc.record({ txId: fc.constantFrom("a", "b"), branchId: fc.constantFrom("01", "02"), operation: fc.constantFrom(...OPERATIONS), amount: fc.integer({ min: 1, max: 9 }) });
  fc.assert(
    fc.property(fc.array(call, { maxLength: 40 }), (calls) => {
      const book = new ParticipantBook();
      const journal: BookEntry[] = [];
      for (const { txId, branchId, operation, amount } of calls) {
        const { written } = book.apply(txId, branchId, operation, amount, 0);
        if (written) journal.push(written);
      }
      const sum = (state: string) => [...book.entries()].filter((entry) => entry.state === state).reduce((total, { amount }) => total + amount, 0);
      expect(book.totals()).toMatchObject({ frozen: sum("TRIED"), confirmed: sum("CONFIRMED") });
      // What was written down is enough to know it all again.
      const again = new ParticipantBook();
      for (const entry of journal) again.put(entry);
      expect([...again.entries()]).toEqual([...book.entries()]);
      expect(again.totals()).toEqual(book.totals());
    }),
  );
});

test("a refusal names no id, which might read like a word of the wire", () => {
  const book = new ParticipantBook();
  expect(book.apply("FAILURE", "01", "confirm", 1, 0).refusal).toBe("confirm: its try never came");
});

test.each([[{ amount: 7 }, 7], [{}, 1], [null, 1], [{ amount: "7" }, 1], [{ amount: -1 }, 1], [{ amount: 1.5 }, 1], [[], 1]])("the amount of %j is %i", (body, amount) => {
  expect(amountOf(body)).toBe(amount);
});
