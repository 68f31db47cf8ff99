/**
 * `node scripts/complete-lock.mjs`, after a dependency changed: names the builds for other platforms in package-lock.json.
 * A registry mirror that serves one platform leaves them out, and `npm ci` then refuses the whole file, there and elsewhere.
 * It cannot know their checksums; npm takes them from the registry on the platforms that install them.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./commands.mjs";

const SYSTEMS = ["android", "darwin", "win32", "windows", "freebsd", "openbsd", "netbsd", "sunos", "aix", "linux", "openharmony"];
const PROCESSORS = ["arm64", "arm", "x64", "ia32", "ppc64", "s390x", "riscv64", "loong64", "mips64el", "wasm32"];

const file = join(ROOT, "package-lock.json");
const lock = JSON.parse(readFileSync(file, "utf8"));
const added = [];

for (const [parentPath, parent] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    if (isListed(parentPath, name) || !/^\d/.test(version)) continue;
    const path = `node_modules/${name}`;
    lock.packages[path] = { version, ...placeOf(name), ...(parent.dev ? { dev: true } : {}), ...(parent.devOptional ? { devOptional: true } : { optional: true }) };
    added.push(`${name}@${version}`);
  }
}

const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, "en"));
lock.packages = Object.fromEntries(sorted);
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(added.length === 0 ? "package-lock.json names every platform." : `Named: ${added.join(", ")}`);

/** Node looks in the parent's own folder first, then in every folder above. @param {string} parentPath @param {string} name */
function isListed(parentPath, name) {
  const levels = parentPath.split("/node_modules/");
  return levels.some((_, depth) => {
    const prefix = levels.slice(0, levels.length - depth).join("/node_modules/");
    return lock.packages[`${prefix ? `${prefix}/` : ""}node_modules/${name}`] !== undefined;
  }) || lock.packages[`node_modules/${name}`] !== undefined;
}

/** @param {string} name */
function placeOf(name) {
  const words = name.split("/").at(-1)?.split(/[-_]/) ?? [];
  const system = words.find((word) => SYSTEMS.includes(word));
  const processor = words.find((word) => PROCESSORS.includes(word));
  const library = words.includes("musl") ? "musl" : words.some((word) => word.startsWith("gnu")) ? "glibc" : undefined;
  return {
    ...(processor ? { cpu: [processor] } : {}),
    ...(library ? { libc: [library] } : {}),
    ...(system ? { os: [system === "windows" ? "win32" : system] } : {}),
  };
}
