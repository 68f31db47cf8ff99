/** The inbox and refunds over the console's HTTP, on a real engine and real servers. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { InboxPage, RefundsPage } from "../../contracts/inbox.ts";
import { PostgresPayments } from "../../engine/payments/postgres-payments.ts";
import type { PaymentEvent } from "../../engine/payments/payment-ledger.ts";
import { openStage, type Person, type Stage } from "../testing.ts";

let stage: Stage;
let payments: PostgresPayments;
let viewer: Person;
let operator: Person;
let other: Person;

beforeAll(async () => {
  stage = await openStage();
  payments = new PostgresPayments({ databaseUrl: stage.database.url });
  [viewer, operator, other] = [await stage.person("vera", "viewer"), await stage.person("olga", "operator"), await stage.person("otto", "operator")];
});
afterAll(async () => {
  await payments.close();
  await stage.close();
});

const event = (orderId: string, eventId: string, more: Partial<PaymentEvent> = {}): PaymentEvent => ({ source: "bank", orderId, eventId, status: "PAID", occurredAtMs: 0, amountCents: 700, ...more });

/** A payment of a cancelled order, with its refund ticket. */
async function refund(name: string): Promise<string> {
  await stage.stage(name, "CANCELLED");
  const [leased] = await payments.accept([event(`${name}.order-t`, "1")]);
  if (!leased) throw new Error("it was accepted before");
  const [settled] = await payments.settle([
    { paymentKey: leased.paymentKey, attempt: 1, from: "PROCESSING", to: "COMPENSATING", outcome: "REFUND_DUE", errorClass: "ILLEGAL_STATE", message: "it is CANCELLED", failed: false, retryInMs: 0 },
  ]);
  return settled?.openedTicketId as string;
}

const refunds = async (query = "", who = viewer): Promise<RefundsPage> => (await who.get(`/refunds${query}`)).body;
const inbox = async (query = "", who = viewer): Promise<InboxPage> => (await who.get(`/inbox${query}`)).body;

describe("refunds", () => {
  test("are listed with their payments, settled once with a reason, and audited", async () => {
    const ticketId = await refund("r1");
    expect((await refunds()).refunds[0]).toMatchObject({
      ticketId,
      txId: "r1.t",
      orderId: "r1.order-t",
      txState: "CANCELLED",
      amountCents: 700,
      closedAtMs: null,
      payments: [{ paymentKey: "bank:r1.order-t:1", amountCents: 700 }],
    });
    const settle = (who: Person, body: object, key: string) => who.post(`/refunds/${ticketId}/settle`, body, key);
    expect((await settle(viewer, { reason: "sent back" }, "k1")).status).toBe(403);
    expect((await settle(operator, {}, "k1")).body.code).toBe("VALIDATION");
    expect((await settle(operator, { reason: "sent back", reference: "SEPA 17" }, "k2")).body).toEqual({ ticketId, txId: "r1.t", replayed: false });
    expect((await settle(operator, { reason: "sent back", reference: "SEPA 17" }, "k2")).body).toEqual({ ticketId, txId: "r1.t", replayed: true });
    expect((await settle(operator, { reason: "another" }, "k2")).body.code).toBe("IDEMPOTENCY_MISMATCH");
    expect((await settle(other, { reason: "sent back" }, "k3")).body.code).toBe("ILLEGAL_STATE");
    const [row] = (await refunds("?view=settled")).refunds;
    expect(row).toMatchObject({ ticketId, settledBy: "olga", settlement: "sent back (SEPA 17)", closedAtMs: expect.any(Number) });
    expect(await stage.prisma.payment.findUnique({ where: { paymentKey: "bank:r1.order-t:1" } })).toMatchObject({ state: "COMPLETED", outcome: "REFUNDED" });
    const entries = await stage.prisma.auditEntry.findMany({ where: { target: ticketId }, orderBy: { id: "asc" } });
    expect(entries.map(({ actor, verb, reason, detail }) => [actor, verb, reason, (detail as { outcome: string }).outcome])).toEqual([
      ["olga", "refund.settle", "sent back", "DONE"],
      ["otto", "refund.settle", "sent back", "REFUSED"],
    ]);
  });

  test("two people who settle one at once: one of them did", async () => {
    const ticketId = await refund("r2");
    const answers = await Promise.all([operator, other].map((who) => who.post(`/refunds/${ticketId}/settle`, { reason: "sent back" })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  });

  test("a settlement that died before it was told is found done by the same key", async () => {
    const ticketId = await refund("r3");
    await operator.post(`/refunds/${ticketId}/settle`, { reason: "sent back" }, "k9");
    await stage.prisma.$executeRaw`UPDATE actions SET answer = '{"outcome":"ASKED"}' WHERE action_key = 'console:olga:k9'`;
    expect((await operator.post(`/refunds/${ticketId}/settle`, { reason: "sent back" }, "k9")).status).toBe(200);
  });

  test("a ticket that is none, or no refund's, is not settled", async () => {
    const place = await stage.stage("r4", "CONFIRMING+ticket");
    const review = await stage.prisma.ticket.findFirstOrThrow({ where: { txId: place.txId } });
    for (const ticketId of ["T1", review.ticketId]) expect((await operator.post(`/refunds/${ticketId}/settle`, { reason: "x" })).body.code).toBe("ILLEGAL_STATE");
    expect((await operator.post("/refunds/%27%3B--/settle", { reason: "x" })).body.code).toBe("VALIDATION");
  });

  test("what is to be settled comes as it was opened, page by page", async () => {
    for (const name of ["o1", "o2", "o3"]) await refund(name);
    const open = await stage.prisma.ticket.findMany({ where: { kind: "REFUND", closedAt: null }, orderBy: [{ openedAt: "asc" }, { ticketId: "asc" }] });
    const first = await refunds("?limit=2");
    const second = await refunds(`?limit=200&cursor=${encodeURIComponent(first.nextCursor as string)}`);
    expect([...first.refunds, ...second.refunds].map(({ ticketId }) => ticketId)).toEqual(open.map(({ ticketId }) => ticketId));
  });

  test("all of them go from the newest to the oldest, each ticket once", async () => {
    for (const name of ["p1", "p2", "p3"]) await refund(name);
    const seen: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: RefundsPage = await refunds(`?view=all&limit=2${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      seen.push(...page.refunds.map(({ ticketId }) => ticketId));
      cursor = page.nextCursor;
    }
    const all = await stage.prisma.ticket.findMany({ where: { kind: "REFUND" }, orderBy: [{ openedAt: "desc" }, { ticketId: "desc" }] });
    expect(seen).toEqual(all.map(({ ticketId }) => ticketId));
    expect((await refunds()).open).toBe(all.filter(({ closedAt }) => closedAt === null).length);
  });
});

describe("the inbox", () => {
  test("shows what waits for its order, what is open, and on request what has ended", async () => {
    await payments.accept([event("nobody", "1", { occurredAtMs: Date.UTC(2027, 0, 1) })]);
    const waiting = (await inbox("?view=waiting")).payments;
    expect(waiting).toMatchObject([{ paymentKey: "bank:nobody:1", state: "PENDING", txId: null, txState: null, status: "PAID", occurredAtMs: Date.UTC(2027, 0, 1) }]);
    expect((await inbox()).payments.map(({ state }) => state)).not.toContain("COMPLETED");
    expect((await inbox("?view=all&orderId=r1.order-t")).payments).toMatchObject([{ state: "COMPLETED", outcome: "REFUNDED", txState: "CANCELLED" }]);
    const { counts } = await inbox();
    expect(counts.waiting).toBe(1);
    expect(counts.refund).toBeGreaterThan(0);
  });

  test("keys with colons and percent signs page like others", async () => {
    await payments.accept(Array.from({ length: 5 }, (_, i) => event("many", `e:${i}`, { source: "a:b" })));
    const seen: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: InboxPage = await inbox(`?orderId=many&limit=2${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      seen.push(...page.payments.map(({ paymentKey }) => paymentKey));
      cursor = page.nextCursor;
    }
    expect(seen.sort()).toEqual(Array.from({ length: 5 }, (_, i) => `a%3Ab:many:e%3A${i}`));
    expect((await operator.post(`/inbox/${encodeURIComponent("a%3Ab:many:e%3A1")}/retry`)).body).toMatchObject({ paymentKey: "a%3Ab:many:e%3A1", hastened: true });
  });

  test("an operator makes a payment due now; a viewer does not", async () => {
    expect((await viewer.post("/inbox/bank:nobody:1/retry")).status).toBe(403);
    expect((await operator.post("/inbox/bank:nobody:1/retry")).body).toMatchObject({ hastened: true, replayed: false });
    expect((await operator.post("/inbox/bank:none:1/retry")).status).toBe(404);
    expect(await stage.prisma.auditEntry.count({ where: { verb: "payment.retry", target: "bank:nobody:1" } })).toBe(1);
  });

  test.each(["?view=closed", "?limit=0", "?limit=201", "?cursor=%00", "?cursor=1", "?q=x", "?orderId=a/b"])("%s is refused", async (query) => {
    expect((await viewer.get(`/inbox${query}`)).body.code).toBe("VALIDATION");
  });
});
