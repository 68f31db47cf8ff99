/**
 * The review queue over HTTP: read it, take a ticket up, hand it over, write a note; ask for force-end, approve or reject it.
 * Everybody who is signed in may look; working on tickets takes an operator, force-end a lead, its setting an admin.
 */
import type { Hono } from "hono";
import { createMiddleware } from "hono/factory";
import { roleIncludes, VERB_ROLES } from "../../contracts/console.ts";
import { claimSchema, decideEndSchema, forceEndSchema, handOverSchema, noteSchema, selfApprovalSchema } from "../../contracts/review.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";
import type { LiveBoard } from "../../gateway/board.ts";
import type { ConsoleEnv } from "../api.ts";
import type { MovingEngine } from "../manual-actions.ts";
import { asked, atLeast, idOf, Refused } from "../route-tools.ts";
import { allowSelfApproval, approveForceEnd, askForceEnd, rejectForceEnd, SecondPersonNeeded } from "./end-requests.ts";
import { claimTicket, handOverTicket, noteTicket, readQueue } from "./tickets.ts";

export interface ReviewRoutesDeps {
  board: Pick<LiveBoard, "review" | "freshReview">;
  engine: MovingEngine;
  prisma: PrismaClient;
}

export function addReviewRoutes(app: Hono<ConsoleEnv>, { board, engine, prisma }: ReviewRoutesDeps): void {
  /** Whoever looks at the queue here sees it with the answer; others within a second. */
  const told = createMiddleware<ConsoleEnv>(async (_c, next) => {
    await next();
    if (board.review.occupied) await board.freshReview();
  });
  for (const path of ["/console/tickets/*", "/console/end-requests/*", "/console/transactions/:txId/force-end"]) app.use(path, told);

  app.get("/console/review", async (c) => c.json(await readQueue(prisma)));

  app.post("/console/tickets/:ticketId/claim", atLeast("operator"), async (c) => {
    const { actionKey, operatorId } = await asked(c, claimSchema);
    return c.json(await claimTicket(prisma, { ticketId: idOf(c, "ticketId"), operatorId, actionKey }));
  });

  app.post("/console/tickets/:ticketId/hand-over", atLeast("operator"), async (c) => {
    const { body, actionKey, operatorId, role } = await asked(c, handOverSchema);
    const { to, note } = body;
    return c.json(await handOverTicket(prisma, { ticketId: idOf(c, "ticketId"), operatorId, actionKey, to, note: note ?? null, isLead: roleIncludes(role, "lead") }));
  });

  app.post("/console/tickets/:ticketId/note", atLeast("operator"), async (c) => {
    const { body, actionKey, operatorId } = await asked(c, noteSchema);
    return c.json(await noteTicket(prisma, { ticketId: idOf(c, "ticketId"), operatorId, actionKey, text: body.text }));
  });

  app.post("/console/transactions/:txId/force-end", atLeast(VERB_ROLES["force-end"]), async (c) => {
    const txId = idOf(c, "txId");
    const { body, actionKey, operatorId } = await asked(c, forceEndSchema);
    const { reason, evidence, branches } = body;
    const branchNos = [...new Set(branches.map(Number))].sort((a, b) => a - b);
    return c.json(await askForceEnd(prisma, { txId, branchNos, reason, evidence, operatorId, actionKey }));
  });

  app.post("/console/end-requests/:requestId/:answer{approve|reject}", atLeast(VERB_ROLES["force-end"]), async (c) => {
    const requestId = idOf(c, "requestId");
    const { body, actionKey, operatorId } = await asked(c, decideEndSchema);
    const decision = { requestId, operatorId, actionKey, reason: body.reason ?? null };
    if (c.req.param("answer") === "reject") return c.json(await rejectForceEnd(prisma, decision));
    try {
      return c.json(await approveForceEnd(prisma, engine, decision));
    } catch (error) {
      if (error instanceof SecondPersonNeeded) throw new Refused("FORBIDDEN", error.message);
      throw error;
    }
  });

  app.post("/console/settings/self-approval", atLeast("admin"), async (c) => {
    const { body, actionKey, operatorId } = await asked(c, selfApprovalSchema);
    const { allowed, reason } = body;
    return c.json(await allowSelfApproval(prisma, { allowed, reason, operatorId, actionKey }));
  });
}
