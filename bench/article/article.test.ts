import { afterAll, describe, expect, test } from "vitest";
import { Progress } from "../measure/progress.ts";
import { inWords, reportOn, type Table } from "../measure/report.ts";
import { takeTurns } from "../measure/rounds.ts";
import { Crew } from "../threads/crew.ts";
import { type Scale, runArticle } from "./article.ts";
import { CELL_WORK, cellContenders } from "./cells.ts";

const TINY: Scale = { cellThreads: [2, 3], bucketThreads: [2], lockThreads: 3, rounds: 1, roundMs: 5, dishes: 3_000 };
const silent = new Progress({ write: () => true });

const crew = new Crew();
afterAll(() => crew.close());

/** Every cell that should hold a figure holds one. */
function figuresOf({ rows }: Table): number[] {
  return rows.flatMap((row) => row.filter((cell) => typeof cell !== "string").map((cell) => (typeof cell === "number" ? cell : (cell?.median ?? Number.NaN))));
}

describe("bench article", () => {
  test("the three tables are complete, and no portion is created or lost", async () => {
    const report = await reportOn("article", () => runArticle(TINY, silent));
    expect(report.violations).toEqual([]);
    expect(report.tables.map(({ rows }) => rows.length)).toEqual([6, 4, 5]);
    for (const table of report.tables) {
      expect(table.rows.every((row) => row.length === table.columns.length)).toBe(true);
      expect(figuresOf(table).every(Number.isFinite)).toBe(true);
    }
    const left = (report.tables[2] as Table).rows.map((row) => row[6]);
    expect(left).toEqual([1, expect.any(Number), 0, 3_000, 0]);
    expect(left[1]).toBeGreaterThanOrEqual(3_000);
    const words = inWords(report);
    expect(words).toContain("Every count held");
    expect(words).toMatch(/cores run|time-sliced/);
  }, 60_000);

  test("a cell that reads and writes instead of comparing and swapping is caught, and its run does not count", async () => {
    const broken = new URL("../testing/broken-cell-work.ts", import.meta.url);
    const [measured] = await takeTurns(cellContenders(crew, [3], 20, broken).slice(0, 1), 1, silent);
    expect(measured?.violations.length).toBe(2); // sold out on purpose, and the timed round
    expect(measured?.violations[0]).toMatch(/portions admitted of 50000 supplied/);
    expect(measured?.violations[1]).toMatch(/portions admitted, the cell says/);
    expect(measured?.rounds).toEqual([]);
    const report = await reportOn("cas", async () => ({ tables: [], violations: measured?.violations ?? [] }));
    expect(inWords(report)).toContain("THIS RUN DOES NOT COUNT");
  }, 60_000);

  test("a fault in a thread ends the shift with its error", async () => {
    const other = new Crew();
    const work = { module: CELL_WORK, inputs: [{ buffer: null, way: "none", untilShort: false }], durationMs: 5 };
    await expect(other.run(work)).rejects.toThrow();
    await other.close();
  }, 60_000);
});
