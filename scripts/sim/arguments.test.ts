import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readCommand } from "./arguments.ts";

describe("the simulator's command line", () => {
  test.each([
    ["", { kind: "many", from: 1, seeds: 100, operations: 300 }],
    ["--seed 7", { kind: "one", seed: 7, operations: 300, mutation: null }],
    ["--seed 7 --ops 20", { kind: "one", seed: 7, operations: 20 }],
    ["--seeds 1000 --from 5", { kind: "many", from: 5, seeds: 1_000 }],
    ["--mutations --seeds 50", { kind: "mutations", seeds: 50 }],
    ["--help", { kind: "help" }],
  ])("npm run sim -- %s", (line, expected) => {
    expect(readCommand(line.split(" ").filter(Boolean))).toMatchObject(expected);
  });

  test.each(["--seed x", "--seed -1", "--seed 1.5", "--seed 4294967296", "--seeds 0", "--ops 0", "--seed 1 --seeds 2", "--mutation off", "--nothing", "7", "--seed", "--mutations --from 3"])("refuses %s", (line) => {
    expect(readCommand(line.split(" "))).toMatchObject({ kind: "refused", message: expect.any(String) });
  });

  test("never throws, whatever is typed", () => {
    fc.assert(fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom("--seed", "--seeds", "--from", "--ops", "--mutations", "1", "=")), { maxLength: 5 }), (argv) => void readCommand(argv)));
  });
});
