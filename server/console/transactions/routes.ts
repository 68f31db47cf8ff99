/**
 * What the pages of transactions ask: rows, what is newer, files, one decision sheet, a preview; and the verbs by hand.
 * Everybody who is signed in may look; the verbs take the roles of VERB_ROLES. The engine decides whether one is legal.
 */
import type { Hono } from "hono";
import { isManualVerb, manualActionSchema, REASONED_VERBS, roleIncludes, VERB_ROLES } from "../../contracts/console.ts";
import { ID_PATTERN } from "../../contracts/limits.ts";
import { RowsQuery, watchSchema } from "../../contracts/transaction-page.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";
import type { ConsoleEnv } from "../api.ts";
import type { RouteTools } from "../locks/routes.ts";
import { actByHand, type MovingEngine } from "../manual-actions.ts";
import { problem } from "../problem.ts";
import { previewAction } from "./effects.ts";
import { exportRows, streamOf } from "./export.ts";
import { readRows, watchRows } from "./rows.ts";
import { readSheet } from "./sheet.ts";

export interface TransactionRoutesDeps {
  engine: MovingEngine;
  prisma: PrismaClient;
}

export function addTransactionRoutes(app: Hono<ConsoleEnv>, { engine, prisma }: TransactionRoutesDeps, { readJson }: RouteTools): void {
  app.get("/console/transactions", async (c) => {
    const query = RowsQuery.safeParse(c.req.query());
    if (!query.success) return problem(c, "VALIDATION", "The filters are not what this route takes.");
    return c.json(await readRows(prisma, query.data));
  });

  // A read with a body: two hundred ids do not fit an address.
  app.post("/console/transactions/watch", async (c) => {
    const query = RowsQuery.safeParse(c.req.query());
    const body = watchSchema.safeParse(await readJson(c));
    if (!query.success || !body.success) return problem(c, "VALIDATION", "The request is not what this route takes.");
    return c.json(await watchRows(prisma, query.data, body.data.txIds, body.data.newest ?? null));
  });

  // Not below /transactions: a transaction may be called export.csv.
  for (const format of ["csv", "json"] as const) {
    app.get(`/console/exports/transactions.${format}`, (c) => {
      const query = RowsQuery.safeParse(c.req.query());
      if (!query.success) return problem(c, "VALIDATION", "The filters are not what this route takes.");
      return c.body(streamOf(exportRows(prisma, query.data, format)), 200, {
        "Content-Type": format === "csv" ? "text/csv; charset=utf-8" : "application/json",
        "Content-Disposition": `attachment; filename="transactions.${format}"`,
      });
    });
  }

  app.get("/console/transactions/:txId", async (c) => {
    const txId = c.req.param("txId");
    const sheet = ID_PATTERN.test(txId) ? await readSheet(prisma, txId, c.var.session.operator.role) : null;
    if (sheet === null) return problem(c, "UNKNOWN_TRANSACTION", `There is no transaction ${txId}.`);
    return c.json(sheet);
  });

  app.get("/console/transactions/:txId/preview", async (c) => {
    const txId = c.req.param("txId");
    const verb = c.req.query("verb");
    if (!ID_PATTERN.test(txId) || !isManualVerb(verb)) return problem(c, "VALIDATION", "verb must be retry, confirm, cancel or reverse.");
    return c.json(await previewAction(prisma, { txId, verb, role: c.var.session.operator.role }));
  });

  app.post("/console/transactions/:txId/:verb{retry|confirm|cancel|reverse}", async (c) => {
    const { txId, verb } = c.req.param();
    if (!isManualVerb(verb)) return problem(c, "UNKNOWN_ROUTE", "There is nothing here.");
    const { operatorId, role } = c.var.session.operator;
    if (!roleIncludes(role, VERB_ROLES[verb])) return problem(c, "FORBIDDEN", `This takes the role ${VERB_ROLES[verb]}.`);
    const body = manualActionSchema.safeParse((await readJson(c)) ?? {});
    if (!ID_PATTERN.test(txId) || !body.success) return problem(c, "VALIDATION", "The body is not what this route takes.");
    const actionKey = c.req.header("idempotency-key") ?? body.data.actionKey;
    if (actionKey === undefined || !ID_PATTERN.test(actionKey)) {
      return problem(c, "VALIDATION", "An action key is needed: the Idempotency-Key header, 1 to 64 characters.");
    }
    const reason = body.data.reason === "" ? undefined : body.data.reason;
    if (reason === undefined && REASONED_VERBS.has(verb)) {
      return problem(c, "VALIDATION", "A reason is needed: this moves stock or money.", { errors: [{ path: "reason", message: "REQUIRED" }] });
    }
    return c.json(await actByHand(prisma, engine, { txId, verb, actionKey, operatorId, reason: reason ?? null }));
  });
}
