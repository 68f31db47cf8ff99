/**
 * Remembers what a step was last done for, by the content of its sources. It cannot notice a change of what the step made;
 * each step looks for that itself.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./commands.mjs";

const FOLDER = join(ROOT, ".cache", "stamps");

/** @param {string} name @param {string} content */
export function isStamped(name, content) {
  const file = join(FOLDER, name);
  return existsSync(file) && readFileSync(file, "utf8") === content;
}

/** @param {string} name @param {string} content */
export function stamp(name, content) {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, name), content);
}

/**
 * One hash over the content of files and folders.
 * @param {readonly string[]} paths from the project's root; missing ones count as absent
 * @param {(path: string) => boolean} [wanted]
 */
export function contentHash(paths, wanted = () => true) {
  const hash = createHash("sha256");
  for (const path of paths.flatMap(filesIn).filter(wanted)) hash.update(`${path}\0`).update(readFileSync(join(ROOT, path))).update("\0");
  return hash.digest("hex");
}

/** @param {string} path @returns {string[]} */
function filesIn(path) {
  const full = join(ROOT, path);
  if (!existsSync(full)) return [];
  if (!statSync(full).isDirectory()) return [path];
  return readdirSync(full)
    .sort()
    .flatMap((name) => filesIn(join(path, name)));
}
