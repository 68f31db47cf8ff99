/** Everything that reads what others wrote: whatever comes, the answer is a value within bounds or a no, never a throw. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keyFrom } from "../api/auth.ts";
import { traceIdOf } from "../api/trace.ts";
import { fingerprint, mergeLines, payloadHashOf } from "../engine/kernel/basket.ts";
import type { BasketLine } from "../engine/kernel/types.ts";
import { judge } from "../engine/tiers/tcc/participant-answers.ts";
import { NewCouponBody } from "./coupons.ts";
import { Cursor, cursorOf } from "./cursor.ts";
import { NewDishBody, QuantityBody, ReasonBody } from "./dishes.ts";
import { CURSOR_LENGTH_MAX, ID_PATTERN, QUANTITY_MAX } from "./limits.ts";
import { wholeNumber } from "./scalars.ts";
import { BatchBody, TransactionsQuery, TryBody } from "./transactions.ts";

const anything = fc.oneof(fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withSparseArray: true }), fc.jsonValue());
const anyText = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.base64String());
const id = fc.stringMatching(/^[A-Za-z0-9_.:-]{1,64}$/);

describe("bodies", () => {
  const SCHEMAS = { TryBody, BatchBody, NewDishBody, QuantityBody, ReasonBody, NewCouponBody, TransactionsQuery };

  test.each(Object.entries(SCHEMAS))("%s says yes or no to anything", (_, schema) => {
    fc.assert(fc.property(anything, (value) => void schema.safeParse(value)), { numRuns: 300 });
  });

  test("a basket that is let through is within every bound", () => {
    const almostLine = fc.record({ dishId: fc.oneof(id, anyText), quantity: fc.oneof(fc.integer({ min: -1, max: QUANTITY_MAX + 1 }), fc.double()) });
    const almost = fc.record(
      { txId: fc.oneof(id, anyText), storeId: fc.constant("s"), lines: fc.array(almostLine, { maxLength: 60 }), ttlSeconds: fc.oneof(fc.integer(), fc.constant(900)), couponId: fc.oneof(id, fc.constant(null)) },
      { requiredKeys: ["txId", "storeId", "lines"] },
    );
    fc.assert(
      fc.property(almost, (value) => {
        const parsed = TryBody.safeParse(value);
        if (!parsed.success) return;
        const { txId, lines, ttlSeconds } = parsed.data;
        expect(txId).toMatch(ID_PATTERN);
        expect(lines.length).toBeGreaterThanOrEqual(1);
        expect(lines.length).toBeLessThanOrEqual(50);
        for (const { dishId, quantity } of lines) {
          expect(dishId).toMatch(ID_PATTERN);
          expect(Number.isSafeInteger(quantity) && quantity >= 1 && quantity <= QUANTITY_MAX).toBe(true);
        }
        expect(ttlSeconds === undefined || (ttlSeconds >= 1 && ttlSeconds <= 86_400)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe("cursors", () => {
  test("what was given comes back", () => {
    fc.assert(fc.property(fc.nat(9_999_999_999_999), id, (createdAtMs, ofRow) => void expect(Cursor.parse(cursorOf({ createdAtMs, id: ofRow }))).toEqual({ createdAtMs, id: ofRow })));
  });

  test("anything else is a no, and a yes is an instant and an id", () => {
    const forged = fc.tuple(anyText, anyText).map(([time, ofRow]) => Buffer.from(`${time}/${ofRow}`).toString("base64url"));
    fc.assert(
      fc.property(fc.oneof(anyText, forged), (text) => {
        const parsed = Cursor.safeParse(text);
        if (!parsed.success) return;
        expect(text.length).toBeLessThanOrEqual(CURSOR_LENGTH_MAX);
        expect(Number.isNaN(new Date(parsed.data.createdAtMs).getTime())).toBe(false);
        expect(parsed.data.id).toMatch(ID_PATTERN);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("headers and numbers", () => {
  test("any traceparent gives a trace id, its own when it is right", () => {
    const hex = (length: number) => fc.array(fc.constantFrom(..."0123456789abcdef"), { minLength: length, maxLength: length }).map((digits) => digits.join(""));
    fc.assert(fc.property(fc.oneof(anyText, fc.tuple(hex(2), hex(32), hex(16), hex(2)).map((parts) => parts.join("-"))), (header) => void expect(traceIdOf(header)).toMatch(/^[0-9a-f]{32}$/)), { numRuns: 500 });
    fc.assert(fc.property(hex(32), hex(16), (trace, span) => void expect(traceIdOf(`00-1${trace.slice(1)}-1${span.slice(1)}-01`)).toBe(`1${trace.slice(1)}`)));
  });

  test("any Authorization gives a key or none", () => {
    const header = fc.oneof(anyText, anyText.map((text) => `Bearer ${text}`), anyText.map((text) => `Basic ${Buffer.from(text).toString("base64")}`));
    fc.assert(fc.property(header, (value) => void expect(["string", "object"]).toContain(typeof keyFrom(value))));
    fc.assert(fc.property(fc.stringMatching(/^[!-~]{1,40}$/), (key) => void expect(keyFrom(`Basic ${btoa(`x:${key}`)}`)).toBe(key)));
  });

  test("a number in a query is a whole number within its bounds, or refused", () => {
    const schema = wholeNumber(1, 500);
    fc.assert(
      fc.property(fc.oneof(anyText, fc.double().map(String), fc.integer().map(String)), (text) => {
        const parsed = schema.safeParse(text);
        expect(parsed.success).toBe(/^\d{1,12}$/.test(text) && Number(text) >= 1 && Number(text) <= 500);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("what a participant says", () => {
  test("any status and any body means one of four things, in one line", () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min: -1, max: 1_000 }), fc.constantFrom(200, 409, 425, 500)), fc.oneof(anyText, fc.constantFrom("FAILURE", "ONGOING", "SUCCESS")), id, (status, text, txId) => {
        const { outcome, message } = judge(status, text, txId);
        expect(["DONE", "REFUSED", "ONGOING", "FAILED"]).toContain(outcome);
        if (outcome === "DONE") expect(status).toBe(200);
        expect(message ?? "").not.toMatch(/[\n\r]/);
        expect((message ?? "").length).toBeLessThanOrEqual(200);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("what identifies a basket", () => {
  const lines = fc.array(fc.record({ dishId: fc.constantFrom("a", "b", "c"), quantity: fc.integer({ min: 1, max: 5 }) }), { minLength: 1, maxLength: 8 });

  test("merging keeps every portion, and each dish once", () => {
    fc.assert(
      fc.property(lines, (given) => {
        const merged = mergeLines(given);
        const portions = (of: readonly BasketLine[], dish: string) => of.filter(({ dishId }) => dishId === dish).reduce((sum, { quantity }) => sum + quantity, 0);
        for (const dish of ["a", "b", "c"]) expect(portions(merged, dish)).toBe(portions(given, dish));
        expect(merged.map(({ dishId }) => dishId)).toEqual([...new Set(given.map(({ dishId }) => dishId))]);
        expect(mergeLines(merged)).toEqual(merged);
      }),
    );
  });

  test("two baskets have one hash only when they are the same", () => {
    const basket = fc.record({ storeId: fc.constantFrom("s", "s1"), orderId: fc.constantFrom("o", "1o"), couponId: fc.constantFrom(null, "c", "-"), lines: lines.map(mergeLines) });
    fc.assert(fc.property(basket, basket, (a, b) => void expect(payloadHashOf(a) === payloadHashOf(b)).toBe(JSON.stringify(a) === JSON.stringify(b))), { numRuns: 1_000 });
    fc.assert(fc.property(fc.array(anyText), fc.array(anyText), (a, b) => void expect(fingerprint(a) === fingerprint(b)).toBe(JSON.stringify(a) === JSON.stringify(b))));
  });
});
