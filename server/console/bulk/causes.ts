/**
 * Stuck work grouped by its cause: 400 transactions that wait for one coupon service are one row. Read only.
 * What was not sent, because the circuit was open or the line full, has the cause of those that were sent and failed.
 */
import type { Cause, Causes } from "../../contracts/bulk.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";
import { databaseNowMs } from "../transactions/rows.ts";

const CAUSES_MAX = 200;

/** Consequences, not causes. */
const NOT_SENT = new Set(["CIRCUIT_OPEN", "OVERLOADED"]);

interface CauseRow {
  fingerprint: string;
  participant: string;
  operation: Cause["operation"];
  error_class: string;
  transactions: number;
  tickets: number;
  under_minute: number;
  under_five: number;
  under_half_hour: number;
  older: number;
  oldest: Date;
  failures: number;
  next: Date;
  last_error: string | null;
}

export async function readCauses(prisma: PrismaClient): Promise<Causes> {
  const [atMs, rows] = await Promise.all([
    databaseNowMs(prisma),
    prisma.$queryRaw<CauseRow[]>`
      WITH stuck AS (
        SELECT b.*, t.updated_at AS since, clock_timestamp() - t.updated_at AS age, EXISTS (SELECT FROM tickets k WHERE k.tx_id = b.tx_id AND k.kind = 'REVIEW' AND k.closed_at IS NULL) AS ticket
          FROM branches b JOIN transactions t ON t.tx_id = b.tx_id
         WHERE b.next_attempt_at IS NOT NULL AND b.failures > 0 AND b.fingerprint IS NOT NULL)
      SELECT fingerprint, min(participant) AS participant, min(branch_operation(state)) AS operation, min(error_class) AS error_class,
             count(DISTINCT tx_id)::int AS transactions, (count(DISTINCT tx_id) FILTER (WHERE ticket))::int AS tickets,
             (count(DISTINCT tx_id) FILTER (WHERE age < interval '1 minute'))::int AS under_minute,
             (count(DISTINCT tx_id) FILTER (WHERE age >= interval '1 minute' AND age < interval '5 minutes'))::int AS under_five,
             (count(DISTINCT tx_id) FILTER (WHERE age >= interval '5 minutes' AND age < interval '30 minutes'))::int AS under_half_hour,
             (count(DISTINCT tx_id) FILTER (WHERE age >= interval '30 minutes'))::int AS older,
             min(since) AS oldest, max(failures) AS failures, min(next_attempt_at) AS next,
             (array_agg(last_error ORDER BY failures DESC, tx_id))[1] AS last_error
        FROM stuck GROUP BY fingerprint ORDER BY transactions DESC, fingerprint LIMIT ${CAUSES_MAX}`,
  ]);
  return { atMs, causes: merged(rows.map(causeOf)) };
}

/** Puts what was not sent with the failure that it follows from. */
export function merged(causes: readonly Cause[]): Cause[] {
  const roots = causes.filter(({ errorClass }) => !NOT_SENT.has(errorClass)).map((cause) => ({ ...cause, ages: { ...cause.ages } }));
  const alone: Cause[] = [];
  for (const cause of causes) {
    if (!NOT_SENT.has(cause.errorClass)) continue;
    // The most frequent failure of the same call; the rows come in that order.
    const root = [...roots, ...alone].find(({ participant, operation }) => participant === cause.participant && operation === cause.operation);
    if (root === undefined) alone.push({ ...cause, ages: { ...cause.ages } });
    else add(root, cause);
  }
  return [...roots, ...alone].sort((a, b) => b.transactions - a.transactions || (a.fingerprint < b.fingerprint ? -1 : 1));
}

function add(root: Cause, more: Cause): void {
  root.fingerprints.push(...more.fingerprints);
  root.transactions += more.transactions;
  root.tickets += more.tickets;
  for (const age of Object.keys(root.ages) as (keyof Cause["ages"])[]) root.ages[age] += more.ages[age];
  root.oldestSinceMs = Math.min(root.oldestSinceMs, more.oldestSinceMs);
  root.failuresMax = Math.max(root.failuresMax, more.failuresMax);
  root.nextAttemptAtMs = Math.min(root.nextAttemptAtMs, more.nextAttemptAtMs);
}

function causeOf(row: CauseRow): Cause {
  return {
    fingerprint: row.fingerprint,
    participant: row.participant,
    operation: row.operation,
    errorClass: row.error_class,
    fingerprints: [row.fingerprint],
    transactions: row.transactions,
    tickets: row.tickets,
    ages: { underMinute: row.under_minute, underFive: row.under_five, underHalfHour: row.under_half_hour, older: row.older },
    oldestSinceMs: row.oldest.getTime(),
    failuresMax: row.failures,
    nextAttemptAtMs: row.next.getTime(),
    lastError: row.last_error,
  };
}
