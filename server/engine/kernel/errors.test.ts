import { describe, expect, test } from "vitest";
import { ENGINE_ERROR_CODES, EngineError } from "./errors.ts";

describe("an engine error", () => {
  test("that is an answer does not look for the place where it was made; a fault does", () => {
    for (const code of ENGINE_ERROR_CODES) {
      const frames = (new EngineError(code, "no").stack ?? "").split("\n").slice(1);
      expect(frames.length > 0, code).toBe(code === "INTERNAL");
    }
  });

  test("leaves everybody else's errors as they were", () => {
    new EngineError("SOLD_OUT", "no");
    expect(new Error("else").stack).toContain("errors.test.ts");
  });

  test("keeps the place of its cause", () => {
    const cause = new Error("the line was cut");
    expect((new EngineError("UNAVAILABLE", "no", { cause }).cause as Error).stack).toContain("errors.test.ts");
  });
});
