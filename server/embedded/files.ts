/**
 * Small files that must be whole or absent: secrets, stamps, pid files.
 * It cannot lock: `server/embedded/data-folder.ts` does that.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** Writes beside, flushes, then renames: a reader sees the old file or the new one, never half of it. */
export function writeWhole(path: string, content: string, mode = 0o600): void {
  renameSync(writeBeside(path, content, mode), path);
}

/** The same for a file that is not there yet: it succeeds for one process only. @returns false when somebody else was first. */
export function createWhole(path: string, content: string): boolean {
  const temporary = writeBeside(path, content, 0o600);
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    unlinkSync(temporary);
  }
}

function writeBeside(path: string, content: string, mode: number): string {
  // By chance too: processes of two containers may have one number.
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString("hex")}.new`;
  const file = openSync(temporary, "w", mode);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  chmodSync(temporary, mode);
  return temporary;
}

export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * The secret kept in `path`, made on first use: instances that start at one moment keep the same. Letters and digits only, so that it
 * fits into any URL.
 */
export function keptSecret(path: string): { secret: string; isNew: boolean } {
  const kept = readIfThere(path);
  if (kept !== undefined && kept.trim() !== "") return { secret: kept.trim(), isNew: false };
  const secret = randomBytes(24).toString("hex");
  if (kept === undefined && !createWhole(path, `${secret}\n`)) return keptSecret(path);
  if (kept !== undefined) writeWhole(path, `${secret}\n`); // somebody emptied it
  return { secret, isNew: true };
}

/** As root, other users must be able to walk through `dir` (not read it): Postgres refuses to run as root. */
export function makeFolder(dir: string): string {
  if (!existsSync(dir)) mkdirSync(dir, { recursive: true });
  chmodSync(dir, process.getuid?.() === 0 ? 0o711 : 0o700);
  return dir;
}

export function makeParent(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
}
