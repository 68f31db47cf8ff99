/**
 * PostgresPayments is the payment ledger on a real Postgres: a small pool of its own, so that a burst of callbacks never takes
 * a connection from the orders. The functions of prisma/migrations/0004_payments decide; nothing here does.
 */
import { readFileSync } from "node:fs";
import { PostgresCalls, type PostgresCallsOptions } from "../tiers/tcc/postgres-calls.ts";
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

export type PostgresPaymentsOptions = Omit<PostgresCallsOptions, "name" | "connectionsMax"> & { connectionsMax?: number };

export class PostgresPayments implements PaymentLedger {
  private readonly calls: PostgresCalls;

  constructor({ connectionsMax = CONNECTIONS_MAX, ...options }: PostgresPaymentsOptions) {
    this.calls = new PostgresCalls({ name: "eightysix payments", connectionsMax, ...options });
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
    return (await this.calls.rows<LeasedRow>({ name: "accept_payments", text: ACCEPT, values })).map(leasedOf);
  }

  async claim(limit: number): Promise<LeasedPayment[]> {
    return (await this.calls.rows<LeasedRow>({ name: "claim_payments", text: CLAIM, values: [limit, PAYMENT_LEASE_MS] })).map(leasedOf);
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
    const rows = await this.calls.rows<SettledRow>({ name: "settle_payments", text: SETTLE, values });
    return rows.map(({ payment_key, state, tx_id, outcome, opened_ticket }) => ({ paymentKey: payment_key, state, txId: tx_id, outcome, openedTicketId: opened_ticket }));
  }

  async close(): Promise<void> {
    await this.calls.close();
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
