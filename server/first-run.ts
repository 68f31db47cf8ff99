/**
 * first-run.json: where the installation is and how to get in, for the person who started it and for `npm run rush`.
 * Password and key are written once, when they are made; the database keeps only their hashes, so they cannot be had again.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readIfThere, writeWhole } from "./embedded/files.ts";
import { StartError } from "./embedded/start-error.ts";

const FirstRun = z.object({
  url: z.string(),
  apiKey: z.string(),
  operator: z.object({ email: z.string(), password: z.string() }),
  databaseUrl: z.string(),
  redisUrl: z.string(),
});

export type FirstRun = z.infer<typeof FirstRun>;

export class FirstRunFile {
  readonly path: string;
  private readonly unfinished: string;

  constructor(dataDir: string) {
    this.path = join(dataDir, "first-run.json");
    this.unfinished = join(dataDir, "first-run.unfinished");
  }

  /** @throws StartError when it is damaged. */
  read(): FirstRun | undefined {
    const text = readIfThere(this.path);
    if (text === undefined) return undefined;
    try {
      return FirstRun.parse(JSON.parse(text));
    } catch {
      throw new StartError(`${this.path} is damaged: delete it (the password and the key in it cannot be had again, everything else stays).`);
    }
  }

  write(content: FirstRun): void {
    writeWhole(this.path, `${JSON.stringify(content, null, 2)}\n`);
    rmSync(this.unfinished, { force: true });
  }

  /** Until `write`: what was made of password and key since is known to nobody, and may be made again. */
  begin(): void {
    writeWhole(this.unfinished, "");
  }

  /** True when a first run broke off between `begin` and `write`. */
  wasBrokenOff(): boolean {
    return readIfThere(this.unfinished) !== undefined;
  }
}
