import { describe, expect, test } from "vitest";
import { seededRandom } from "../kernel/random.ts";
import { RETRY_MS_MAX, retryInMs } from "./backoff.ts";

describe("the pause before a branch is called again", () => {
  test("doubles with each failure, up to a cap, and half of it is chance", () => {
    const random = seededRandom(1);
    for (let failures = 1; failures <= 60; failures++) {
      const fullMs = Math.min(500 * 2 ** (failures - 1), RETRY_MS_MAX);
      const pauses = Array.from({ length: 200 }, () => retryInMs(failures, random));
      expect(Math.min(...pauses)).toBeGreaterThanOrEqual(fullMs / 2);
      expect(Math.max(...pauses)).toBeLessThanOrEqual(fullMs);
      expect(Math.max(...pauses) - Math.min(...pauses)).toBeGreaterThan(fullMs / 3);
    }
  });
});
