/** The proof of the proof: an engine that is broken on purpose is found out, whichever way it is broken. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { mutate } from "./bundle.ts";
import { MUTATIONS } from "./mutation-table.ts";
import { findAgain } from "./mutations.ts";

const ROOT = join(import.meta.dirname, "..", "..");

/** Most are found in one of the first few seeds; the rarest, noticed twice in 600, need a coincidence. */
const SEEDS_MAX = 1_000;

describe("the checks notice", () => {
  test("at least fifteen different mistakes, each of which changes the source as it is now", () => {
    expect(MUTATIONS.length).toBeGreaterThanOrEqual(15);
    expect(new Set(MUTATIONS.map(({ name }) => name)).size).toBe(MUTATIONS.length);
    for (const mutation of MUTATIONS) {
      const source = readFileSync(join(ROOT, mutation.file), "utf8");
      expect(mutate(source, mutation)).not.toBe(source);
    }
  });

  test.each(MUTATIONS.map((mutation) => [mutation.name, mutation.breaks, mutation] as const))("%s: %s", async (_, __, mutation) => {
    const { seeds, sentence } = await findAgain(mutation, { seeds: SEEDS_MAX, operations: 300, threads: null });
    expect(seeds, `nobody noticed in ${SEEDS_MAX} seeds`).not.toBeNull();
    expect(sentence).not.toBeNull();
  });
});
