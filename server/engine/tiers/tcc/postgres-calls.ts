/**
 * PostgresCalls asks Postgres prepared statements on a small pool of its own: one statement a call, each within its limits, and
 * every failure told by what it means. It sends nothing again, and knows no statement: the adapters that use it do.
 */
import pg from "pg";
import { realClock, type Clock } from "../../kernel/clock.ts";
import type { PreparedQuery } from "./postgres-batch.ts";
import { failureOf, refusalOf } from "./postgres-failures.ts";

/** The service stage's share of a request's 800 ms. Lock waits count; the commit itself does not (Postgres stops this
 * clock before it). A statement cancelled by it is rolled back. */
export const LEDGER_STATEMENT_MS_MAX = 400;

/** A batch of 256 takes 3 to 14 ms, so a row locked for longer than this belongs to somebody who is stuck. Long enough to
 * outwait several batches of other instances, short enough to leave half the stage for the work itself. */
export const LEDGER_LOCK_WAIT_MS_MAX = 200;

/** After it a call counts as lost: the server's own limit, and 600 ms for the commit's flush and the network.
 * Redis holds must outlive it; HOLD_MS says so. */
export const LEDGER_CALL_MS_MAX = 1_000;

/** How often a running statement looks whether its client is still there: bounds the life of an orphan. */
const CLIENT_CHECK_MS = 100;

/** Point look-ups only: a plan made while a table was empty must not scan it for ever. */
const SESSION_OPTIONS = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off";

export interface PostgresCallsOptions {
  databaseUrl: string;
  /** As the server lists it. */
  name: string;
  connectionsMax: number;
  clock?: Clock;
  /** Told of connections that break while idle. */
  onTrouble?(error: unknown): void;
}

export class PostgresCalls {
  private readonly pool: pg.Pool;
  private readonly clock: Clock;

  constructor({ databaseUrl, name, connectionsMax, clock = realClock, onTrouble = () => {} }: PostgresCallsOptions) {
    this.clock = clock;
    this.pool = new pg.Pool({
      connectionString: databaseUrl,
      application_name: name,
      max: connectionsMax,
      idleTimeoutMillis: 0, // a new connection plans every statement anew
      connectionTimeoutMillis: LEDGER_STATEMENT_MS_MAX,
      statement_timeout: LEDGER_STATEMENT_MS_MAX,
      lock_timeout: LEDGER_LOCK_WAIT_MS_MAX,
      options: SESSION_OPTIONS,
      keepAlive: true,
    });
    // Once it is closing, a connection that the server ends first is no trouble.
    const trouble = (error: unknown): void => {
      if (!this.pool.ending) onTrouble(error);
    };
    this.pool.on("error", trouble);
    this.pool.on("connect", (client) => {
      client.on("error", trouble);
      // Refused by servers whose system cannot watch a socket; they find out at the end of the statement instead.
      client.query(`SET client_connection_check_interval = ${CLIENT_CHECK_MS}`).catch(() => {});
    });
  }

  /** @throws LedgerFailure and nothing else. */
  async rows<T>(query: PreparedQuery): Promise<T[]> {
    return (await this.ask(query)).rows as T[];
  }

  /** @returns how many rows the statement changed. @throws LedgerFailure and nothing else. */
  async count(query: PreparedQuery): Promise<number> {
    return (await this.ask(query)).rowCount ?? 0;
  }

  /** Opens every connection and prepares these on each, so that the first rush does not pay for it. Failing is no harm. */
  async warm(queries: readonly PreparedQuery[]): Promise<void> {
    const clients = await Promise.allSettled(Array.from({ length: this.pool.options.max }, () => this.pool.connect()));
    await Promise.allSettled(
      clients.map(async (connected) => {
        if (connected.status === "rejected") return;
        try {
          for (const query of queries) await connected.value.query(query);
        } finally {
          connected.value.release();
        }
      }),
    );
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  private async ask(query: PreparedQuery): Promise<pg.QueryResult> {
    let client: pg.PoolClient;
    try {
      client = await this.pool.connect();
    } catch (error) {
      throw refusalOf(error);
    }
    let broken = false;
    const timer = this.clock.schedule(LEDGER_CALL_MS_MAX, () => {
      broken = true; // a polite end would wait for the same silent server
      (client as unknown as { connection: { stream: { destroy(error: Error): void } } }).connection.stream.destroy(
        new Error(`no answer within ${LEDGER_CALL_MS_MAX} ms`),
      );
    });
    try {
      return await client.query(query);
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind === "unknown") broken = true;
      throw failure;
    } finally {
      timer.cancel();
      client.release(broken);
    }
  }
}
