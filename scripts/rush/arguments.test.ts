import { describe, expect, it } from "vitest";
import { readCommand } from "./arguments.ts";

const FIRST_RUN = { url: "http://localhost:8686", apiKey: "key-1", databaseUrl: "postgres://u:p@localhost:5432/e" };
const read = (line: string, firstRun: typeof FIRST_RUN | null = FIRST_RUN) =>
  readCommand(line.split(" ").filter(Boolean), () => firstRun);

describe("the command line", () => {
  it("needs nothing after a first run", () => {
    expect(read("")).toEqual({
      kind: "run",
      options: { url: FIRST_RUN.url, key: "key-1", databaseUrl: FIRST_RUN.databaseUrl, seconds: 30, customers: 200, rate: null, seed: null, stuck: 0, participantUrl: "http://127.0.0.1:8687", json: null },
    });
  });

  it("does not audit another server with this machine's database", () => {
    expect(read("--url http://elsewhere:1 --key k")).toMatchObject({ options: { databaseUrl: null } });
    expect(read(`--url http://elsewhere:1 --database-url ${FIRST_RUN.databaseUrl}`)).toMatchObject({ options: { key: "key-1", databaseUrl: FIRST_RUN.databaseUrl } });
  });

  it.each([
    ["--seconds 0", "--seconds takes a whole number from 1 to 86400"],
    ["--seconds ten", '--seconds takes a whole number from 1 to 86400, not "ten"'],
    ["--customers 1.5", "--customers takes a whole number"],
    ["--rate 0", "--rate takes a whole number"],
    ["--seed -1", "--seed"],
    ["--url ftp://x", "--url takes a URL that begins with http:// or https://"],
    ["--database-url http://x", "--database-url takes a URL that begins with postgres://"],
    ["--fast", "Unknown option '--fast'"],
    ["now", "Unexpected argument 'now'"],
    ["--stuck 10001", "--stuck takes a whole number from 0 to 10000"],
    ["--stuck 1 --participant 127.0.0.1:8687", "--participant takes a URL that begins with http:// or https://"],
  ])("refuses %s in one sentence", (line, sentence) => {
    const command = read(line);
    expect(command).toMatchObject({ kind: "refused", message: expect.stringContaining(sentence) });
    expect((command as { message: string }).message).not.toContain("\n");
  });

  it("says what to do when no server is known", () => {
    expect(read("", null)).toMatchObject({ kind: "refused", message: expect.stringContaining("npm start") });
    expect(read("--url http://localhost:1", null)).toMatchObject({ kind: "refused", message: expect.stringContaining("--key") });
  });
});
