/** Migrations are never edited, so a function may stand in several of them: their README says which text is in force. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const FOLDER = join(import.meta.dirname, "migrations");

/** The folders that say what a function or view is, oldest first. */
function textsOf(): Map<string, string[]> {
  const texts = new Map<string, string[]>();
  const folders = readdirSync(FOLDER, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name: folder } of folders.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const sql = readFileSync(join(FOLDER, folder, "migration.sql"), "utf8");
    for (const [, name] of sql.matchAll(/^CREATE (?:OR REPLACE )?(?:FUNCTION|VIEW) (\w+)/gm)) texts.set(name as string, [...(texts.get(name as string) ?? []), folder]);
  }
  return texts;
}

test("the migrations' README names every function and view that has more than one text, and where the one in force stands", () => {
  const rows = [...textsOf()].filter(([, folders]) => folders.length > 1).map(([name, folders]) => `| \`${name}\` | \`${folders.at(-1)}\` | ${folders.slice(0, -1).map((folder) => `\`${folder}\``).join(", ")} |`);
  const told = readFileSync(join(FOLDER, "README.md"), "utf8").split("\n").filter((line) => line.startsWith("| `"));
  expect(rows.length).toBeGreaterThan(0);
  expect(told.sort()).toEqual(rows.sort());
});
