import { describe, expect, test } from "vitest";
import { LedgerFailure, type LedgerFailureKind } from "./ledger.ts";
import { failureOf, refusalOf } from "./postgres-failures.ts";

const raised = (code: string): Error => Object.assign(new Error(code), { code, severity: "ERROR" });

describe("what a failed statement means", () => {
  test.each<[string, LedgerFailureKind, string]>([
    ["40P01", "conflict", "a deadlock is rolled back and gone at the next look"],
    ["40001", "conflict", "so is a serialization failure"],
    ["23505", "conflict", "an id was taken meanwhile"],
    ["55P03", "conflict", "a lock was waited for too long"],
    ["EX001", "conflict", "it moved between the look and the write"],
    ["22021", "poisoned", "a byte that is no text"],
    ["22003", "poisoned", "a number out of range"],
    ["23514", "poisoned", "a CHECK"],
    ["23502", "poisoned", "a NOT NULL"],
    ["21000", "poisoned", "one row twice in one statement"],
    ["57014", "unavailable", "the server cancelled the statement, and so rolled it back"],
    ["57P03", "unavailable", "the server starts up or shuts down"],
    ["53300", "unavailable", "too many connections"],
    ["53100", "unavailable", "the disk is full"],
    ["25006", "unavailable", "a standby"],
    ["42883", "unavailable", "tables that are not there"],
    ["57P01", "unknown", "a session ended by an administrator may have committed"],
    ["57P02", "unknown", "so may one that a crash ended"],
    ["08006", "unknown", "or one whose connection failed"],
  ])("%s is %s: %s", (code, kind) => {
    expect(failureOf(raised(code))).toMatchObject({ kind });
  });

  test("a connection that breaks after the call was sent leaves its outcome unknown", () => {
    expect(failureOf(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }))).toMatchObject({ kind: "unknown" });
    expect(failureOf(new Error("Connection terminated unexpectedly"))).toMatchObject({ kind: "unknown" });
  });

  test("a connection that cannot be made has written nothing", () => {
    expect(refusalOf(Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }))).toMatchObject({ kind: "unavailable" });
  });

  test("a failure that is told already stays what it is", () => {
    const failure = new LedgerFailure("conflict", "told");
    expect(failureOf(failure)).toBe(failure);
  });
});
