/**
 * A person confirms or cancels one transaction. The engine does it; this file makes sure that it is written down first,
 * under an action key that works once, and that a repeated key gets the first answer.
 * It cannot decide whether the verb is legal: the engine's state table does.
 */
import { createHash, randomBytes } from "node:crypto";
import type { ActionResult, ManualVerb } from "../contracts/console.ts";
import { isEngineError } from "../engine/kernel/errors.ts";
import type { CallContext, MoveAnswer } from "../engine/kernel/types.ts";
import type { PrismaClient } from "../generated/prisma/client.ts";

/** A person waits longer than a program: a slow answer is better than "outcome unknown". */
const ACTION_TIMEOUT_MS = 5_000;

export interface MovingEngine {
  confirm(txId: string, call: CallContext): Promise<MoveAnswer>;
  cancel(txId: string, call: CallContext): Promise<MoveAnswer>;
}

export interface ManualAction {
  txId: string;
  verb: ManualVerb;
  actionKey: string;
  operatorId: string;
  reason: string | null;
}

/** The action key was used for another request. */
export class ActionKeyMisused extends Error {
  constructor(actionKey: string) {
    super(`The action key ${actionKey.slice(actionKey.indexOf(":") + 1)} was used for another request.`);
    this.name = "ActionKeyMisused";
  }
}

interface Answer {
  outcome: "ASKED" | "DONE";
  state?: ActionResult["state"];
}

/**
 * @throws EngineError as the engine's verb does; ActionKeyMisused.
 * A process that dies in between leaves an audit entry "ASKED", whose outcome the transaction itself tells; the same key
 * asks again, and every verb is idempotent.
 */
export async function actByHand(prisma: PrismaClient, engine: MovingEngine, asked: ManualAction): Promise<ActionResult> {
  // Keys are named by who uses them, as the API does: two callers never meet.
  const action = { ...asked, actionKey: `${asked.operatorId}:${asked.actionKey}` };
  const earlier = await writeDown(prisma, action);
  if (earlier?.outcome === "DONE" && earlier.state !== undefined) {
    return { txId: action.txId, state: earlier.state, replayed: true };
  }
  const call = { timeoutMs: ACTION_TIMEOUT_MS, traceId: randomBytes(16).toString("hex") };
  try {
    const { state } = await engine[action.verb](action.txId, call);
    await close(prisma, action, { outcome: "DONE", state }, { outcome: "DONE", state });
    return { txId: action.txId, state, replayed: false };
  } catch (error) {
    const code = isEngineError(error) ? error.code : "INTERNAL";
    // The key stays open: what was refused or lost may be asked again with it.
    await close(prisma, action, { outcome: "ASKED" }, { outcome: "REFUSED", code }).catch(() => undefined);
    throw error;
  }
}

/** @returns null when the key is new: key and audit entry are written in one statement. */
async function writeDown(prisma: PrismaClient, action: ManualAction): Promise<Answer | null> {
  const requestHash = createHash("sha256")
    .update(JSON.stringify(["transaction", action.verb, action.txId, action.operatorId]))
    .digest("hex")
    .slice(0, 32);
  const asked = JSON.stringify({ outcome: "ASKED", actionKey: action.actionKey });
  const written = await prisma.$executeRaw`
    WITH opened AS (
      INSERT INTO actions (action_key, request_hash, verb, target, actor, reason, answer)
      VALUES (${action.actionKey}, ${requestHash}::uuid, ${action.verb}, ${action.txId}, ${action.operatorId},
              ${action.reason}, '{"outcome":"ASKED"}'::jsonb)
      ON CONFLICT (action_key) DO NOTHING
      RETURNING action_key)
    INSERT INTO audit_entries (actor, verb, target, reason, detail)
    SELECT ${action.operatorId}, ${`transaction.${action.verb}`}, ${action.txId}, ${action.reason}, ${asked}::jsonb
    FROM opened`;
  if (written > 0) return null;
  const known = await prisma.action.findUnique({ where: { actionKey: action.actionKey } });
  if (known === null || known.requestHash.replaceAll("-", "") !== requestHash) throw new ActionKeyMisused(action.actionKey);
  return known.answer as unknown as Answer;
}

async function close(
  prisma: PrismaClient,
  action: ManualAction,
  answer: Answer,
  audit: { outcome: string; state?: string; code?: string },
): Promise<void> {
  await prisma.$executeRaw`
    WITH answered AS (
      UPDATE actions SET answer = ${JSON.stringify(answer)}::jsonb
      WHERE action_key = ${action.actionKey} AND answer ->> 'outcome' <> 'DONE')
    UPDATE audit_entries SET detail = detail || ${JSON.stringify(audit)}::jsonb
    WHERE target = ${action.txId} AND detail ->> 'actionKey' = ${action.actionKey} AND detail ->> 'outcome' <> 'DONE'`;
}
