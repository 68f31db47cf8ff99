/**
 * Which request an idempotency key belongs to, in the same table as the actions that the ledger writes: one key is one
 * request, whatever route it was sent to. Rows are written here only for requests whose effects are idempotent already.
 */
import type { PrismaClient } from "../generated/prisma/client.ts";
import type { ApiClaims } from "./ports.ts";

export function createApiClaims(prisma: PrismaClient): ApiClaims {
  return {
    /** The first one wins: the primary key decides between two at once. */
    async claim({ actionKey, requestHash, verb, actor }) {
      await prisma.$executeRaw`
        INSERT INTO actions (action_key, request_hash, verb, target, actor, answer)
        VALUES (${actionKey}, ${requestHash}::uuid, ${verb}, '', ${actor}, '{}') ON CONFLICT (action_key) DO NOTHING`;
      const claimed = await prisma.action.findUniqueOrThrow({ where: { actionKey }, select: { requestHash: true, verb: true } });
      return claimed.verb === verb && claimed.requestHash.replaceAll("-", "") === requestHash;
    },
  };
}
