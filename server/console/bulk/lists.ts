/**
 * Frozen lists: made when somebody wants to see what a verb would do, started, undone, stopped and continued by people. What
 * is on a list never changes; only those on which the verb is legal when it is made are on it.
 * It carries nothing out: `runner.ts` does.
 */
import { nanoid } from "nanoid";
import { BULK_MAX, GRACE_MS, GRACED_VERBS, type BulkView, type Bulks, type BulkState, type BulkWhy, type freezeSchema } from "../../contracts/bulk.ts";
import type { AuditVerb } from "../../contracts/audit.ts";
import type { ManualVerb } from "../../contracts/console.ts";
import { HAND_VERBS } from "../../engine/kernel/hand-verbs.ts";
import { EngineError } from "../../engine/kernel/errors.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";
import type { z } from "zod";
import { onceAudited, type AskedAction } from "../action-log.ts";
import { peopleOf } from "../reads/people.ts";
import { readIds } from "../reads/transactions.ts";
import { databaseNowMs } from "../transactions/rows.ts";

/** Drafts that nobody started are forgotten. */
const DRAFT_HOURS_MAX = 1;
const LISTED_MAX = 30;

type Freeze = z.output<typeof freezeSchema>;

export interface Frozen {
  bulkId: string;
  total: number;
  /** Found, and not on the list: the verb is not legal on them. */
  leftOut: number;
  /** More were found than a list may have. */
  truncated: boolean;
}

/** @throws EngineError UNKNOWN_TRANSACTION when there is nothing to put on the list. */
export async function freeze(prisma: PrismaClient, { verb, of }: Freeze, operatorId: string): Promise<Frozen> {
  const bulkId = nanoid(16);
  const found = "txIds" in of ? [...new Set(of.txIds)] : "filters" in of ? await readIds(prisma, of.filters, BULK_MAX + 1) : await readStuckIds(prisma, of.fingerprints, BULK_MAX + 1);
  const ids = found.slice(0, BULK_MAX);
  const cause = "fingerprints" in of ? (of.fingerprints[0] ?? null) : null;
  const [, total] = await prisma.$transaction([
    prisma.$executeRaw`
      WITH old AS (DELETE FROM bulk_actions WHERE state = 'DRAFT' AND created_at < clock_timestamp() - ${DRAFT_HOURS_MAX} * interval '1 hour' RETURNING bulk_id)
      DELETE FROM bulk_items USING old WHERE bulk_items.bulk_id = old.bulk_id`,
    // Oldest first: who has waited longest, and the canary, begin.
    prisma.$executeRaw`
      INSERT INTO bulk_items (bulk_id, item_no, tx_id)
      SELECT ${bulkId}, row_number() OVER (ORDER BY created_at, tx_id), tx_id FROM transactions
       WHERE tx_id = ANY (${ids}) AND state = ANY (${[...HAND_VERBS[verb]]}::transaction_state[]) AND payload_hash IS NOT NULL`,
    prisma.$executeRaw`
      INSERT INTO bulk_actions (bulk_id, verb, cause, actor, total)
      SELECT ${bulkId}, ${verb}, ${cause}, ${operatorId}, count(*) FROM bulk_items WHERE bulk_id = ${bulkId}`,
  ]);
  if (total === 0) {
    await prisma.bulkAction.deleteMany({ where: { bulkId } });
    throw new EngineError("UNKNOWN_TRANSACTION", `There is no transaction here that one could ${verb}.`);
  }
  return { bulkId, total, leftOut: ids.length - total, truncated: found.length > BULK_MAX };
}

async function readStuckIds(prisma: PrismaClient, fingerprints: readonly string[], limit: number): Promise<string[]> {
  const rows = await prisma.$queryRaw<{ tx_id: string }[]>`
    SELECT DISTINCT tx_id FROM branches WHERE fingerprint = ANY (${[...fingerprints]}) AND next_attempt_at IS NOT NULL AND failures > 0 LIMIT ${limit}`;
  return rows.map(({ tx_id }) => tx_id);
}

export interface Steer {
  bulkId: string;
  operatorId: string;
  actionKey: string;
}

/** @throws EngineError ILLEGAL_STATE: it was started already. */
export async function start(prisma: PrismaClient, { bulkId, operatorId, actionKey, reason }: Steer & { reason: string }): Promise<{ bulkId: string }> {
  const { verb, total } = await bulkOf(prisma, bulkId);
  const graced = GRACED_VERBS.has(verb as ManualVerb);
  return audited(prisma, { verb: "bulk.start", bulkId, operatorId, actionKey, reason, request: { verb, total } }, () =>
    prisma.$executeRaw`
      UPDATE bulk_actions SET state = ${graced ? "GRACE" : "CANARY"}, reason = ${reason}, started_by = ${operatorId}, started_at = clock_timestamp(),
             due_at = date_trunc('milliseconds', clock_timestamp()) + ${graced ? GRACE_MS : 0} * interval '1 millisecond'
       WHERE bulk_id = ${bulkId} AND state = 'DRAFT'`);
}

/** Before its grace is over: nothing was done, and nothing will be. */
export async function undo(prisma: PrismaClient, steer: Steer): Promise<{ bulkId: string }> {
  return audited(prisma, { verb: "bulk.undo", ...steer }, () =>
    prisma.$executeRaw`UPDATE bulk_actions SET state = 'UNDONE', due_at = NULL, ended_at = clock_timestamp() WHERE bulk_id = ${steer.bulkId} AND state = 'GRACE'`);
}

/** What is on its way is finished, at most one step of it; the rest is left alone. */
export async function stop(prisma: PrismaClient, steer: Steer): Promise<{ bulkId: string }> {
  return audited(prisma, { verb: "bulk.stop", ...steer }, () =>
    prisma.$executeRaw`
      UPDATE bulk_actions SET state = 'STOPPED', due_at = NULL, ended_at = clock_timestamp(), why = 'PERSON'
       WHERE bulk_id = ${steer.bulkId} AND state IN ('CANARY', 'WATCHING', 'HELD', 'RUNNING')`);
}

/** Somebody has looked at what went wrong: what failed is tried once more, and then the rest. */
export async function goOn(prisma: PrismaClient, steer: Steer): Promise<{ bulkId: string }> {
  return audited(prisma, { verb: "bulk.continue", ...steer }, async () => {
    const [, changed] = await prisma.$transaction([
      prisma.$executeRaw`UPDATE bulk_items SET state = 'ASKED' FROM bulk_actions WHERE bulk_actions.bulk_id = bulk_items.bulk_id AND bulk_items.bulk_id = ${steer.bulkId} AND bulk_actions.state = 'HELD' AND bulk_items.state = 'FAILED'`,
      prisma.$executeRaw`UPDATE bulk_actions SET state = 'RUNNING', due_at = date_trunc('milliseconds', clock_timestamp()), why = NULL WHERE bulk_id = ${steer.bulkId} AND state = 'HELD'`,
    ]);
    return changed;
  });
}

/** @param change how many rows it changed; none: the bulk's state does not allow it. */
async function audited(
  prisma: PrismaClient,
  { verb, bulkId, operatorId, actionKey, reason = null, request = {} }: Steer & { verb: AuditVerb; reason?: string | null; request?: Record<string, unknown> },
  change: () => PromiseLike<number>,
): Promise<{ bulkId: string }> {
  const asked: AskedAction = { verb, target: bulkId, operatorId, actionKey, reason, request };
  const { answer } = await onceAudited(prisma, asked, async (again) => {
    if ((await change()) === 0 && !again) throw new EngineError("ILLEGAL_STATE", `This is ${(await bulkOf(prisma, bulkId)).state} by now.`);
    return { bulkId };
  });
  return answer;
}

export async function bulkOf(prisma: PrismaClient, bulkId: string) {
  const bulk = await prisma.bulkAction.findUnique({ where: { bulkId } });
  if (bulk === null) throw new EngineError("UNKNOWN_TRANSACTION", `There is no list ${bulkId}.`);
  return bulk;
}

/** The newest that were started. */
export async function readBulks(prisma: PrismaClient): Promise<Bulks> {
  const [atMs, bulks] = await Promise.all([
    databaseNowMs(prisma),
    prisma.bulkAction.findMany({ where: { state: { not: "DRAFT" } }, orderBy: [{ createdAt: "desc" }, { bulkId: "desc" }], take: LISTED_MAX }),
  ]);
  return { atMs, bulks: await viewsOf(prisma, bulks) };
}

export async function viewsOf(prisma: PrismaClient, bulks: readonly Awaited<ReturnType<typeof bulkOf>>[]): Promise<BulkView[]> {
  const [groups, people] = await Promise.all([
    prisma.bulkItem.groupBy({ by: ["bulkId", "state"], where: { bulkId: { in: bulks.map(({ bulkId }) => bulkId) } }, _count: true }),
    peopleOf(prisma, bulks.map(({ actor, startedBy }) => startedBy ?? actor)),
  ]);
  const counted = new Map(groups.map(({ bulkId, state, _count }) => [`${bulkId} ${state}`, _count]));
  return bulks.map((bulk): BulkView => {
    const { bulkId, verb, state, cause, reason, actor, startedBy, total, why, createdAt, startedAt, dueAt, endedAt } = bulk;
    const count = (...states: string[]) => states.reduce((sum, each) => sum + (counted.get(`${bulkId} ${each}`) ?? 0), 0);
    return {
      bulkId,
      verb: verb as ManualVerb,
      state: state as BulkState,
      cause,
      reason,
      actor: people(startedBy ?? actor),
      total,
      counts: { waiting: count("WAITING", "ASKED"), done: count("DONE"), refused: count("REFUSED"), failed: count("FAILED") },
      why: why as BulkWhy | null,
      createdAtMs: createdAt.getTime(),
      startedAtMs: startedAt?.getTime() ?? null,
      dueAtMs: state === "GRACE" ? (dueAt?.getTime() ?? null) : null,
      endedAtMs: endedAt?.getTime() ?? null,
    };
  });
}
