/**
 * Postgres under a test's thumb: a second session that stops between statement and commit, and the audit as a list.
 */
import { readFileSync } from "node:fs";
import pg from "pg";
import { realClock } from "../../kernel/clock.ts";
import type { LedgerBatch, LedgerBatchResult } from "./ledger.ts";
import type { LedgerUnderTest } from "./ledger-testing.ts";
import { stockBatchCall } from "./postgres-batch.ts";
import { PostgresLedger } from "./postgres-ledger.ts";

export const AUDIT = readFileSync(new URL("../../../../prisma/sql/audit.sql", import.meta.url), "utf8");

/** How long a session may take to get where a test wants it. */
const PATIENCE_MS = 5_000;

export async function auditOf(client: pg.Client | pg.Pool): Promise<string[]> {
  const { rows } = await client.query<{ rule: string; subject: string; expected: string; found: string }>(AUDIT);
  return rows.map(({ rule, subject, expected, found }) => `${rule}: ${subject} should be ${expected}, is ${found}`);
}

export interface PostgresUnderTest extends LedgerUnderTest {
  pool: pg.Pool;
  /** A session of its own, in a transaction that the test ends. */
  open(): Promise<Session>;
  close(): Promise<void>;
}

export function postgresUnderTest(databaseUrl: string): PostgresUnderTest {
  const ledger = new PostgresLedger({ databaseUrl, connectionsMax: 3 });
  const other = new PostgresLedger({ databaseUrl, connectionsMax: 3 });
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  const sessions: Session[] = [];
  return {
    ledger,
    other,
    pool,
    audit: () => auditOf(pool),
    movements: async (dishId) => {
      const { rows } = await pool.query<{ quantity: number }>("SELECT quantity FROM stock_movements WHERE dish_id = $1 ORDER BY movement_id", [dishId]);
      return rows.map(({ quantity }) => quantity);
    },
    open: async () => {
      const session = await Session.open(databaseUrl, pool);
      sessions.push(session);
      return session;
    },
    close: async () => {
      await Promise.all([ledger.close(), other.close(), ...sessions.map((session) => session.close())]);
      await pool.end();
    },
  };
}

/** Holds what its statements locked until it is told to commit. */
export class Session {
  private constructor(
    readonly client: pg.Client,
    private readonly watcher: pg.Pool,
  ) {}

  static async open(databaseUrl: string, watcher: pg.Pool): Promise<Session> {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query("BEGIN");
    return new Session(client, watcher);
  }

  async runBatch(batch: LedgerBatch): Promise<LedgerBatchResult> {
    const { query, read } = stockBatchCall(batch);
    const { rows } = await this.client.query(query);
    return read(rows[0].answer);
  }

  /** Resolves when somebody waits for a lock that this session holds. */
  async blocksSomebody(): Promise<void> {
    const { rows } = await this.client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    const pid = rows[0]?.pid;
    for (const endAtMs = realClock.monotonicMs() + PATIENCE_MS; realClock.monotonicMs() < endAtMs; ) {
      const waiting = await this.watcher.query("SELECT FROM pg_stat_activity WHERE $1::int = ANY (pg_blocking_pids(pid))", [pid]);
      if (waiting.rowCount) return;
    }
    throw new Error("nobody waits for this session");
  }

  async commit(): Promise<void> {
    await this.client.query("COMMIT");
  }

  async close(): Promise<void> {
    await this.client.end();
  }
}
