/**
 * Small files that must be whole or absent: secrets, stamps, pid files.
 * It cannot lock: `server/embedded/data-folder.ts` does that.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** Writes beside, flushes, then renames: a reader sees the old file or the new one, never half of it. */
export function writeWhole(path: string, content: string, mode = 0o600): void {
  const temporary = `${path}.${process.pid}.new`;
  const file = openSync(temporary, "w", mode);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  chmodSync(temporary, mode);
  renameSync(temporary, path);
}

export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The secret kept in `path`, made on first use. Letters and digits only, so that it fits into any URL. */
export function keptSecret(path: string): { secret: string; isNew: boolean } {
  const kept = readIfThere(path)?.trim();
  if (kept) return { secret: kept, isNew: false };
  const secret = randomBytes(24).toString("hex");
  writeWhole(path, `${secret}\n`);
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
