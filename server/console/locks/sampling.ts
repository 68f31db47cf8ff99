/**
 * An operator turns the sampling rate of the contention profile. It is written down first, under an action key that works
 * once; then every instance follows. Nothing of the stock depends on it.
 */
import type { SamplingAnswer } from "../../contracts/contention.ts";
import { fingerprint } from "../../engine/kernel/basket.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";
import { ActionKeyMisused } from "../action-log.ts";

export interface SampledEngine {
  readonly profile: { readonly sampleEvery: number };
  setSampling(every: number): void;
}

export interface SamplingRequest {
  every: number;
  actionKey: string;
  operatorId: string;
  reason: string | null;
}

/** @throws ActionKeyMisused. A repeated key gets the first answer and turns nothing: somebody may have turned it since. */
export async function turnSampling(prisma: PrismaClient, engine: SampledEngine, request: SamplingRequest): Promise<SamplingAnswer> {
  const { every, operatorId, reason } = request;
  const actionKey = `${operatorId}:${request.actionKey}`;
  const requestHash = fingerprint(["contention.sampling", every]);
  const answer = JSON.stringify({ outcome: "DONE", every });
  const detail = JSON.stringify({ outcome: "DONE", actionKey, from: engine.profile.sampleEvery, to: every });
  const written = await prisma.$executeRaw`
    WITH opened AS (
      INSERT INTO actions (action_key, request_hash, verb, target, actor, reason, answer)
      VALUES (${actionKey}, ${requestHash}::uuid, 'sampling', 'contention', ${operatorId}, ${reason}, ${answer}::jsonb)
      ON CONFLICT (action_key) DO NOTHING
      RETURNING action_key)
    INSERT INTO audit_entries (actor, verb, target, reason, detail)
    SELECT ${operatorId}, 'contention.sampling', 'contention', ${reason}, ${detail}::jsonb
    FROM opened`;
  if (written === 0) {
    const known = await prisma.action.findUnique({ where: { actionKey } });
    if (known === null || known.requestHash.replaceAll("-", "") !== requestHash.replaceAll("-", "")) throw new ActionKeyMisused(actionKey);
    return { every, replayed: true };
  }
  engine.setSampling(every);
  return { every, replayed: false };
}
