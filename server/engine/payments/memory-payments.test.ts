import { realClock } from "../kernel/clock.ts";
import { MemoryLedger } from "../tiers/tcc/memory-ledger.ts";
import { MemoryPayments, ordersOf } from "./memory-payments.ts";
import { describePayments } from "./payments.conformance.ts";

describePayments("the twin in memory", async () => {
  const ledger = new MemoryLedger(realClock);
  const payments = new MemoryPayments(realClock, ordersOf(ledger));
  return {
    ledger,
    payments,
    other: payments,
    openTickets: async (txIds) => {
      const open = payments.inspect().tickets.filter((ticket) => ticket.open && txIds.includes(ticket.txId));
      return open.map(({ kind, txId }) => `${kind} ${txId}`).sort();
    },
    settleRefund: async (ticketId) => payments.settleRefund(ticketId),
    state: async (paymentKey) => {
      const { state, outcome, failures, nextAttemptAtMs } = payments.inspect().payments.find((payment) => payment.paymentKey === paymentKey) ?? fail(paymentKey);
      return { state, outcome, failures, isDue: nextAttemptAtMs !== null };
    },
    force: async (paymentKey, state) => payments.force(paymentKey, state),
    audit: async () => [],
  };
});

function fail(paymentKey: string): never {
  throw new Error(`there is no payment ${paymentKey}`);
}
