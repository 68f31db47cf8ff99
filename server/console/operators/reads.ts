/** Operators and API keys as the page lists them. It never reads a password or a key's hash. */
import type { Role } from "../../contracts/console.ts";
import type { KeyRow, OperatorRow, OperatorsPage } from "../../contracts/operators.ts";
import { SCOPES } from "../../contracts/scopes.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";
import { databaseNowMs } from "../transactions/rows.ts";

/** Of each list. More people than that do not share one console. */
const LISTED_MAX = 500;

export async function readOperators(prisma: PrismaClient, usualRatePerSecond: number): Promise<OperatorsPage> {
  const [atMs, users, sessions, tickets, bulks, keys] = await Promise.all([
    databaseNowMs(prisma),
    prisma.user.findMany({ orderBy: [{ disabledAt: { sort: "asc", nulls: "first" } }, { createdAt: "asc" }], take: LISTED_MAX }),
    prisma.session.groupBy({ by: ["userId"], where: { expiresAt: { gt: new Date() } }, _count: true, _max: { updatedAt: true } }),
    prisma.ticket.groupBy({ by: ["claimedBy"], where: { closedAt: null, claimedBy: { not: null } }, _count: true }),
    prisma.bulkAction.groupBy({ by: ["startedBy"], where: { endedAt: null, startedBy: { not: null } }, _count: true }),
    prisma.apiKey.findMany({
      orderBy: [{ revokedAt: { sort: "asc", nulls: "first" } }, { createdAt: "desc" }],
      take: LISTED_MAX,
      select: { keyId: true, name: true, scopes: true, ratePerSecond: true, createdAt: true, revokedAt: true, lastUsedAt: true },
    }),
  ]);
  const signedIn = new Map(sessions.map(({ userId, _count, _max }) => [userId, { count: _count, at: _max.updatedAt }]));
  const held = new Map(tickets.map(({ claimedBy, _count }) => [claimedBy, _count]));
  const going = new Map(bulks.map(({ startedBy, _count }) => [startedBy, _count]));
  return {
    atMs,
    usualRatePerSecond,
    operators: users.map(({ id, name, email, role, disabledAt, createdAt }): OperatorRow => ({
      operatorId: id,
      name,
      email,
      role: role as Role,
      disabledAtMs: disabledAt?.getTime() ?? null,
      createdAtMs: createdAt.getTime(),
      sessions: signedIn.get(id)?.count ?? 0,
      tickets: held.get(id) ?? 0,
      bulks: going.get(id) ?? 0,
      seenAtMs: signedIn.get(id)?.at?.getTime() ?? null,
    })),
    keys: keys.map(({ scopes, createdAt, revokedAt, lastUsedAt, ...key }): KeyRow => ({
      ...key,
      scopes: SCOPES.filter((scope) => scopes.includes(scope)),
      createdAtMs: createdAt.getTime(),
      revokedAtMs: revokedAt?.getTime() ?? null,
      lastUsedAtMs: lastUsedAt?.getTime() ?? null,
    })),
  };
}
