/**
 * A wrong clock for one process, by libfaketime: the system's, or the distribution's own unpacked into the cache folder.
 * It touches no other process and no system clock.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

const PLACES = ["usr/lib/x86_64-linux-gnu/faketime", "usr/lib/aarch64-linux-gnu/faketime", "usr/lib/faketime"].map((folder) => `${folder}/libfaketime.so.1`);
const DOWNLOAD_MS_MAX = 120_000;

export interface FakeTime {
  /** Null: it can be used. */
  unavailable: string | null;
  /** @param offset seconds, signed, as in `+600`. Only the wall clock is wrong: timers and differences stay right. */
  environment(offset: string): Record<string, string>;
}

export function findFakeTime(cacheDir: string): FakeTime {
  const root = join(cacheDir, "faketime");
  const library = inside("/") ?? inside(root) ?? download(root);
  return {
    unavailable: library === null ? "libfaketime is not installed, and could not be had from apt-get (Debian: apt-get install libfaketime)" : null,
    environment: (offset) => ({ LD_PRELOAD: library ?? "", FAKETIME: offset, FAKETIME_DONT_FAKE_MONOTONIC: "1", DONT_FAKE_MONOTONIC: "1" }),
  };
}

function inside(root: string): string | null {
  return PLACES.map((place) => join(root, place)).find((place) => existsSync(place)) ?? null;
}

/** It needs no library that a system does not have. Package lists are the system's, and where it has none, ours. */
function download(root: string): string | null {
  const lists = join(root, "lists");
  mkdirSync(join(lists, "partial"), { recursive: true });
  const run = (program: string, ...args: string[]) => execFileSync(program, args, { cwd: root, stdio: "ignore", timeout: DOWNLOAD_MS_MAX });
  const ours = ["-o", `Dir::State::Lists=${lists}`, "-o", `Dir::Cache=${lists}`, "-o", "APT::Sandbox::User=root", "-qq"];
  try {
    try {
      run("apt-get", "-qq", "download", "libfaketime");
    } catch {
      run("apt-get", ...ours, "update");
      run("apt-get", ...ours, "download", "libfaketime");
    }
    for (const file of readdirSync(root).filter((name) => name.endsWith(".deb"))) run("dpkg-deb", "-x", join(root, file), root);
  } catch {
    return null; // no apt-get, or no network: this fault is left out, and the report says so
  }
  return inside(root);
}
