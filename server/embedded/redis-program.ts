/**
 * Finds a Redis server program, or unpacks the distribution's own into the cache folder without touching the system.
 * It cannot keep that copy up to date: delete the cache folder to get a newer one.
 */
import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { isAlive, serverEnv } from "./processes.ts";
import { StartError } from "./start-error.ts";

const execFileAsync = promisify(execFile);

export interface RedisProgram {
  program: string;
  /** What it needs in its environment. */
  env: Record<string, string>;
}

type Progress = ((sentence: string) => void) | undefined;

const NAMES = ["redis-server", "valkey-server"];
const VERSION_MIN = { major: 6, minor: 2 };
const COMMAND_TIMEOUT_MS = 180_000;
/** Packages that a server in a folder of its own does not need. */
const NOT_NEEDED = new Set(["libc6", "lsb-base", "adduser", "procps", "sysvinit-utils", "init-system-helpers", "debconf"]);
/** A library can need a library; on Debian 12 and Ubuntu 24 the first round has them all. */
const ROUNDS_MAX = 3;

export async function findRedis(cacheDir: string, progress?: Progress): Promise<RedisProgram> {
  for (const name of NAMES) {
    const found = { program: onPath(name), env: {} };
    if (found.program && runs(found)) return found;
  }
  const folder = join(resolve(cacheDir), "redis");
  const cached = unpackedProgram(folder);
  if (runs(cached)) return cached;

  removeBrokenOff(resolve(cacheDir));
  const fresh = `${folder}.${process.pid}.new`;
  try {
    await unpackFromApt(fresh, progress);
    if (!runs(unpackedProgram(fresh))) throw new Error("what was unpacked does not run");
    rmSync(folder, { recursive: true, force: true });
    renameSync(fresh, folder);
    return unpackedProgram(folder);
  } catch (error) {
    const other = unpackedProgram(folder); // another start may have been quicker
    if (runs(other)) return other;
    throw new StartError(
      `There is no redis-server or valkey-server ${VERSION_MIN.major}.${VERSION_MIN.minor} or newer on PATH, and none could be had from apt-get (${firstLine(error)}): install Redis, or set DATABASE_URL and REDIS_URL.`,
    );
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** What a killed download left. */
function removeBrokenOff(cacheDir: string): void {
  for (const name of existsSync(cacheDir) ? readdirSync(cacheDir) : []) {
    const pid = Number(/^redis\.(\d+)\.new$/.exec(name)?.[1]);
    if (pid && !isAlive(pid)) rmSync(join(cacheDir, name), { recursive: true, force: true });
  }
}

function onPath(name: string): string {
  return spawnSync("/bin/sh", ["-c", 'command -v "$1"', "sh", name], { encoding: "utf8" }).stdout?.trim() ?? "";
}

function runs({ program, env }: RedisProgram): boolean {
  const { status, stdout } = spawnSync(program, ["--version"], { encoding: "utf8", env: serverEnv(env) });
  const version = status === 0 ? /v=(\d+)\.(\d+)/.exec(stdout) : null;
  if (!version) return false;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  return major > VERSION_MIN.major || (major === VERSION_MIN.major && minor >= VERSION_MIN.minor);
}

function unpackedProgram(folder: string): RedisProgram {
  const root = join(folder, "root");
  const libraries = ["usr/lib", "lib"].flatMap((parent) => {
    const path = join(root, parent);
    if (!existsSync(path)) return [];
    return readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => join(path, entry.name));
  });
  return { program: join(root, "usr/bin/redis-server"), env: { LD_LIBRARY_PATH: libraries.join(":") } };
}

/** apt-get with lists and cache in a folder of ours: needs no root and leaves the system as it is. */
async function unpackFromApt(fresh: string, progress: Progress): Promise<void> {
  rmSync(fresh, { recursive: true, force: true });
  const [lists, archives, root] = [join(fresh, "lists"), join(fresh, "archives"), join(fresh, "root")];
  for (const folder of [join(lists, "partial"), join(archives, "archives/partial"), root]) mkdirSync(folder, { recursive: true });
  const ours = ["-o", `Dir::State::Lists=${lists}`, "-o", `Dir::Cache=${archives}`, "-o", "APT::Sandbox::User=root"];

  progress?.("Asking apt-get for Redis (package lists, about 10 MB)");
  await execute("apt-get", [...ours, "-qq", "update"], fresh);
  progress?.("Downloading Redis (2 MB)");
  const had = new Set<string>(NOT_NEEDED);
  let wanted = ["redis-server", "redis-tools"];
  for (let round = 1; round <= ROUNDS_MAX && wanted.length > 0; round++) {
    const packages = [...new Set([...wanted, ...(await dependencies(wanted, ours, fresh))])].filter((name) => !had.has(name));
    if (packages.length === 0) break;
    await execute("apt-get", [...ours, "-qq", "download", ...packages], fresh);
    for (const file of readdirSync(fresh).filter((name) => name.endsWith(".deb"))) {
      await execute("dpkg-deb", ["-x", join(fresh, file), root], fresh);
      rmSync(join(fresh, file));
    }
    for (const name of packages) had.add(name);
    wanted = (await missesLibraries(unpackedProgram(fresh))) ? packages : [];
  }
  rmSync(lists, { recursive: true });
  rmSync(archives, { recursive: true });
}

async function dependencies(packages: readonly string[], ours: readonly string[], cwd: string): Promise<string[]> {
  const only = ["--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks", "--no-replaces", "--no-enhances"];
  const output = await execute("apt-cache", [...ours, "depends", ...only, ...packages], cwd);
  return [...output.matchAll(/^\s+\|?(?:Pre)?Depends: ([a-z0-9][a-z0-9.+-]*)$/gm)].map((match) => match[1] as string);
}

async function missesLibraries({ program, env }: RedisProgram): Promise<boolean> {
  const { stdout } = await execFileAsync("ldd", [program], { env: serverEnv(env) });
  return stdout.includes("not found");
}

async function execute(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { stdout } = await execFileAsync(program, [...args], { cwd, timeout: COMMAND_TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 });
  return stdout;
}

function firstLine(error: unknown): string {
  const { code, stderr, message } = error as { code?: string; stderr?: string; message: string };
  if (code === "ENOENT") return "it is not there";
  return ((stderr || message).split("\n").find((line) => line.trim()) ?? "?").trim();
}
