/**
 * PostgresPayments is the payment ledger on a real Postgres: a small pool of its own, so that a burst of callbacks never takes
 * a connection from the orders. The functions of prisma/migrations/0004_payments decide; nothing here does.
 */
import { readFileSync } from "node:fs";
import pg from "pg";
import { failureOf, refusalOf } from "../tiers/tcc/postgres-failures.ts";
import {
  PAYMENT_LEASE_MS,
  paymentKeyOf,
  type LeasedPayment,
  type PaymentEvent,
  type PaymentLedger,
  type PaymentReport,
  type PaymentStatus,
  type SettledPayment,
} from "./payment-ledger.ts";
import type { PaymentOutcome, PaymentState } from "./payment-states.ts";

/** As the ledger's: a callback is acknowledged within the request's 800 ms, or repeated by its sender. */
const STATEMENT_MS_MAX = 400;
const LOCK_WAIT_MS_MAX = 200;
const CALL_MS_MAX = 1_000;

/** Two batches of callbacks, and a report or a claim. */
const CONNECTIONS_MAX = 3;

const sqlFile = (name: string): string => readFileSync(new URL(`./sql/${name}.sql`, import.meta.url), "utf8");
const ACCEPT = sqlFile("accept-payments");
const CLAIM = sqlFile("claim-payments");
const SETTLE = sqlFile("settle-payments");

interface LeasedRow {
  payment_key: string;
  order_id: string;
  status: PaymentStatus;
  state: PaymentState;
  tx_id: string | null;
  attempt: number;
  failures: number;
  age_ms: number;
  overruled: boolean;
}

interface SettledRow {
  payment_key: string;
  state: PaymentState;
  tx_id: string | null;
  outcome: PaymentOutcome | null;
  opened_ticket: string | null;
}

export interface PostgresPaymentsOptions {
  databaseUrl: string;
  connectionsMax?: number;
  /** Told of connections that break while idle. */
  onTrouble?(error: unknown): void;
}

export class PostgresPayments implements PaymentLedger {
  private readonly pool: pg.Pool;

  constructor({ databaseUrl, connectionsMax = CONNECTIONS_MAX, onTrouble = () => {} }: PostgresPaymentsOptions) {
    this.pool = new pg.Pool({
      connectionString: databaseUrl,
      application_name: "eightysix payments",
      max: connectionsMax,
      connectionTimeoutMillis: STATEMENT_MS_MAX,
      statement_timeout: STATEMENT_MS_MAX,
      lock_timeout: LOCK_WAIT_MS_MAX,
      query_timeout: CALL_MS_MAX,
      keepAlive: true,
    });
    const trouble = (error: unknown): void => {
      if (!this.pool.ending) onTrouble(error);
    };
    this.pool.on("error", trouble);
    this.pool.on("connect", (client) => void client.on("error", trouble));
  }

  async accept(events: readonly PaymentEvent[]): Promise<LeasedPayment[]> {
    const column = <T>(of: (event: PaymentEvent) => T): T[] => events.map(of);
    const values = [
      column(paymentKeyOf),
      column(({ source }) => source),
      column(({ orderId }) => orderId),
      column(({ eventId }) => eventId),
      column(({ status }) => status),
      column(({ amountCents }) => amountCents),
      column(({ occurredAtMs }) => occurredAtMs),
      PAYMENT_LEASE_MS,
    ];
    return (await this.run<LeasedRow>("accept_payments", ACCEPT, values)).map(leasedOf);
  }

  async claim(limit: number): Promise<LeasedPayment[]> {
    return (await this.run<LeasedRow>("claim_payments", CLAIM, [limit, PAYMENT_LEASE_MS])).map(leasedOf);
  }

  async settle(reports: readonly PaymentReport[]): Promise<SettledPayment[]> {
    const column = <T>(of: (report: PaymentReport) => T): T[] => reports.map(of);
    const values = [
      column(({ paymentKey }) => paymentKey),
      column(({ attempt }) => attempt),
      column(({ from }) => from),
      column(({ to }) => to),
      column(({ outcome }) => outcome),
      column(({ errorClass }) => errorClass),
      column(({ message }) => message),
      column(({ failed }) => failed),
      column(({ retryInMs }) => Math.round(retryInMs)),
    ];
    const rows = await this.run<SettledRow>("settle_payments", SETTLE, values);
    return rows.map(({ payment_key, state, tx_id, outcome, opened_ticket }) => ({ paymentKey: payment_key, state, txId: tx_id, outcome, openedTicketId: opened_ticket }));
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  private async run<T>(name: string, text: string, values: unknown[]): Promise<T[]> {
    let client: pg.PoolClient;
    try {
      client = await this.pool.connect();
    } catch (error) {
      throw refusalOf(error);
    }
    let failed = false;
    try {
      return (await client.query({ name, text, values })).rows as T[];
    } catch (error) {
      const failure = failureOf(error);
      failed = failure.kind === "unknown";
      throw failure;
    } finally {
      client.release(failed);
    }
  }
}

function leasedOf(row: LeasedRow): LeasedPayment {
  return {
    paymentKey: row.payment_key,
    orderId: row.order_id,
    status: row.status,
    state: row.state,
    txId: row.tx_id,
    attempt: row.attempt,
    failures: row.failures,
    ageMs: row.age_ms,
    overruled: row.overruled,
  };
}
