import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { BookEntry } from "../../server/engine/tiers/tcc/participant-book.ts";
import { Journal, KEPT_MS, openJournal } from "./journal.ts";

const NOW_MS = 1_800_000_000_000;

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "journal-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

const entry = (txId: string, state: BookEntry["state"], atMs = NOW_MS): BookEntry => ({ txId, branchId: "01", state, amount: 2, atMs });

async function written(path: string, ...entries: BookEntry[]): Promise<void> {
  const { journal } = await openJournal(path, NOW_MS);
  for (const one of entries) journal.note(one);
  await journal.close();
}

async function reopened(path: string, nowMs = NOW_MS): Promise<BookEntry[]> {
  const { journal, entries } = await openJournal(path, nowMs);
  await journal.close();
  return entries;
}

describe("a journal", () => {
  test("has the last word on each branch again, oldest transaction first", async () => {
    const path = folder();
    await written(path, entry("a", "TRIED"), entry("b", "TRIED"), entry("麺 \n\"", "FENCED"), entry("a", "CONFIRMED"));
    expect(await reopened(path)).toEqual([entry("a", "CONFIRMED"), entry("b", "TRIED"), entry("麺 \n\"", "FENCED")]);
  });

  test("cut off at any byte, as by a kill, has every whole line and takes more", async () => {
    const path = folder();
    const file = join(path, "journal.jsonl");
    await written(path, entry("a", "TRIED"), entry("b", "TRIED"), entry("a", "CONFIRMED"));
    const whole = readFileSync(file);
    const secondLine = whole.lastIndexOf("\n", whole.length - 2);
    for (let length = 0; length <= whole.length; length += length < secondLine - 3 ? 20 : 1) {
      writeFileSync(file, whole.subarray(0, length));
      const lines = whole.subarray(0, length).toString().split("\n").length - 1;
      const expected = [[], [entry("a", "TRIED")], [entry("a", "TRIED"), entry("b", "TRIED")], [entry("a", "CONFIRMED"), entry("b", "TRIED")]][lines];
      await written(path, entry("after", "TRIED"));
      expect(await reopened(path)).toEqual([...expected!, entry("after", "TRIED")]);
    }
  });

  test("survives being killed while it is compacted", async () => {
    const path = folder();
    await written(path, entry("a", "CONFIRMED"));
    writeFileSync(join(path, "journal.jsonl.new"), '{"gid":"a","bra');
    expect(await reopened(path)).toEqual([entry("a", "CONFIRMED")]);
  });

  test("is compacted when it is opened", async () => {
    const path = folder();
    await written(path, entry("a", "TRIED"), entry("a", "CONFIRMED"), entry("a", "REVERSED"));
    await reopened(path);
    expect(readFileSync(join(path, "journal.jsonl"), "utf8").split("\n")).toHaveLength(2);
  });

  test("forgets what ended long ago, and never what is still held", async () => {
    const path = folder();
    await written(path, entry("held", "TRIED"), entry("ended", "CANCELLED"), entry("newer", "CANCELLED", NOW_MS + 1));
    expect((await reopened(path, NOW_MS + KEPT_MS)).map(({ txId }) => txId)).toEqual(["held", "newer"]);
  });

  test.each(["no JSON", '{"gid":"a"}', '{"gid":"a","branch":"01","state":"LOST","amount":1,"at":"2027-01-01T00:00:00Z"}', ""])(
    "with a line of somebody else's in it (%s) stops the start and stays as it is",
    async (line) => {
      const path = folder();
      await written(path, entry("a", "TRIED"));
      const file = join(path, "journal.jsonl");
      writeFileSync(file, `${line}\n${readFileSync(file, "utf8")}`);
      const before = readFileSync(file, "utf8");
      await expect(openJournal(path, NOW_MS)).rejects.toThrow(`Line 1 of ${file} is not the participant's`);
      expect(readFileSync(file, "utf8")).toBe(before);
    },
  );
});

describe("a note", () => {
  /** A disk that flushes when it is told to. */
  function disk() {
    const flushes: { finish(): void; break(error: Error): void }[] = [];
    let text = "";
    const file = {
      appendFile: async (more: string) => void (text += more),
      datasync: () => new Promise<void>((finish, reject) => flushes.push({ finish, break: reject })),
    };
    const until = async (count: number) => {
      while (flushes.length < count) await new Promise(setImmediate);
    };
    return { journal: new Journal(file as unknown as FileHandle), flushes, until, lines: () => text.split("\n").length - 1 };
  }

  test("is settled after its own flush, not before; those that come meanwhile share the next", async () => {
    const { journal, flushes, until, lines } = disk();
    const order: string[] = [];
    const noted = (name: string) => {
      journal.note(entry(name, "TRIED"));
      return journal.settled().then(() => order.push(name));
    };
    const first = noted("a");
    await until(1);
    const more = [noted("b"), noted("c")];
    await new Promise(setImmediate);
    expect([order, lines()]).toEqual([[], 1]);
    flushes[0]!.finish();
    await first;
    expect(order).toEqual(["a"]);
    await until(2);
    flushes[1]!.finish();
    await Promise.all(more);
    expect([order, lines(), flushes.length]).toEqual([["a", "b", "c"], 3, 2]);
  });

  test("that is repeated waits for the flush of what it repeats", async () => {
    const { journal, flushes, until } = disk();
    journal.note(entry("a", "TRIED"));
    const first = journal.settled();
    await until(1);
    let isSettled = false;
    const again = journal.settled().then(() => (isSettled = true));
    await new Promise(setImmediate);
    expect(isSettled).toBe(false);
    flushes[0]!.finish();
    await Promise.all([first, again]);
  });

  test("after a failed flush is never settled", async () => {
    const { journal, flushes, until } = disk();
    journal.note(entry("a", "TRIED"));
    const first = journal.settled();
    await until(1);
    flushes[0]!.break(new Error("disk full"));
    await expect(first).rejects.toThrow("disk full");
    journal.note(entry("b", "TRIED"));
    await expect(journal.settled()).rejects.toThrow("disk full");
    await expect(journal.settled()).rejects.toThrow("disk full");
  });
});
