import { describe, expect, test } from "vitest";
import { pathOf, readCommandLine, Refusal, wholeNumber } from "./command-line.ts";

const read = (line: string, allowPositionals = false) =>
  readCommandLine(
    line.split(" ").filter(Boolean),
    { size: { type: "string" }, fast: { type: "boolean" } },
    ({ size, fast }, positionals) => ({ kind: "run" as const, size: wholeNumber("size", size, { from: 2, to: 9 }), fast: fast ?? false, positionals }),
    { allowPositionals },
  );

describe("a command line", () => {
  test("is understood, or asks for help, whatever stands beside it", () => {
    expect(read("--size 9 --fast")).toEqual({ kind: "run", size: 9, fast: true, positionals: [] });
    expect(read("")).toEqual({ kind: "run", size: null, fast: false, positionals: [] });
    expect(read("now", true)).toMatchObject({ positionals: ["now"] });
    expect(read("--size x -h")).toEqual({ kind: "help" });
  });

  test.each([
    ["--size 1", '--size takes a whole number from 2 to 9, not "1".'],
    ["--size 10", '--size takes a whole number from 2 to 9, not "10".'],
    ["--size 3.5", '--size takes a whole number from 2 to 9, not "3.5".'],
    ["--size 0x3", '--size takes a whole number from 2 to 9, not "0x3".'],
    ["--size -3", "Option '--size' argument is ambiguous."],
    ["--size", "Option '--size <value>' argument missing"],
    ["--slow", "Unknown option '--slow'"],
    ["now", "Unexpected argument 'now'. This command does not take positional arguments"],
  ])("%s is refused in one line", (line, message) => {
    expect(read(line)).toEqual({ kind: "refused", message });
  });

  test("that makes a program stumble is the program's fault, not the user's", () => {
    const stumble = () => {
      throw new TypeError("a bug");
    };
    expect(() => readCommandLine([], {}, stumble)).toThrow("a bug");
  });

  test("with an empty path is refused", () => {
    expect(pathOf("json", undefined, "a file")).toBeNull();
    expect(() => pathOf("json", "", "a file")).toThrow(new Refusal("--json takes the path of a file."));
  });
});
