/**
 * Payments over the console's HTTP: look at the inbox and at refunds, settle a refund, let a payment be tried again now.
 * Everybody who is signed in may look; acting takes an operator, a reason where money moves, an action key, and is audited.
 * Nothing is paid here: settling says that the money was returned by other means.
 */
import type { Context, Hono } from "hono";
import type { z } from "zod";
import { inboxQuery, refundsQuery, type RetryPaymentResult, retryPaymentSchema, type SettleRefundResult, settleRefundSchema } from "../../contracts/inbox.ts";
import { ID_PATTERN } from "../../contracts/limits.ts";
import { EngineError } from "../../engine/kernel/errors.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";
import { onceAudited } from "../action-log.ts";
import type { ConsoleEnv } from "../api.ts";
import type { RouteTools } from "../locks/routes.ts";
import { problem } from "../problem.ts";
import { readInbox, readRefunds } from "./reads.ts";

export function addInboxRoutes(app: Hono<ConsoleEnv>, { prisma }: { prisma: PrismaClient }, { atLeast, readJson }: RouteTools): void {
  const wrong = (c: Context, error: z.ZodError) =>
    problem(c, "VALIDATION", "The request is not what this route takes.", { errors: error.issues.slice(0, 20).map(({ path, message }) => ({ path: path.map(String).join("."), message })) });
  const asked = async <S extends z.ZodType<{ actionKey?: string | undefined }>>(c: Context<ConsoleEnv>, schema: S) => {
    const body = schema.safeParse((await readJson(c)) ?? {});
    if (!body.success) return { refusal: wrong(c, body.error) };
    const actionKey = c.req.header("idempotency-key") ?? body.data.actionKey;
    if (actionKey === undefined || !ID_PATTERN.test(actionKey)) {
      return { refusal: problem(c, "VALIDATION", "An action key is needed: the Idempotency-Key header, 1 to 64 characters.") };
    }
    return { body: body.data as z.output<S>, actionKey };
  };

  app.get("/console/inbox", async (c) => {
    const query = inboxQuery.safeParse(c.req.query());
    return query.success ? c.json(await readInbox(prisma, query.data)) : wrong(c, query.error);
  });

  app.get("/console/refunds", async (c) => {
    const query = refundsQuery.safeParse(c.req.query());
    return query.success ? c.json(await readRefunds(prisma, query.data)) : wrong(c, query.error);
  });

  app.post("/console/refunds/:ticketId/settle", atLeast("operator"), async (c) => {
    const ticketId = c.req.param("ticketId");
    const request = await asked(c, settleRefundSchema);
    if (request.refusal) return request.refusal;
    const { operatorId } = c.var.session.operator;
    const { reason, reference } = request.body;
    const settlement = reference === undefined ? reason : `${reason} (${reference})`;
    const action = { verb: "refund.settle", target: ticketId, operatorId, actionKey: request.actionKey, reason, request: reference === undefined ? {} : { reference } };
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
    const request = await asked(c, retryPaymentSchema);
    if (request.refusal) return request.refusal;
    const { operatorId } = c.var.session.operator;
    if (!(await prisma.payment.findUnique({ where: { paymentKey }, select: { paymentKey: true } }))) return problem(c, "UNKNOWN_ROUTE", `There is no payment ${paymentKey}.`);
    const action = { verb: "payment.retry", target: paymentKey, operatorId, actionKey: request.actionKey, reason: request.body.reason || null, request: {} };
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
