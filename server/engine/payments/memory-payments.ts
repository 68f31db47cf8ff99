/**
 * MemoryPayments is the payment ledger's twin: the same answers as the functions of 0004_payments, in plain objects. A call
 * takes effect at once and whole. It asks its owner what orders mean, as the real one asks the tables beside it.
 */
import type { Clock } from "../kernel/clock.ts";
import type { TransactionState } from "../kernel/states.ts";
import type { MemoryLedger } from "../tiers/tcc/memory-ledger.ts";
import {
  PAYMENT_LEASE_MS,
  paymentKeyOf,
  type LeasedPayment,
  type PaymentEvent,
  type PaymentLedger,
  type PaymentReport,
  type SettledPayment,
} from "./payment-ledger.ts";
import { canPaymentMove, type PaymentOutcome, type PaymentState } from "./payment-states.ts";

/** When a refund that is not certain is looked at again, as in settle_payments. */
const AGAIN_MS = 200;

const NOTHING_SOLD: readonly TransactionState[] = ["CANCELLING", "CANCELLED", "REVERSING", "REVERSED"];

export interface OrderTarget {
  txId: string;
  state: TransactionState;
}

export interface PaymentView extends PaymentEvent {
  paymentKey: string;
  state: PaymentState;
  txId: string | null;
  outcome: PaymentOutcome | null;
  ticketId: string | null;
  attempt: number;
  failures: number;
  errorClass: string | null;
  nextAttemptAtMs: number | null;
  receivedAtMs: number;
}

export interface TicketView {
  ticketId: string;
  txId: string;
  kind: "REFUND" | "REVIEW";
  open: boolean;
}

export interface MemoryOrders {
  /** The transaction that the order means, or the fence of that name; null: nobody knows it. */
  target(orderId: string): OrderTarget | null;
  /** Whether a late confirm of it was told that a refund is due. */
  refused(txId: string): boolean;
}

export class MemoryPayments implements PaymentLedger {
  private readonly payments = new Map<string, PaymentView>();
  private readonly tickets = new Map<string, TicketView>();

  constructor(
    private readonly clock: Clock,
    private readonly orders: MemoryOrders,
  ) {}

  async accept(events: readonly PaymentEvent[]): Promise<LeasedPayment[]> {
    const nowMs = this.nowMs();
    const fresh: PaymentView[] = [];
    for (const event of events) {
      const paymentKey = paymentKeyOf(event);
      if (this.payments.has(paymentKey)) continue;
      const target = this.orders.target(event.orderId);
      const payment: PaymentView = {
        ...event,
        paymentKey,
        state: event.status === "PAID" && target ? "PROCESSING" : "PENDING",
        txId: target?.txId ?? null,
        outcome: null,
        ticketId: null,
        attempt: 1,
        failures: 0,
        errorClass: null,
        nextAttemptAtMs: nowMs + PAYMENT_LEASE_MS,
        receivedAtMs: nowMs,
      };
      this.payments.set(paymentKey, payment);
      fresh.push(payment);
    }
    return this.leased(fresh);
  }

  async claim(limit: number): Promise<LeasedPayment[]> {
    const nowMs = this.nowMs();
    const due = [...this.payments.values()]
      .filter(({ nextAttemptAtMs }) => nextAttemptAtMs !== null && nextAttemptAtMs <= nowMs)
      .sort((a, b) => (a.nextAttemptAtMs as number) - (b.nextAttemptAtMs as number))
      .slice(0, limit);
    for (const payment of due) {
      payment.attempt++;
      payment.nextAttemptAtMs = nowMs + PAYMENT_LEASE_MS;
      payment.txId = this.orders.target(payment.orderId)?.txId ?? payment.txId;
      if (payment.state === "PENDING" && payment.status === "PAID" && payment.txId !== null) payment.state = "PROCESSING";
    }
    return this.leased(due);
  }

  async settle(reports: readonly PaymentReport[]): Promise<SettledPayment[]> {
    return reports.flatMap((report) => this.settleOne(report) ?? []);
  }

  /** As settle_refund. @returns whether it was open. */
  settleRefund(ticketId: string): boolean {
    const ticket = this.tickets.get(ticketId);
    if (!ticket?.open || ticket.kind !== "REFUND") return false;
    ticket.open = false;
    for (const payment of this.payments.values()) {
      if (payment.txId === ticket.txId && payment.outcome === "REFUND_DUE") Object.assign(payment, { state: "COMPLETED", outcome: "REFUNDED" });
    }
    return true;
  }

  /** For tests: as if its row stood in this state. */
  force(paymentKey: string, state: PaymentState): void {
    const payment = this.payments.get(paymentKey) as PaymentView;
    const isOpen = state !== "COMPLETED" && state !== "FAILED";
    Object.assign(payment, { state, nextAttemptAtMs: isOpen ? this.nowMs() + PAYMENT_LEASE_MS : null });
  }

  inspect(): { payments: PaymentView[]; tickets: TicketView[] } {
    return structuredClone({ payments: [...this.payments.values()], tickets: [...this.tickets.values()] });
  }

  private settleOne(report: PaymentReport): SettledPayment | null {
    const payment = this.payments.get(report.paymentKey);
    if (!payment || payment.state !== report.from || payment.attempt !== report.attempt || payment.nextAttemptAtMs === null) return null;
    let { to, outcome, retryInMs } = report;
    if (outcome === "REFUND_DUE") {
      if (!this.isLost(payment)) [to, outcome, retryInMs] = [report.from, null, AGAIN_MS];
      else if ([...this.payments.values()].some((other) => other.txId === payment.txId && other.outcome === "SOLD")) [to, outcome] = ["COMPLETED", "REPEATED"];
    }
    if (to !== report.from && !canPaymentMove(report.from, to)) return null;
    const review = payment.ticketId === null ? undefined : this.tickets.get(payment.ticketId);
    if (report.from === "MANUAL_REVIEW" && review?.kind === "REVIEW" && (to !== "MANUAL_REVIEW" || outcome === "REFUND_DUE")) review.open = false;
    let openedTicketId: string | null = null;
    if (outcome === "REFUND_DUE" || (to === "MANUAL_REVIEW" && report.from !== "MANUAL_REVIEW")) {
      const ticket = this.ticketOf(payment.txId as string, outcome === "REFUND_DUE" ? "REFUND" : "REVIEW");
      if (!ticket.open) openedTicketId = ticket.ticketId;
      ticket.open = true;
      payment.ticketId = ticket.ticketId;
    }
    const done = to === "COMPLETED" || to === "FAILED" || outcome === "REFUND_DUE";
    Object.assign(payment, { state: to, outcome, errorClass: report.errorClass, nextAttemptAtMs: done ? null : this.nowMs() + retryInMs });
    if (report.failed) payment.failures++;
    return { paymentKey: payment.paymentKey, state: to, txId: payment.txId, outcome, openedTicketId };
  }

  /** Nothing was and will be sold for it, for certain. */
  private isLost({ orderId, txId }: PaymentView): boolean {
    const target = this.orders.target(orderId);
    if (!target || target.txId !== txId) return false;
    return NOTHING_SOLD.includes(target.state) || (target.state === "EXPIRED" && this.orders.refused(target.txId));
  }

  private ticketOf(txId: string, kind: TicketView["kind"]): TicketView {
    const ticketId = `P${kind}-${txId}`;
    const ticket = this.tickets.get(ticketId) ?? { ticketId, txId, kind, open: false };
    this.tickets.set(ticketId, ticket);
    return ticket;
  }

  private leased(payments: readonly PaymentView[]): LeasedPayment[] {
    const nowMs = this.nowMs();
    const leased = payments.map(({ paymentKey, orderId, status, state, txId, attempt, failures, receivedAtMs }) => {
      const overruled = status === "FAILED" && [...this.payments.values()].some((paid) => overrules(paid, orderId, txId));
      return { paymentKey, orderId, status, state, txId, attempt, failures, ageMs: nowMs - receivedAtMs, overruled };
    });
    return leased.sort((a, b) => Number(a.status !== "PAID") - Number(b.status !== "PAID"));
  }

  private nowMs(): number {
    return Math.floor(this.clock.nowMs());
  }
}

/** What orders mean in a memory ledger. Copies it whole at each question: for tests. */
export function ordersOf(ledger: Pick<MemoryLedger, "inspect">): MemoryOrders {
  return {
    target(orderId) {
      const { orders, transactions } = ledger.inspect();
      const order = orders.find((row) => row.orderId === orderId);
      const found = transactions.find((row) => (order ? row.txId === order.txId : row.txId === orderId && row.payloadHash === null));
      return found ? { txId: found.txId, state: found.state } : null;
    },
    refused: (txId) => ledger.inspect().transactions.some((row) => row.txId === txId && row.ticketId !== null),
  };
}

function overrules(paid: PaymentView, orderId: string, txId: string | null): boolean {
  return paid.status === "PAID" && paid.orderId === orderId && (paid.txId === null || txId === null || paid.txId === txId);
}
