/** The audit over HTTP: pages and a file. Everybody who is signed in may read what was done; nobody can change it. */
import type { Hono } from "hono";
import { auditExportQuery, auditQuery } from "../../contracts/audit.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";
import type { ConsoleEnv } from "../api.ts";
import { parsed } from "../route-tools.ts";
import { streamOf } from "../transactions/export.ts";
import { exportAudit, readAudit } from "./reads.ts";

export function addAuditRoutes(app: Hono<ConsoleEnv>, { prisma }: { prisma: PrismaClient }): void {
  app.get("/console/audit", async (c) => c.json(await readAudit(prisma, parsed(auditQuery, c.req.query()))));

  app.get("/console/exports/audit.csv", (c) =>
    c.body(streamOf(exportAudit(prisma, parsed(auditExportQuery, c.req.query()))), 200, {
      "Content-Type": "text/csv; charset=utf-8",
      "Content-Disposition": 'attachment; filename="audit.csv"',
    }),
  );
}
