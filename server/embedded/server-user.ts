/**
 * Who a server runs as. Postgres refuses to run as root, so root lends it another account and changes nothing on the system.
 * It cannot create accounts; a machine without `postgres` and `nobody` needs an ordinary user.
 */
import { type SpawnOptions, spawnSync } from "node:child_process";
import { chownSync, readFileSync } from "node:fs";
import { StartError } from "./start-error.ts";

export interface ServerUser {
  /** Null: the user who runs us. */
  account: { uid: number; gid: number; name: string } | null;
  /** True when the account cannot walk to the folders by itself, as in a project under /root. */
  needsPassage: boolean;
}

const ACCOUNTS = ["postgres", "nobody"];

/** @param folders what the server must reach: its programs and its data. */
export function serverUser(program: string, ...folders: string[]): ServerUser {
  if (process.getuid?.() !== 0) return { account: null, needsPassage: false };
  const account = findAccount();
  if (!account) throw new StartError("Postgres refuses to run as root, and there is no account to lend it: run as an ordinary user, or set DATABASE_URL and REDIS_URL.");
  const user = { account, needsPassage: false };
  if (reaches(user, program, folders)) return user;
  const carried = { account, needsPassage: true };
  if (reaches(carried, program, folders)) return carried;
  throw new StartError(
    `Postgres refuses to run as root, and the account ${account.name} cannot enter ${folders[0]}: move the project out of root's own folder, run as an ordinary user, or set DATABASE_URL and REDIS_URL.`,
  );
}

function findAccount() {
  const lines = readFileSync("/etc/passwd", "utf8").split("\n").map((line) => line.split(":"));
  for (const name of ACCOUNTS) {
    const row = lines.find((fields) => fields[0] === name);
    if (row) return { name, uid: Number(row[2]), gid: Number(row[3]) };
  }
  return undefined;
}

/**
 * The command as the server's user. With `needsPassage` the process keeps one of root's rights, to walk through closed folders;
 * it still is not root, which is all that Postgres asks.
 */
export function commandAs(user: ServerUser, program: string, args: readonly string[]): { program: string; args: string[]; options: SpawnOptions } {
  const { account } = user;
  if (!account) return { program, args: [...args], options: {} };
  if (!user.needsPassage) return { program, args: [...args], options: { uid: account.uid, gid: account.gid } };
  const lend = [`--reuid=${account.uid}`, `--regid=${account.gid}`, "--clear-groups", "--inh-caps=+dac_override", "--ambient-caps=+dac_override"];
  return { program: "setpriv", args: [...lend, program, ...args], options: {} };
}

export function giveTo(user: ServerUser, path: string): void {
  if (user.account) chownSync(path, user.account.uid, user.account.gid);
}

function reaches(user: ServerUser, program: string, folders: readonly string[]): boolean {
  const look = 'program=$1; shift; for folder in "$@"; do cd "$folder" || exit 1; done; exec "$program" --version';
  const run = commandAs(user, "/bin/sh", ["-c", look, "sh", program, ...folders]);
  return spawnSync(run.program, run.args, { ...(run.options as object), stdio: "ignore", cwd: "/" }).status === 0;
}
