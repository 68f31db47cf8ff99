/** Small files that several processes make at one moment. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keptSecret } from "./files.ts";

const FILES = 40;
const PROCESSES = 4;
/** They begin together, when the slowest of them has surely loaded its modules; who is later only meets what is there. */
const BEGIN_AFTER_MS = 2_000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "eightysix-files-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ["processes", ""],
  ["processes of one number, as in containers that share a folder,", `Object.defineProperty(process, "pid", { value: 1 });`],
])("%s that make a secret at one moment keep the same one", async (_, first) => {
  const program = `
    ${first}
    const { keptSecret } = await import(${JSON.stringify(join(import.meta.dirname, "files.ts"))});
    await new Promise((begin) => setTimeout(begin, ${Date.now() + BEGIN_AFTER_MS} - Date.now()));
    const kept = Array.from({ length: ${FILES} }, (_, i) => keptSecret(${JSON.stringify(folder)} + "/" + i));
    console.log(JSON.stringify(kept));`;
  const run = promisify(execFile);
  const told = await Promise.all(Array.from({ length: PROCESSES }, () => run(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], { cwd: import.meta.dirname })));
  const kept = told.map(({ stdout }) => JSON.parse(stdout) as { secret: string; isNew: boolean }[]);
  for (let file = 0; file < FILES; file++) {
    const inFile = readFileSync(join(folder, String(file)), "utf8").trim();
    expect(kept.map((each) => each[file]?.secret)).toEqual(kept.map(() => inFile));
    expect(kept.filter((each) => each[file]?.isNew)).toHaveLength(1);
  }
  expect(readdirSync(folder)).toHaveLength(FILES); // nothing is left beside them
  expect(statSync(join(folder, "0")).mode & 0o777).toBe(0o600);
});

test("a secret's file that somebody emptied is filled anew", () => {
  const path = join(folder, "secret");
  writeFileSync(path, "\n");
  const { secret, isNew } = keptSecret(path);
  expect([secret.length, isNew]).toEqual([48, true]);
  expect(keptSecret(path)).toEqual({ secret, isNew: false });
});
