/**
 * A person's action, written down before it is done and closed with what became of it: one audit entry for one action key.
 * It cannot tell whether the action is allowed, nor do it twice safely: what is done must be idempotent by the same key.
 */
import { createHash } from "node:crypto";
import type { AuditVerb } from "../contracts/audit.ts";
import { isEngineError } from "../engine/kernel/errors.ts";
import type { PrismaClient } from "../generated/prisma/client.ts";

/** The action key was used for another request. */
export class ActionKeyMisused extends Error {
  constructor(actionKey: string) {
    super(`The action key ${actionKey.slice(actionKey.indexOf(":") + 1)} was used for another request.`);
    this.name = "ActionKeyMisused";
  }
}

/** It failed before anything was changed: the same request may be sent again, and people are told so. */
export class NotBegun extends Error {
  constructor(cause: unknown) {
    super("It failed before it began.", { cause });
    this.name = "NotBegun";
  }
}

export interface AskedAction {
  verb: AuditVerb;
  target: string;
  operatorId: string;
  /** As the browser made it. */
  actionKey: string;
  reason: string | null;
  /** What else the request says; the same key with another one is a misuse, and the audit keeps it. */
  request: Record<string, unknown>;
}

interface Answer<T> {
  outcome: "ASKED" | "DONE";
  answer?: T;
  /** Asked, and told no for good: nothing was done under this key. */
  refused?: boolean;
}

/** What changed, for whoever reads the audit. Plain data, and never a secret. */
export interface Change {
  before?: unknown;
  after?: unknown;
}

/** Console keys are apart from the engine's own, which name the change itself. */
const keyOf = ({ operatorId, actionKey }: AskedAction): string => `console:${operatorId}:${actionKey}`;

/**
 * @param run does it, and must be idempotent: a process that dies in between is asked again with the same key (`again`).
 * It may tell what it changed. Its answer is kept: no secret may be in it.
 * @returns what `run` answered; the first answer again for a key that was used for the same request.
 * @throws ActionKeyMisused; NotBegun; whatever `run` throws.
 */
export async function onceAudited<T>(prisma: PrismaClient, asked: AskedAction, run: (again: boolean, tell: (change: Change) => void) => Promise<T>): Promise<{ answer: T; replayed: boolean }> {
  const earlier = await open<T>(prisma, asked).catch((error: unknown) => {
    throw error instanceof ActionKeyMisused ? error : new NotBegun(error);
  });
  if (earlier?.outcome === "DONE" && earlier.answer !== undefined) return { answer: earlier.answer, replayed: true };
  let change: Change = {};
  const tell = (told: Change) => {
    change = told;
  };
  try {
    const answer = await run(earlier !== null && earlier.refused !== true, tell);
    await close(prisma, asked, { outcome: "DONE", answer }, { outcome: "DONE", ...change });
    return { answer, replayed: false };
  } catch (error) {
    const code = isEngineError(error) ? error.code : "INTERNAL";
    await close(prisma, asked, { outcome: "ASKED", refused: isEngineError(error) && !error.retryable }, { outcome: "REFUSED", code }).catch(() => undefined);
    throw error;
  }
}

/** @returns null when the key is new: key and audit entry are written in one statement. */
async function open<T>(prisma: PrismaClient, asked: AskedAction): Promise<Answer<T> | null> {
  const { verb, target, operatorId, reason, request } = asked;
  const key = keyOf(asked);
  const requestHash = createHash("sha256").update(JSON.stringify([verb, target, operatorId, reason, request])).digest("hex").slice(0, 32);
  const detail = JSON.stringify({ ...request, outcome: "ASKED", actionKey: key });
  const written = await prisma.$executeRaw`
    WITH opened AS (
      INSERT INTO actions (action_key, request_hash, verb, target, actor, reason, answer)
      VALUES (${key}, ${requestHash}::uuid, ${verb}, ${target}, ${operatorId}, ${reason}, '{"outcome":"ASKED"}'::jsonb)
      ON CONFLICT (action_key) DO NOTHING
      RETURNING action_key)
    INSERT INTO audit_entries (actor, verb, target, reason, detail)
    SELECT ${operatorId}, ${verb}, ${target}, ${reason}, ${detail}::jsonb FROM opened`;
  if (written > 0) return null;
  const known = await prisma.action.findUnique({ where: { actionKey: key } });
  if (known === null || known.requestHash.replaceAll("-", "") !== requestHash) throw new ActionKeyMisused(`${operatorId}:${asked.actionKey}`);
  return known.answer as unknown as Answer<T>;
}

async function close<T>(prisma: PrismaClient, asked: AskedAction, answer: Answer<T>, audit: { outcome: string; code?: string } & Change): Promise<void> {
  const key = keyOf(asked);
  const detail = JSON.stringify(answer.outcome === "DONE" ? { ...audit, answer: answer.answer } : audit);
  await prisma.$executeRaw`
    WITH answered AS (
      UPDATE actions SET answer = ${JSON.stringify(answer)}::jsonb WHERE action_key = ${key} AND answer ->> 'outcome' <> 'DONE')
    UPDATE audit_entries SET detail = detail || ${detail}::jsonb
    WHERE target = ${asked.target} AND detail ->> 'actionKey' = ${key} AND detail ->> 'outcome' <> 'DONE'`;
}
