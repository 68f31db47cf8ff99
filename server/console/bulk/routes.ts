/**
 * Causes, and one verb for many: freeze a list, look at what would happen, start it, undo it, stop it, let it go on.
 * Everybody who is signed in may look; freezing takes an operator, starting and steering the role of the verb.
 */
import type { Context, Hono } from "hono";
import type { z } from "zod";
import { freezeSchema, startSchema, steerSchema } from "../../contracts/bulk.ts";
import { roleIncludes, VERB_ROLES, type ManualVerb } from "../../contracts/console.ts";
import { ID_PATTERN } from "../../contracts/limits.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";
import type { ConsoleEnv } from "../api.ts";
import type { RouteTools } from "../locks/routes.ts";
import { problem } from "../problem.ts";
import { readCauses } from "./causes.ts";
import { readBulkSheet } from "./effect.ts";
import { bulkOf, freeze, goOn, readBulks, start, stop, undo } from "./lists.ts";

const STEERING = { undo, stop, continue: goOn } as const;

export function addBulkRoutes(app: Hono<ConsoleEnv>, { prisma }: { prisma: PrismaClient }, { atLeast, readJson }: RouteTools): void {
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
  /** The refusal when somebody may not carry this list's verb out. */
  const barred = async (c: Context<ConsoleEnv>, bulkId: string) => {
    const { verb } = await bulkOf(prisma, bulkId);
    const role = VERB_ROLES[verb as ManualVerb];
    return roleIncludes(c.var.session.operator.role, role) ? null : problem(c, "FORBIDDEN", `This takes the role ${role}.`);
  };

  app.get("/console/causes", async (c) => c.json(await readCauses(prisma)));

  app.get("/console/bulk", async (c) => c.json(await readBulks(prisma)));

  app.get("/console/bulk/:bulkId", async (c) => c.json(await readBulkSheet(prisma, c.req.param("bulkId"))));

  // A draft is nobody's harm: no action key, no audit.
  app.post("/console/bulk", atLeast("operator"), async (c) => {
    const body = freezeSchema.safeParse(await readJson(c));
    if (!body.success) return problem(c, "VALIDATION", "A verb and a list are needed: fingerprints, filters or txIds.");
    return c.json(await freeze(prisma, body.data, c.var.session.operator.operatorId));
  });

  app.post("/console/bulk/:bulkId/start", atLeast("operator"), async (c) => {
    const bulkId = c.req.param("bulkId");
    const request = await asked(c, startSchema);
    if (request.refusal) return request.refusal;
    return (await barred(c, bulkId)) ?? c.json(await start(prisma, { bulkId, operatorId: c.var.session.operator.operatorId, actionKey: request.actionKey, reason: request.body.reason }));
  });

  app.post("/console/bulk/:bulkId/:steering{undo|stop|continue}", atLeast("operator"), async (c) => {
    const { bulkId, steering } = c.req.param();
    const request = await asked(c, steerSchema);
    if (request.refusal) return request.refusal;
    // Anybody who may act at all may stop what somebody else began; going on is a decision like the first.
    const refusal = steering === "continue" ? await barred(c, bulkId) : null;
    return refusal ?? c.json(await STEERING[steering as keyof typeof STEERING](prisma, { bulkId, operatorId: c.var.session.operator.operatorId, actionKey: request.actionKey }));
  });
}
