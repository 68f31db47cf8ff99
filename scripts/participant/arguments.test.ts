import { describe, expect, test } from "vitest";
import { readCommand, USAGE } from "./arguments.ts";
import { drawFailure, FAILURES, modeInWords, OPERATIONS, WELL } from "./mode.ts";

const read = (line: string) => readCommand(line.split(" ").filter(Boolean));

describe("the command line", () => {
  test("without options plays a good participant on port 8687", () => {
    expect(read("")).toEqual({ kind: "run", options: { port: 8687, mode: WELL, data: null } });
  });

  test("takes a port, a failure, its share, its operations and a folder", () => {
    expect(read("--port 0 --fail 503 --share .25 --operations confirm,reverse --times 3 --data /d")).toEqual({
      kind: "run",
      options: { port: 0, mode: { fail: "503", share: 0.25, operations: ["confirm", "reverse"], times: 3 }, data: "/d" },
    });
  });

  test.each([
    ["--port 70000", '--port takes a whole number from 0 to 65535, not "70000".'],
    ["--port x", '--port takes a whole number from 0 to 65535, not "x".'],
    ["--fail often", "--fail takes one of 409, 425, 503, none, hang, garbage, redirect, huge, slow, lose"],
    ["--fail toString", "--fail takes one of"],
    ["--share 2", "--share takes a number from 0 to 1, not 2."],
    ["--share half", '--share takes a number from 0 to 1, not "half".'],
    ["--operations pay", '--operations takes some of try, confirm, cancel, reverse, not ["pay"].'],
    ["--times 0", "--times takes a whole number from 1 to 1000000, not 0."],
    ["--colour red", "Unknown option '--colour'"],
    ["extra", "Unexpected argument 'extra'"],
  ])("%s is refused in a sentence", (line, sentence) => {
    const command = read(line);
    expect(command).toMatchObject({ kind: "refused", message: expect.stringContaining(sentence) });
  });

  test("the help names every failure", () => {
    expect(read("--help")).toEqual({ kind: "help" });
    for (const name of Object.keys(FAILURES)) expect(USAGE).toContain(name);
  });
});

describe("a mode", () => {
  test("concerns its operations and its share of the calls only", () => {
    const mode = { ...WELL, fail: "503" as const, share: 0.5, operations: ["confirm" as const] };
    expect(drawFailure(mode, "try", () => 0)).toBe("none");
    expect(drawFailure(mode, "confirm", () => 0.49)).toBe("503");
    expect(drawFailure(mode, "confirm", () => 0.5)).toBe("none");
    expect(drawFailure({ ...mode, share: 0 }, "confirm", () => 0)).toBe("none");
  });

  test("with a number of times is over after them", () => {
    const mode = { ...WELL, fail: "425" as const, times: 2 };
    expect([1, 2, 3].map(() => drawFailure(mode, "try", () => 0.999))).toEqual(["425", "425", "none"]);
    expect(modeInWords(mode)).toBe("does as it should");
  });

  test("is told in words", () => {
    expect(modeInWords({ fail: "503", share: 0.5, operations: ["confirm"], times: 3 })).toBe("says that it is out of order; nothing is done (503: confirm, 50 % of the calls, 3 more)");
    expect(modeInWords({ ...WELL, fail: "hang" })).toContain("(hang: every operation)");
    expect(WELL.operations).toBe(OPERATIONS);
  });
});
