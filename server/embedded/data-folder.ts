/**
 * The folder of an installation that brings its own servers: made, checked, and held by one process at a time.
 * The hold is a file naming the process and its start, so a killed owner's hold is recognised as stale and taken over.
 * It cannot hold a folder on a network disk against another machine.
 */
import { accessSync, constants, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { createWhole, makeFolder, readIfThere, writeWhole } from "./files.ts";
import { isAlive, startOf, waitFor } from "./processes.ts";
import { StartError } from "./start-error.ts";

/** An owner whose npm was killed a moment ago has not noticed yet (it looks twice a second); then it is stopping. */
const NOTICE_WAIT_MS = 1_500;
/** An owner that is stopping ends within 10 s, or its hold is stale. */
const STOPPING_WAIT_MS = 12_000;
/** Each round removes one stale hold; more than a few means that something else keeps making them. */
const ROUNDS_MAX = 10;

interface Owner {
  pid: number;
  /** When the process began, as the system tells it: a pid alone may belong to another program by now. */
  startedAt: string;
  stopping: boolean;
}

export interface HeldFolder {
  /** From now on the next start waits instead of giving up. */
  announceStop(): void;
  release(): void;
}

export async function holdDataFolder(dir: string): Promise<HeldFolder> {
  checkFolder(dir);
  const file = join(dir, "lock");
  const own: Owner = { pid: process.pid, startedAt: await startOf(process.pid), stopping: false };
  await waitFor(NOTICE_WAIT_MS, async () => ((await ownerOf(file))?.stopping === false ? undefined : true));
  await waitFor(STOPPING_WAIT_MS, async () => ((await ownerOf(file))?.stopping ? undefined : true));
  for (let round = 0; round < ROUNDS_MAX; round++) {
    if (createWhole(file, JSON.stringify(own))) {
      return {
        announceStop: () => writeWhole(file, JSON.stringify({ ...own, stopping: true })),
        release: () => rmSync(file, { force: true }),
      };
    }
    const owner = await ownerOf(file);
    if (owner) throw new StartError(`Eightysix already runs on ${dir} (process ${owner.pid}): stop it first, or give this one another DATA_DIR.`);
    await removeStale(file);
  }
  throw new StartError(`${file} cannot be taken: delete it when no Eightysix runs on ${dir}.`);
}

function checkFolder(dir: string): void {
  const found = statSync(dir, { throwIfNoEntry: false });
  if (found && !found.isDirectory()) throw new StartError(`${dir} is not a folder: delete it, or set DATA_DIR to another place.`);
  try {
    makeFolder(dir);
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new StartError(`${dir} cannot be used (${(error as NodeJS.ErrnoException).code}): make it writable, or set DATA_DIR to another place.`);
  }
}

/** The living owner of the hold; undefined when there is none, or it is stale. */
async function ownerOf(file: string): Promise<Owner | undefined> {
  const owner = parse(readIfThere(file));
  if (!owner || !isAlive(owner.pid)) return undefined;
  return (await startOf(owner.pid)) === owner.startedAt ? owner : undefined;
}

function parse(text: string | undefined): Owner | undefined {
  try {
    const owner = JSON.parse(text ?? "null") as Owner | null;
    return owner && Number.isInteger(owner.pid) ? owner : undefined;
  } catch {
    return undefined;
  }
}

/** Moves the hold aside first: of two starts that saw the same stale hold, neither may remove the other's new one. */
async function removeStale(file: string): Promise<void> {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const movedByMistake = await ownerOf(aside);
  if (movedByMistake) createWhole(file, JSON.stringify(movedByMistake));
  rmSync(aside, { force: true });
}
