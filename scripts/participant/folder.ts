/**
 * The participant's folder, held by one process at a time: two journals in one file would be none.
 */
import { type HeldFolder, holdDataFolder } from "../../server/embedded/data-folder.ts";
import { StartError } from "../../server/embedded/start-error.ts";

/** @throws StartError when somebody holds it, or it cannot be used. */
export async function holdFolder(folder: string): Promise<HeldFolder> {
  return holdDataFolder(folder).catch((error: Error) => {
    const owner = /already runs on .* \((process \d+)\)/.exec(error.message)?.[1];
    throw owner ? new StartError(`A participant already runs on ${folder} (${owner}): stop it first, or use another folder.`) : error;
  });
}
