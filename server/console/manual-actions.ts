/**
 * A person does something to one transaction. The engine does it; this file makes sure that it is written down first,
 * under an action key that works once, and that a repeated key gets the first answer.
 * It cannot decide whether the verb is legal: the engine's table of verbs by hand does.
 */
import { randomBytes } from "node:crypto";
import type { ActionResult } from "../contracts/console.ts";
import type { HandVerb } from "../engine/kernel/hand-verbs.ts";
import type { CallContext, MoveAnswer } from "../engine/kernel/types.ts";
import type { HandRequest } from "../engine/paths/hand-path.ts";
import type { PrismaClient } from "../generated/prisma/client.ts";
import { onceAudited, type AskedAction } from "./action-log.ts";

/** A person waits longer than a program: a slow answer is better than "outcome unknown". */
const ACTION_TIMEOUT_MS = 5_000;

export interface MovingEngine {
  readonly hand: { run(request: HandRequest, call: CallContext): Promise<MoveAnswer> };
}

export interface ManualAction extends Pick<HandRequest, "outside"> {
  txId: string;
  verb: HandVerb;
  actionKey: string;
  operatorId: string;
  reason: string | null;
  /** What else the audit keeps. */
  more?: Record<string, unknown>;
}

/**
 * @throws EngineError as the engine's verb does; ActionKeyMisused.
 * A process that dies in between leaves an audit entry "ASKED", whose outcome the transaction itself tells; the same key
 * asks again, and finds it done.
 */
export async function actByHand(prisma: PrismaClient, engine: MovingEngine, action: ManualAction): Promise<ActionResult> {
  const { txId, verb, actionKey, operatorId, reason, outside, more } = action;
  const request = { ...more, ...(outside === undefined ? {} : { branches: outside.branchNos, evidence: outside.evidence }) };
  const asked: AskedAction = { verb: `transaction.${verb}`, target: txId, operatorId, actionKey, reason, request };
  const { answer, replayed } = await onceAudited(prisma, asked, async (again, tell) => {
    const before = await prisma.transaction.findUnique({ where: { txId }, select: { state: true } });
    const { state } = await engine.hand.run({ verb, txId, again, ...(outside === undefined ? {} : { outside }) }, callByHand());
    tell({ before, after: { state } });
    return { state };
  });
  return { txId, state: answer.state, replayed };
}

export function callByHand(): CallContext {
  return { timeoutMs: ACTION_TIMEOUT_MS, traceId: randomBytes(16).toString("hex") };
}
