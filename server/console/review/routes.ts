/**
 * The review queue over HTTP: read it, take a ticket up, hand it over, write a note; ask for force-end, approve or reject it.
 * Everybody who is signed in may look; working on tickets takes an operator, force-end a lead, its setting an admin.
 */
import type { Context, Hono } from "hono";
import type { z } from "zod";
import { roleIncludes, VERB_ROLES } from "../../contracts/console.ts";
import { ID_PATTERN } from "../../contracts/limits.ts";
import { claimSchema, decideEndSchema, forceEndSchema, handOverSchema, noteSchema, selfApprovalSchema } from "../../contracts/review.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";
import type { ConsoleEnv } from "../api.ts";
import type { RouteTools } from "../locks/routes.ts";
import type { MovingEngine } from "../manual-actions.ts";
import { problem } from "../problem.ts";
import { allowSelfApproval, approveForceEnd, askForceEnd, rejectForceEnd, SecondPersonNeeded } from "./end-requests.ts";
import { claimTicket, handOverTicket, noteTicket, readQueue } from "./tickets.ts";

export interface ReviewRoutesDeps {
  engine: MovingEngine;
  prisma: PrismaClient;
}

export function addReviewRoutes(app: Hono<ConsoleEnv>, { engine, prisma }: ReviewRoutesDeps, { atLeast, readJson }: RouteTools): void {
  /** The body and the action key, or what is wrong with them. */
  const asked = async <S extends z.ZodType<{ actionKey?: string | undefined }>>(c: Context<ConsoleEnv>, schema: S) => {
    const body = schema.safeParse((await readJson(c)) ?? {});
    if (!body.success) {
      const errors = body.error.issues.slice(0, 20).map(({ path, message }) => ({ path: path.map(String).join("."), message }));
      return { refusal: problem(c, "VALIDATION", "The body is not what this route takes.", { errors }) };
    }
    const actionKey = c.req.header("idempotency-key") ?? body.data.actionKey;
    if (actionKey === undefined || !ID_PATTERN.test(actionKey)) {
      return { refusal: problem(c, "VALIDATION", "An action key is needed: the Idempotency-Key header, 1 to 64 characters.") };
    }
    return { body: body.data as z.output<S>, actionKey };
  };

  app.get("/console/review", async (c) => c.json(await readQueue(prisma)));

  app.post("/console/tickets/:ticketId/claim", atLeast("operator"), async (c) => {
    const request = await asked(c, claimSchema);
    if (request.refusal) return request.refusal;
    return c.json(await claimTicket(prisma, { ticketId: c.req.param("ticketId"), operatorId: c.var.session.operator.operatorId, actionKey: request.actionKey }));
  });

  app.post("/console/tickets/:ticketId/hand-over", atLeast("operator"), async (c) => {
    const request = await asked(c, handOverSchema);
    if (request.refusal) return request.refusal;
    const { operatorId, role } = c.var.session.operator;
    const { to, note } = request.body;
    return c.json(await handOverTicket(prisma, { ticketId: c.req.param("ticketId"), operatorId, actionKey: request.actionKey, to, note: note ?? null, isLead: roleIncludes(role, "lead") }));
  });

  app.post("/console/tickets/:ticketId/note", atLeast("operator"), async (c) => {
    const request = await asked(c, noteSchema);
    if (request.refusal) return request.refusal;
    return c.json(await noteTicket(prisma, { ticketId: c.req.param("ticketId"), operatorId: c.var.session.operator.operatorId, actionKey: request.actionKey, text: request.body.text }));
  });

  app.post("/console/transactions/:txId/force-end", atLeast(VERB_ROLES["force-end"]), async (c) => {
    const txId = c.req.param("txId");
    const request = await asked(c, forceEndSchema);
    if (request.refusal) return request.refusal;
    if (!ID_PATTERN.test(txId)) return problem(c, "VALIDATION", "The transaction's id is no id.");
    const { reason, evidence, branches } = request.body;
    const branchNos = [...new Set(branches.map(Number))].sort((a, b) => a - b);
    return c.json(await askForceEnd(prisma, { txId, branchNos, reason, evidence, operatorId: c.var.session.operator.operatorId, actionKey: request.actionKey }));
  });

  app.post("/console/end-requests/:requestId/:answer{approve|reject}", atLeast(VERB_ROLES["force-end"]), async (c) => {
    const { requestId, answer } = c.req.param();
    const request = await asked(c, decideEndSchema);
    if (request.refusal) return request.refusal;
    const decision = { requestId, operatorId: c.var.session.operator.operatorId, actionKey: request.actionKey, reason: request.body.reason ?? null };
    if (answer === "reject") return c.json(await rejectForceEnd(prisma, decision));
    try {
      return c.json(await approveForceEnd(prisma, engine, decision));
    } catch (error) {
      if (error instanceof SecondPersonNeeded) return problem(c, "FORBIDDEN", error.message);
      throw error;
    }
  });

  app.post("/console/settings/self-approval", atLeast("admin"), async (c) => {
    const request = await asked(c, selfApprovalSchema);
    if (request.refusal) return request.refusal;
    const { allowed, reason } = request.body;
    return c.json(await allowSelfApproval(prisma, { allowed, reason, operatorId: c.var.session.operator.operatorId, actionKey: request.actionKey }));
  });
}
