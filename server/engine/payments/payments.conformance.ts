/**
 * What any payment ledger must do: write each callback down once, lease it to one instance, believe the right report, and
 * refund only what can never be sold. `payments.test.ts` and `postgres-payments.integration.test.ts` run it, beside a ledger.
 */
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Ledger, MoveTarget } from "../tiers/tcc/ledger.ts";
import { Bench } from "../tiers/tcc/ledger-testing.ts";
import { paymentKeyOf, type LeasedPayment, type PaymentEvent, type PaymentLedger, type PaymentReport } from "./payment-ledger.ts";
import { PAYMENT_MOVES, PAYMENT_STATES, canPaymentMove, type PaymentState } from "./payment-states.ts";

export interface PaymentsUnderTest {
  ledger: Ledger;
  payments: PaymentLedger;
  /** Another instance's, on the same store. */
  other: PaymentLedger;
  /** What is open: `REFUND txId`, sorted. */
  openTickets(txIds: readonly string[]): Promise<string[]>;
  /** Somebody returned the money of this ticket. @returns whether it was open. */
  settleRefund(ticketId: string): Promise<boolean>;
  state(paymentKey: string): Promise<{ state: PaymentState; outcome: string | null; failures: number; isDue: boolean }>;
  /** As if its row stood in this state, due and leased. */
  force(paymentKey: string, state: PaymentState): Promise<void>;
  audit(): Promise<string[]>;
}

export function describePayments(name: string, setUp: () => Promise<PaymentsUnderTest>): void {
  describe(`payments: ${name}`, () => {
    let under: PaymentsUnderTest;
    let payments: PaymentLedger;
    let bench: Bench;
    let runs = 0;

    const event = (order: string, eventId: string, status: "PAID" | "FAILED" = "PAID", more: Partial<PaymentEvent> = {}): PaymentEvent => ({
      source: "bank",
      orderId: bench.id(`order-${order}`),
      eventId,
      status,
      occurredAtMs: 1_700_000_000_000,
      amountCents: 900,
      ...more,
    });
    const keyOf = (order: string, eventId: string) => paymentKeyOf(event(order, eventId));
    const accept = async (...events: PaymentEvent[]) => payments.accept(events);
    const acceptOne = async (one: PaymentEvent): Promise<LeasedPayment> => {
      const [leased, ...rest] = await accept(one);
      expect(rest).toEqual([]);
      return leased as LeasedPayment;
    };
    const report = (payment: LeasedPayment, to: PaymentState, more: Partial<PaymentReport> = {}): PaymentReport => ({
      paymentKey: payment.paymentKey,
      attempt: payment.attempt,
      from: payment.state,
      to,
      outcome: null,
      errorClass: null,
      message: null,
      failed: false,
      retryInMs: 0,
      ...more,
    });
    const refund = (payment: LeasedPayment) => report(payment, payment.state === "PROCESSING" ? "COMPENSATING" : payment.state, { outcome: "REFUND_DUE" });
    const claimed = async (paymentKey: string) => (await payments.claim(500)).find((payment) => payment.paymentKey === paymentKey);
    const tryOne = async (name: string, order = name, ttlSeconds = 900) => {
      const trys = [bench.try(name, { rice: 2 }, { orderId: bench.id(`order-${order}`), ttlSeconds })];
      expect((await under.ledger.runBatch(bench.batch([], { trys }))).trys).toEqual(["ACCEPTED"]);
    };
    const move = async (name: string, to: MoveTarget) => (await under.ledger.runBatch(bench.batch(["rice"], { moves: [bench.move(name, to)] }))).moves[0];
    const tickets = (...names: string[]) => under.openTickets(names.map((name) => bench.id(name)));

    beforeAll(async () => {
      under = await setUp();
      payments = under.payments;
    });
    beforeEach(async () => {
      bench = new Bench(`p${++runs}`);
      await under.ledger.createDish(bench.newDish("rice", 10));
      return async () => expect(await under.audit()).toEqual([]);
    });

    test("a callback is written down once, within a call and over calls, by any instance", async () => {
      await tryOne("a");
      const fresh = await accept(event("a", "1"), event("a", "1"), event("a", "2"), event("a", "1", "FAILED"));
      expect(fresh.map(({ paymentKey, status }) => [paymentKey, status])).toEqual([[keyOf("a", "1"), "PAID"], [keyOf("a", "2"), "PAID"]]);
      expect(await under.other.accept([event("a", "2"), event("a", "1")])).toEqual([]);
    });

    test("two instances that hear of one callback at once: one of them has it", async () => {
      const events = Array.from({ length: 50 }, (_, i) => event("a", `e${i}`));
      const both = await Promise.all([payments.accept(events), under.other.accept([...events].reverse())]);
      expect(both.flat().map(({ paymentKey }) => paymentKey).sort()).toEqual(events.map(paymentKeyOf).sort());
    });

    test("colons within ids make no two events the same", async () => {
      const one = event("a", "3", "PAID", { source: "x:y", orderId: "z" });
      const other = event("a", "3", "PAID", { source: "x", orderId: "y:z" });
      expect((await accept(one, other)).length).toBe(2);
      await payments.settle((await payments.claim(500)).map((payment) => report(payment, payment.state, { retryInMs: 1e9 })));
    });

    test("one whose transaction is known is Processing when it is durable; another waits as Pending", async () => {
      await tryOne("a");
      expect(await acceptOne(event("a", "1"))).toMatchObject({ state: "PROCESSING", txId: bench.id("a"), attempt: 1, failures: 0, overruled: false });
      expect(await acceptOne(event("b", "1"))).toMatchObject({ state: "PENDING", txId: null });
      expect(await acceptOne(event("a", "2", "FAILED"))).toMatchObject({ state: "PENDING", txId: bench.id("a") });
    });

    test("a payment that waits finds its transaction when that comes", async () => {
      const waiting = await acceptOne(event("a", "1"));
      await payments.settle([report(waiting, "PENDING")]);
      expect(await claimed(waiting.paymentKey)).toMatchObject({ state: "PENDING", txId: null, attempt: 2 });
      await payments.settle([report({ ...waiting, attempt: 2 }, "PENDING")]);
      await tryOne("a");
      expect(await claimed(waiting.paymentKey)).toMatchObject({ state: "PROCESSING", txId: bench.id("a"), attempt: 3 });
    });

    test("the fence of a cancel that came before its Try is known as an order of its name", async () => {
      await under.ledger.runBatch(bench.batch([], { moves: [{ txId: bench.id("order-a"), to: "CANCELLED", cause: "REQUESTED" }] }));
      const payment = await acceptOne(event("a", "1"));
      expect(payment).toMatchObject({ state: "PROCESSING", txId: bench.id("order-a") });
      expect(await payments.settle([refund(payment)])).toMatchObject([{ state: "COMPENSATING", outcome: "REFUND_DUE", openedTicketId: expect.any(String) }]);
    });

    test("whoever has it, has it alone; a report of another attempt or state changes nothing", async () => {
      await tryOne("a");
      const first = await acceptOne(event("a", "1"));
      expect(await claimed(first.paymentKey)).toBeUndefined();
      await payments.settle([report(first, "PROCESSING")]);
      const both = await Promise.all([payments.claim(500), under.other.claim(500)]);
      const second = both.flat().filter(({ paymentKey }) => paymentKey === first.paymentKey);
      expect(second).toMatchObject([{ attempt: 2 }]);
      expect(await payments.settle([report(first, "COMPLETED", { outcome: "SOLD" })])).toEqual([]);
      expect(await payments.settle([report(second[0] as LeasedPayment, "COMPLETED", { from: "COMPENSATING" })])).toEqual([]);
      expect(await under.state(first.paymentKey)).toMatchObject({ state: "PROCESSING" });
      await move("a", "CONFIRMED");
      expect(await payments.settle([report(second[0] as LeasedPayment, "COMPLETED", { outcome: "SOLD" })])).toMatchObject([{ state: "COMPLETED", outcome: "SOLD" }]);
      expect(await payments.settle([report(second[0] as LeasedPayment, "COMPLETED", { outcome: "SOLD" })])).toEqual([]);
    });

    test("paid sticks: a FAILED beside a PAID of the same transaction is overruled, in either order, and PAID comes first", async () => {
      await tryOne("a");
      const together = await accept(event("a", "1", "FAILED"), event("a", "2"));
      expect(together.map(({ status, overruled }) => [status, overruled])).toEqual([["PAID", false], ["FAILED", true]]);
      expect(await acceptOne(event("a", "3", "FAILED"))).toMatchObject({ overruled: true });
      expect(await acceptOne(event("b", "1", "FAILED"))).toMatchObject({ overruled: false });
    });

    test("a payment of a cancelled order is refunded; the next order under that name is another matter", async () => {
      await tryOne("a");
      await move("a", "CANCELLED");
      const late = await acceptOne(event("a", "1"));
      const [settled] = await payments.settle([refund(late)]);
      expect(settled).toMatchObject({ state: "COMPENSATING", outcome: "REFUND_DUE", txId: bench.id("a"), openedTicketId: expect.any(String) });
      expect(await tickets("a")).toEqual([`REFUND ${bench.id("a")}`]);
      expect(await claimed(late.paymentKey)).toBeUndefined();
      await tryOne("b", "a");
      expect(await acceptOne(event("a", "2", "FAILED"))).toMatchObject({ txId: bench.id("b"), overruled: false });
      expect(await acceptOne(event("a", "3"))).toMatchObject({ txId: bench.id("b"), state: "PROCESSING" });
    });

    test("no refund is opened while the transaction may confirm, or the order means another one", async () => {
      await tryOne("a");
      const early = await acceptOne(event("a", "1"));
      expect(await payments.settle([refund(early)])).toMatchObject([{ state: "PROCESSING", outcome: null, openedTicketId: null }]);
      await tryOne("b");
      await move("b", "CANCELLED");
      const late = await acceptOne(event("b", "1"));
      await tryOne("c", "b");
      expect(await payments.settle([refund(late)])).toMatchObject([{ state: "PROCESSING", outcome: null }]);
      expect(await tickets("a", "b", "c")).toEqual([]);
      expect(await under.state(late.paymentKey)).toMatchObject({ state: "PROCESSING", failures: 0, isDue: true });
    });

    test("an expired order is refunded when it was refused, and not before", async () => {
      await tryOne("a", "a", 0);
      await move("a", "EXPIRED");
      const payment = await acceptOne(event("a", "1"));
      expect(await payments.settle([refund(payment)])).toMatchObject([{ state: "PROCESSING" }]);
      await under.ledger.runBatch(bench.batch([], { changes: [bench.change("WRITE_OFF", "rice", 9)] }));
      expect(await move("a", "CONFIRMED")).toBe("REFUND_DUE");
      const again = await acceptOne(event("a", "2"));
      expect(await payments.settle([refund(again)])).toMatchObject([{ state: "COMPENSATING", outcome: "REFUND_DUE" }]);
    });

    test("one refund ticket stands for all payments of a transaction; settling it completes them, once", async () => {
      await tryOne("a");
      await move("a", "CANCELLED");
      const [one, two] = (await accept(event("a", "1"), event("a", "2"))) as [LeasedPayment, LeasedPayment];
      const [first, second] = await payments.settle([refund(one), refund(two)]);
      expect([first?.openedTicketId === null, second?.openedTicketId === null].sort()).toEqual([false, true]);
      const ticketId = (first?.openedTicketId ?? second?.openedTicketId) as string;
      expect(await under.settleRefund(ticketId)).toBe(true);
      expect(await under.settleRefund(ticketId)).toBe(false);
      for (const { paymentKey } of [one, two]) expect(await under.state(paymentKey)).toMatchObject({ state: "COMPLETED", outcome: "REFUNDED" });
      const third = await acceptOne(event("a", "3"));
      expect(await payments.settle([refund(third)])).toMatchObject([{ state: "COMPENSATING", openedTicketId: ticketId }]);
      expect(await tickets("a")).toEqual([`REFUND ${bench.id("a")}`]);
    });

    test("money told of again after a reversal returned it is no second refund; money nobody knew of is", async () => {
      await tryOne("a");
      await move("a", "CONFIRMED");
      await payments.settle([report(await acceptOne(event("a", "1")), "COMPLETED", { outcome: "SOLD" })]);
      await move("a", "REVERSED");
      expect(await payments.settle([refund(await acceptOne(event("a", "2")))])).toMatchObject([{ state: "COMPLETED", outcome: "REPEATED", openedTicketId: null }]);
      await tryOne("b");
      await move("b", "CONFIRMED");
      await move("b", "REVERSED");
      expect(await payments.settle([refund(await acceptOne(event("b", "1")))])).toMatchObject([{ state: "COMPENSATING", outcome: "REFUND_DUE" }]);
    });

    test("a payment that goes to a person opens a review ticket once; its end closes it", async () => {
      await tryOne("a");
      const payment = await acceptOne(event("a", "1"));
      const fails = { failed: true, errorClass: "OVERLOADED", message: "busy" };
      await payments.settle([report(payment, "COMPENSATING", fails)]);
      const opened: unknown[] = [];
      for (const to of ["COMPENSATING", "MANUAL_REVIEW", "MANUAL_REVIEW"] as const) {
        const own = (await claimed(payment.paymentKey)) as LeasedPayment;
        opened.push((await payments.settle([report(own, to, fails)]))[0]?.openedTicketId);
      }
      expect(opened).toEqual([null, expect.any(String), null]);
      expect(await tickets("a")).toEqual([`REVIEW ${bench.id("a")}`]);
      expect(await under.state(payment.paymentKey)).toMatchObject({ state: "MANUAL_REVIEW", failures: 4, isDue: true });
      await move("a", "CONFIRMED");
      await payments.settle([report((await claimed(payment.paymentKey)) as LeasedPayment, "COMPLETED", { outcome: "SOLD" })]);
      expect(await tickets("a")).toEqual([]);
    });

    test("a review that ends in a refund leaves the refund ticket alone", async () => {
      await tryOne("a");
      const payment = await acceptOne(event("a", "1"));
      await payments.settle([report(payment, "COMPENSATING", { failed: true })]);
      await payments.settle([report((await claimed(payment.paymentKey)) as LeasedPayment, "MANUAL_REVIEW", { failed: true })]);
      await move("a", "CANCELLED");
      await payments.settle([refund((await claimed(payment.paymentKey)) as LeasedPayment)]);
      expect(await tickets("a")).toEqual([`REFUND ${bench.id("a")}`]);
      expect(await under.state(payment.paymentKey)).toMatchObject({ state: "MANUAL_REVIEW", outcome: "REFUND_DUE", isDue: false });
    });

    test("a year and more between the sender's clock and ours changes nothing", async () => {
      await tryOne("a");
      const events = [-1, 1, 40].map((years, i) => event("a", `y${i}`, "PAID", { occurredAtMs: 1_700_000_000_000 + years * 31_536_000_000 }));
      const fresh = await accept(...events, event("a", "zero", "PAID", { occurredAtMs: Date.UTC(0, 0, 1) }), event("a", "far", "PAID", { occurredAtMs: Date.UTC(9999, 11, 31) }));
      expect(fresh.map(({ state, ageMs }) => [state, ageMs < 60_000])).toEqual(fresh.map(() => ["PROCESSING", true]));
      expect(fresh.length).toBe(5);
    });

    test("every pair of states: a report moves a payment along the table, or not at all", async () => {
      await tryOne("a");
      await move("a", "CANCELLED");
      for (const from of PAYMENT_STATES) {
        for (const to of PAYMENT_STATES) {
          const payment = await acceptOne(event("a", `${from}-${to}`));
          await under.force(payment.paymentKey, from);
          const outcome = to === "FAILED" ? "CANCELLED" : to === "COMPLETED" ? "REPEATED" : null;
          const settled = await payments.settle([report({ ...payment, state: from }, to, { outcome })]);
          const isOpen = PAYMENT_MOVES[from].length > 0;
          const legal = isOpen && (from === to || canPaymentMove(from, to));
          expect([from, to, settled.length]).toEqual([from, to, legal ? 1 : 0]);
          expect((await under.state(payment.paymentKey)).state).toBe(legal ? to : from);
        }
      }
    });
  });
}
