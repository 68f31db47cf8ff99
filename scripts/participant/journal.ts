/**
 * The participant's memory across deaths: one line a change, on the disk before anybody hears of it. Changes that come while
 * one flush is under way share the next. Killed at any point, it finds on its next start whatever was answered.
 * It cannot share its folder with a second process: `main.ts` holds the folder.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { StartError } from "../../server/embedded/start-error.ts";
import { BOOK_STATES, type BookEntry } from "../../server/engine/tiers/tcc/participant-book.ts";

/** Longer than anybody's message is late: after it, what a finished branch fenced off is forgotten, at the next start. */
export const KEPT_MS = 7 * 86_400_000;

export interface OpenedJournal {
  journal: Journal;
  /** The last word on each branch, oldest transaction first. */
  entries: BookEntry[];
}

/** Reads what is there, rewrites it without what was overtaken, and opens it for more. @throws StartError when the file holds what this program did not write. */
export async function openJournal(folder: string, nowMs: number): Promise<OpenedJournal> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "journal.jsonl");
  const entries = lastWords(read(file), file).filter(({ state, atMs }) => state === "TRIED" || nowMs - atMs < KEPT_MS);
  rewrite(folder, file, entries);
  return { journal: new Journal(await open(file, "a")), entries };
}

export class Journal {
  /** Not yet handed to the disk. */
  private waiting = "";
  private writing: Promise<void> = Promise.resolve();
  private next: Promise<void> | null = null;

  constructor(private readonly file: FileHandle) {}

  /** Notes a change. It is durable when `settled` resolves. */
  note(entry: BookEntry): void {
    this.waiting += lineOf(entry);
  }

  /** Resolves when all that was noted so far is on the disk. Rejects once the disk has failed, and for ever after. */
  settled(): Promise<void> {
    if (this.waiting === "") return this.next ?? this.writing;
    this.next ??= this.writing.then(() => {
      this.next = null;
      this.writing = this.write();
      return this.writing;
    });
    return this.next;
  }

  async close(): Promise<void> {
    await this.settled();
    await this.file.close();
  }

  private async write(): Promise<void> {
    const text = this.waiting;
    this.waiting = "";
    await this.file.appendFile(text);
    await this.file.datasync();
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

/** A last line without its end was never answered for: it is dropped. Anything else that cannot be read stops the start. */
function lastWords(text: string, file: string): BookEntry[] {
  const lines = text.split("\n");
  lines.pop();
  const last = new Map<string, BookEntry>();
  lines.forEach((line, at) => {
    const entry = entryOf(line);
    if (!entry) throw new StartError(`Line ${at + 1} of ${file} is not the participant's: move the file away to start without it.`);
    last.set(`${entry.txId} ${entry.branchId}`, entry);
  });
  return [...last.values()];
}

/** Beside, flushed, then renamed: whoever is killed in between leaves the old file or the new one. */
function rewrite(folder: string, file: string, entries: readonly BookEntry[]): void {
  const fresh = `${file}.new`;
  rmSync(fresh, { force: true });
  const handle = openSync(fresh, "w", 0o600);
  try {
    writeFileSync(handle, entries.map(lineOf).join(""));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(fresh, file);
  const directory = openSync(folder, "r");
  try {
    fsyncSync(directory); // or the new name itself may be forgotten
  } finally {
    closeSync(directory);
  }
}

function lineOf({ txId, branchId, state, amount, atMs }: BookEntry): string {
  return `${JSON.stringify({ gid: txId, branch: branchId, state, amount, at: new Date(atMs).toISOString() })}\n`;
}

function entryOf(line: string): BookEntry | null {
  try {
    const { gid, branch, state, amount, at } = JSON.parse(line) as Record<string, unknown>;
    const atMs = Date.parse(String(at));
    const isWhole = typeof gid === "string" && typeof branch === "string" && (BOOK_STATES as readonly unknown[]).includes(state);
    if (!isWhole || !Number.isSafeInteger(amount) || Number.isNaN(atMs)) return null;
    return { txId: gid, branchId: branch, state: state as BookEntry["state"], amount: amount as number, atMs };
  } catch {
    return null;
  }
}
