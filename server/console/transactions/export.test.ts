import { expect, test } from "vitest";
import { csvField } from "./export.ts";

test.each([
  ["plain", "plain"],
  ["a,b", '"a,b"'],
  ['say "so"', '"say ""so"""'],
  ["two\nlines", '"two\nlines"'],
  ["=1+1", "'=1+1"],
  ["-id", "'-id"],
  ["@cmd,x", '"\'@cmd,x"'],
  [null, ""],
  [-5, "-5"],
] as const)("%s is one field that no spreadsheet runs", (value, field) => {
  expect(csvField(value)).toBe(field);
});
