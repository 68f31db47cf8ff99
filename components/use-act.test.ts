import { describe, expect, test } from "vitest";
import { ConsoleError } from "./console-client";
import { isDefiniteNo } from "./use-act";

describe("the next attempt has a new key only after a definite no", () => {
  test.each([
    ["refused", new ConsoleError("ILLEGAL_STATE", { retryable: false }), true],
    ["a wrong field", new ConsoleError("VALIDATION", { retryable: false }), true],
    ["nobody answered", new ConsoleError("UNREACHABLE"), false],
    ["out of time", new ConsoleError("DEADLINE_EXCEEDED", { retryable: true }), false],
    ["still being done", new ConsoleError("IN_PROGRESS", { retryable: true }), false],
    ["other words under a key whose answer was lost", new ConsoleError("IDEMPOTENCY_MISMATCH", { retryable: false }), false],
    ["anything else that was thrown", new TypeError("x"), false],
  ])("%s", (_, error, expected) => {
    expect(isDefiniteNo(error)).toBe(expected);
  });
});
