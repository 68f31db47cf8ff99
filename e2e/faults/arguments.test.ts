import { describe, expect, test } from "vitest";
import { COUNT_DEFAULT, readCommand } from "./arguments.ts";

describe("the command line of npm run faults", () => {
  test("has defaults, and takes a count or minutes", () => {
    expect(readCommand([])).toMatchObject({ kind: "run", options: { count: COUNT_DEFAULT, minutes: null } });
    expect(readCommand(["--count", "3", "--seed", "7"])).toEqual({ kind: "run", options: { count: 3, minutes: null, seed: 7 } });
    expect(readCommand(["--minutes", "5"])).toMatchObject({ kind: "run", options: { count: null, minutes: 5 } });
    expect(readCommand(["--help"])).toEqual({ kind: "help" });
  });

  test.each([[["--count", "0"]], [["--count", "many"]], [["--minutes", "-1"]], [["--seed", "1.5"]], [["--count", "1", "--minutes", "1"]], [["--often"]], [["3"]]])("refuses %j in one sentence", (argv) => {
    const command = readCommand(argv);
    expect(command.kind).toBe("refused");
    expect((command as { message: string }).message).toMatch(/\S/);
  });
});
