/**
 * What the pages of transactions ask: rows, what is newer, files, one decision sheet, a preview; and the verbs by hand.
 * Everybody who is signed in may look; the verbs take the roles of VERB_ROLES. The engine decides whether one is legal.
 */
import type { Hono } from "hono";
import { isManualVerb, manualActionSchema, REASONED_VERBS, VERB_ROLES } from "../../contracts/console.ts";
import { ID_PATTERN } from "../../contracts/limits.ts";
import { RowsQuery, watchSchema } from "../../contracts/transaction-page.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";
import type { ConsoleEnv } from "../api.ts";
import { actByHand, type MovingEngine } from "../manual-actions.ts";
import { problem } from "../problem.ts";
import { asked, bodyOf, idOf, needRole, parsed, Refused } from "../route-tools.ts";
import { previewAction } from "./effects.ts";
import { exportRows, streamOf } from "./export.ts";
import { readRows, watchRows } from "./rows.ts";
import { readSheet } from "./sheet.ts";

export interface TransactionRoutesDeps {
  engine: MovingEngine;
  prisma: PrismaClient;
}

export function addTransactionRoutes(app: Hono<ConsoleEnv>, { engine, prisma }: TransactionRoutesDeps): void {
  app.get("/console/transactions", async (c) => c.json(await readRows(prisma, parsed(RowsQuery, c.req.query()))));

  // A read with a body: two hundred ids do not fit an address.
  app.post("/console/transactions/watch", async (c) => {
    const { txIds, newest } = await bodyOf(c, watchSchema);
    return c.json(await watchRows(prisma, parsed(RowsQuery, c.req.query()), txIds, newest ?? null));
  });

  // Not below /transactions: a transaction may be called export.csv.
  for (const format of ["csv", "json"] as const) {
    app.get(`/console/exports/transactions.${format}`, (c) => {
      const query = parsed(RowsQuery, c.req.query());
      return c.body(streamOf(exportRows(prisma, query, format)), 200, {
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
    const verb = c.req.param("verb");
    if (!isManualVerb(verb)) return problem(c, "UNKNOWN_ROUTE", "There is nothing here.");
    needRole(c.var.session.operator.role, VERB_ROLES[verb]);
    const { body, actionKey, operatorId } = await asked(c, manualActionSchema);
    const reason = body.reason === "" ? null : (body.reason ?? null);
    if (reason === null && REASONED_VERBS.has(verb)) {
      throw new Refused("VALIDATION", "A reason is needed: this moves stock or money.", { errors: [{ path: "reason", message: "REQUIRED" }] });
    }
    return c.json(await actByHand(prisma, engine, { txId: idOf(c, "txId"), verb, actionKey, operatorId, reason }));
  });
}
