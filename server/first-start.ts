/**
 * What only the first start of a database does: a menu, an operator, an API key. Password and key are made once and kept in
 * first-run.json; the database keeps their hashes, so they cannot be had again.
 */
import { relative } from "node:path";
import { type Seeded, seed } from "../prisma/seed.ts";
import { createFirstKey } from "./api/keys.ts";
import type { Auth } from "./auth/auth.ts";
import type { Config } from "./config.ts";
import { alone } from "./embedded/migrate.ts";
import type { Stores } from "./embedded/stores.ts";
import { realClock } from "./engine/kernel/clock.ts";
import { type FirstRun, FirstRunFile } from "./first-run.ts";
import type { PrismaClient } from "./generated/prisma/client.ts";

/**
 * Before the engine starts, so that it finds the menu.
 * @returns what was put on the menu; null when the installation is older.
 */
export function seedFirst(databaseUrl: string): Promise<Seeded | null> {
  return alone(databaseUrl, async (client) => {
    const { rows } = await client.query<{ first: boolean }>("SELECT NOT EXISTS (SELECT FROM users) AS first");
    return rows[0]?.first ? seed(client) : null;
  });
}

export interface FirstStartParts {
  config: Config;
  stores: Stores;
  prisma: PrismaClient;
  auth: Auth;
  /** Where this instance is reached. */
  url: string;
}

/** @returns the lines that greet the person at the terminal. */
export async function firstStart(parts: FirstStartParts): Promise<string[]> {
  const { config, stores, url } = parts;
  const file = new FirstRunFile(config.dataDir);
  const made = await alone(stores.databaseUrl, () => makeFirst(file, parts));
  const shownPath = relative(process.cwd(), file.path) || file.path;
  if (made) {
    return [`Eightysix is ready: ${url}`, "", `  e-mail     ${made.operator.email}`, `  password   ${made.operator.password}`, `  API key    ${made.apiKey}`, "", `Kept in ${shownPath}.`];
  }
  const known = file.read();
  if (!known) return [`Eightysix is ready: ${url}`];
  // Another instance's address is not ours to change.
  if (stores.embedded) file.write({ ...known, url, databaseUrl: stores.databaseUrl, redisUrl: stores.redisUrl });
  return [`Eightysix is ready: ${url}`, `Operator and API key: ${shownPath}`];
}

async function makeFirst(file: FirstRunFile, { prisma, auth, stores, url }: FirstStartParts): Promise<FirstRun | undefined> {
  if (file.wasBrokenOff()) {
    await prisma.apiKey.deleteMany();
    await prisma.user.deleteMany();
  }
  if ((await prisma.user.count()) > 0) return undefined;
  file.begin();
  const operator = await auth.createFirstOperator();
  if (!operator) return undefined;
  const { secret } = await createFirstKey(prisma, realClock);
  const made = { url, apiKey: secret, operator, databaseUrl: stores.databaseUrl, redisUrl: stores.redisUrl };
  file.write(made);
  return made;
}
