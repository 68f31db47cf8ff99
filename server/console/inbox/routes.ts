/**
 * Payments over the console's HTTP: look at the inbox and at refunds, settle a refund, let a payment be tried again now.
 * Everybody who is signed in may look; acting takes an operator, a reason where money moves, an action key, and is audited.
 * Nothing is paid here: settling says that the money was returned by other means.
 */
import type { Hono } from "hono";
import { inboxQuery, refundsQuery, type RetryPaymentResult, retryPaymentSchema, type SettleRefundResult, settleRefundSchema } from "../../contracts/inbox.ts";
import { EngineError } from "../../engine/kernel/errors.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";
import { onceAudited, type AskedAction } from "../action-log.ts";
import type { ConsoleEnv } from "../api.ts";
import { asked, atLeast, idOf, parsed, Refused } from "../route-tools.ts";
import { readInbox, readRefunds } from "./reads.ts";

/** Three ids with colons between; a colon of their own is written as %3A. */
const PAYMENT_KEY = /^[A-Za-z0-9_.:%-]{5,640}$/;

export function addInboxRoutes(app: Hono<ConsoleEnv>, { prisma }: { prisma: PrismaClient }): void {
  app.get("/console/inbox", async (c) => c.json(await readInbox(prisma, parsed(inboxQuery, c.req.query()))));

  app.get("/console/refunds", async (c) => c.json(await readRefunds(prisma, parsed(refundsQuery, c.req.query()))));

  app.post("/console/refunds/:ticketId/settle", atLeast("operator"), async (c) => {
    const ticketId = idOf(c, "ticketId");
    const { body, actionKey, operatorId } = await asked(c, settleRefundSchema);
    const { reason, reference } = body;
    const settlement = reference === undefined ? reason : `${reason} (${reference})`;
    const action: AskedAction = { verb: "refund.settle", target: ticketId, operatorId, actionKey, reason, request: reference === undefined ? {} : { reference } };
    const { answer, replayed } = await onceAudited(prisma, action, async (again) => {
      const [settled] = await prisma.$queryRaw<{ tx_id: string; settled: boolean }[]>`SELECT tx_id, settled FROM settle_refund(${ticketId}, ${operatorId}, ${settlement})`;
      if (!settled) throw new EngineError("ILLEGAL_STATE", `There is no refund ticket ${ticketId}.`);
      if (!settled.settled && !(again && (await isOwn(prisma, ticketId, operatorId, settlement)))) {
        throw new EngineError("ILLEGAL_STATE", `Refund ticket ${ticketId} was settled already.`, { txId: settled.tx_id, ticketId });
      }
      return { txId: settled.tx_id };
    });
    return c.json({ ticketId, txId: answer.txId, replayed } satisfies SettleRefundResult);
  });

  app.post("/console/inbox/:paymentKey/retry", atLeast("operator"), async (c) => {
    const paymentKey = c.req.param("paymentKey");
    if (!PAYMENT_KEY.test(paymentKey)) throw new Refused("UNKNOWN_ROUTE", "There is no such payment.");
    const { body, actionKey, operatorId } = await asked(c, retryPaymentSchema);
    if (!(await prisma.payment.findUnique({ where: { paymentKey }, select: { paymentKey: true } }))) throw new Refused("UNKNOWN_ROUTE", `There is no payment ${paymentKey}.`);
    const action: AskedAction = { verb: "payment.retry", target: paymentKey, operatorId, actionKey, reason: body.reason || null, request: {} };
    const { answer, replayed } = await onceAudited(prisma, action, async () => {
      const hastened = await prisma.$executeRaw`UPDATE payments SET next_attempt_at = clock_timestamp() WHERE payment_key = ${paymentKey} AND next_attempt_at > clock_timestamp()`;
      return { hastened: hastened > 0 };
    });
    return c.json({ paymentKey, hastened: answer.hastened, replayed } satisfies RetryPaymentResult);
  });
}

/** An act under this key was begun before, and this is what it came to. */
async function isOwn(prisma: PrismaClient, ticketId: string, operatorId: string, settlement: string): Promise<boolean> {
  return (await prisma.ticket.count({ where: { ticketId, settledBy: operatorId, settlement } })) > 0;
}
