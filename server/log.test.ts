import { expect, test } from "vitest";
import { withoutPasswords } from "./log.ts";

test.each([
  ["connect postgresql://eightysix:s3cret@127.0.0.1:5432/e failed", "connect postgresql://eightysix:…@127.0.0.1:5432/e failed"],
  ["redis://:s3cret@cache:6379", "redis://:…@cache:6379"],
  ["no password here: http://localhost:8686/a@b", "no password here: http://localhost:8686/a@b"],
])("a password inside a URL is never logged: %s", (text, logged) => {
  expect(withoutPasswords(text)).toBe(logged);
});
