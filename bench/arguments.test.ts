import { expect, test } from "vitest";
import { readCommand, USAGE } from "./arguments.ts";
import { SUITE_NAMES } from "./suites.ts";

test.each([
  [["article"], { kind: "run", options: { suite: "article", json: null, cases: [] } }],
  [["cas", "--json", "a.json"], { kind: "run", options: { suite: "cas", json: "a.json", cases: [] } }],
  [[], { kind: "run", options: { suite: "full", json: null, cases: [] } }],
  [["quick", "--case", "hot-64"], { kind: "run", options: { suite: "quick", json: null, cases: ["hot-64"] } }],
  [["--help"], { kind: "help" }],
])("bench %j is understood", (args, command) => {
  expect(readCommand(args)).toEqual(command);
});

test.each([
  [["quick", "--case", "lunch"], /no case "lunch"/],
  [["article", "--case", "hot-64"], /no case "hot-64"/],
  [["lunch"], /no suite "lunch"/],
  [["article", "cas"], /One suite at a time/],
  [["article", "--rounds"], /--rounds/],
  [["article", "--json"], /--json/],
])("bench %j is refused in one sentence", (args, sentence) => {
  const command = readCommand(args as string[]);
  expect(command).toMatchObject({ kind: "refused", message: expect.stringMatching(sentence) });
});

test("the usage names every suite", () => {
  for (const name of SUITE_NAMES) expect(USAGE).toMatch(new RegExp(`^  ${name} `, "m"));
});
