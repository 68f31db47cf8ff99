/**
 * An operator turns the sampling rate of the contention profile; then every instance follows. Nothing of the stock depends on it.
 */
import type { SamplingAnswer } from "../../contracts/contention.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";
import { onceAudited, type AskedAction } from "../action-log.ts";

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
  const { every, operatorId, actionKey, reason } = request;
  const asked: AskedAction = { verb: "contention.sampling", target: "contention", operatorId, actionKey, reason, request: { every } };
  const { answer, replayed } = await onceAudited(prisma, asked, async (_again, tell) => {
    tell({ before: { every: engine.profile.sampleEvery }, after: { every } });
    engine.setSampling(every);
    return { every };
  });
  return { ...answer, replayed };
}
