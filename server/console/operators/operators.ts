/**
 * Operators are made and changed here, one statement a change: who is changed, whose sessions end, and the notice that lets
 * every process look at its sockets again are one commit. Whether somebody may ask for it is the routes' business.
 */
import { EngineError } from "../../engine/kernel/errors.ts";
import type { Role } from "../../contracts/console.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";
import { OPERATORS_CHANGED, type Auth } from "../../auth/auth.ts";
import { randomPassword } from "../../auth/passwords.ts";

type People = Pick<Auth, "heard" | "passwords">;

export interface NewOperator {
  operatorId: string;
  name: string;
  email: string;
  role: Role;
}

/**
 * @returns the password, to be shown once; null when this id was made before: its password is not known any more.
 * @throws EngineError ILLEGAL_STATE: somebody has this e-mail address.
 */
export async function createOperator(prisma: PrismaClient, people: People, { operatorId, name, email, role }: NewOperator): Promise<string | null> {
  const password = randomPassword();
  const account = { id: operatorId, providerId: "credential", accountId: operatorId, password: await people.passwords.hash(password) };
  try {
    await prisma.user.create({ data: { id: operatorId, name, email, role, emailVerified: true, accounts: { create: account } } });
  } catch (error) {
    if ((error as { code?: string }).code !== "P2002") throw error;
    if ((await prisma.user.findUnique({ where: { id: operatorId } })) !== null) return null;
    throw new EngineError("ILLEGAL_STATE", "Somebody has this e-mail address already.");
  }
  return password;
}

/** @returns the role before. @throws EngineError UNKNOWN_TRANSACTION, or ILLEGAL_STATE: it is the last admin. */
export async function setRole(prisma: PrismaClient, people: People, operatorId: string, role: Role): Promise<Role> {
  const [row] = await prisma.$queryRaw<{ before: Role | null; changed: boolean }[]>`
    WITH admins AS (SELECT id FROM users WHERE role = 'admin' AND disabled_at IS NULL ORDER BY id FOR UPDATE),
    before AS (SELECT role FROM users WHERE id = ${operatorId}),
    changed AS (
      UPDATE users SET role = ${role}, updated_at = clock_timestamp()
       WHERE id = ${operatorId} AND (${role} = 'admin' OR EXISTS (SELECT FROM admins WHERE id <> ${operatorId}))
      RETURNING pg_notify(${OPERATORS_CHANGED}, ''))
    SELECT (SELECT role FROM before) AS before, EXISTS (SELECT FROM changed) AS changed`;
  const before = settled(row, operatorId);
  people.heard();
  return before;
}

/** A disabled operator has no session from this commit on. @returns whether it changed anything. @throws as `setRole`. */
export async function setDisabled(prisma: PrismaClient, people: People, operatorId: string, disabled: boolean): Promise<boolean> {
  const [row] = await prisma.$queryRaw<{ before: Role | null; changed: boolean; was: boolean }[]>`
    WITH admins AS (SELECT id FROM users WHERE role = 'admin' AND disabled_at IS NULL ORDER BY id FOR UPDATE),
    before AS (SELECT role, disabled_at IS NOT NULL AS disabled FROM users WHERE id = ${operatorId}),
    changed AS (
      UPDATE users SET disabled_at = CASE WHEN ${disabled} THEN coalesce(disabled_at, clock_timestamp()) END, updated_at = clock_timestamp()
       WHERE id = ${operatorId} AND (NOT ${disabled} OR EXISTS (SELECT FROM admins WHERE id <> ${operatorId}))
      RETURNING pg_notify(${OPERATORS_CHANGED}, '')),
    ended AS (DELETE FROM sessions WHERE user_id = ${operatorId} AND ${disabled} AND EXISTS (SELECT FROM changed))
    SELECT (SELECT role FROM before) AS before, (SELECT disabled FROM before) AS was, EXISTS (SELECT FROM changed) AS changed`;
  settled(row, operatorId);
  people.heard();
  return row?.was !== disabled;
}

/** Another password, shown once; every browser that was signed in with the old one is signed out. @throws EngineError UNKNOWN_TRANSACTION. */
export async function resetPassword(prisma: PrismaClient, people: People, operatorId: string): Promise<string> {
  const password = randomPassword();
  if (!(await replacePassword(prisma, people, { operatorId, password, keepSessionId: "" }))) throw unknown(operatorId);
  return password;
}

/** @returns false: the current one is wrong. Other browsers are signed out. */
export async function changeOwnPassword(prisma: PrismaClient, people: People, own: { operatorId: string; sessionId: string; current: string; next: string }): Promise<boolean> {
  const account = await prisma.account.findFirst({ where: { userId: own.operatorId, providerId: "credential" }, select: { password: true } });
  if (!account?.password || !(await people.passwords.verify({ hash: account.password, password: own.current }))) return false;
  return replacePassword(prisma, people, { operatorId: own.operatorId, password: own.next, keepSessionId: own.sessionId });
}

async function replacePassword(prisma: PrismaClient, people: People, { operatorId, password, keepSessionId }: { operatorId: string; password: string; keepSessionId: string }): Promise<boolean> {
  const hash = await people.passwords.hash(password);
  const [row] = await prisma.$queryRaw<{ changed: boolean }[]>`
    WITH changed AS (
      UPDATE accounts SET password = ${hash}, updated_at = clock_timestamp() WHERE user_id = ${operatorId} AND provider_id = 'credential'
      RETURNING pg_notify(${OPERATORS_CHANGED}, '')),
    ended AS (DELETE FROM sessions WHERE user_id = ${operatorId} AND id <> ${keepSessionId} AND EXISTS (SELECT FROM changed))
    SELECT EXISTS (SELECT FROM changed) AS changed`;
  people.heard();
  return row?.changed === true;
}

function settled(row: { before: Role | null; changed: boolean } | undefined, operatorId: string): Role {
  if (!row?.before) throw unknown(operatorId);
  if (!row.changed) throw new EngineError("ILLEGAL_STATE", "Somebody has to be admin: this is the last one.");
  return row.before;
}

function unknown(operatorId: string): EngineError {
  return new EngineError("UNKNOWN_TRANSACTION", `There is no operator ${operatorId}.`);
}
