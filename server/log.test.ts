import { expect, test } from "vitest";
import { calm, withoutPasswords } from "./log.ts";

test.each([
  ["connect postgresql://eightysix:s3cret@127.0.0.1:5432/e failed", "connect postgresql://eightysix:…@127.0.0.1:5432/e failed"],
  ["redis://:s3cret@cache:6379", "redis://:…@cache:6379"],
  ["no password here: http://localhost:8686/a@b", "no password here: http://localhost:8686/a@b"],
])("a password inside a URL is never logged: %s", (text, logged) => {
  expect(withoutPasswords(text)).toBe(logged);
});

test("a failure that repeats is reported at once, then every 10 s with the number left out", () => {
  let nowMs = 0;
  const reports: [string, number][] = [];
  const report = calm((error, leftOut) => reports.push([(error as Error).message, leftOut]), () => nowMs);
  for (; nowMs <= 10_000; nowMs += 1_000) report(new Error("down"));
  report(new Error("other"));
  expect(reports).toEqual([["down", 0], ["down", 9], ["other", 0]]);
});
