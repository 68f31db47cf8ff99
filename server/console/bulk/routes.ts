/**
 * Causes, and one verb for many: freeze a list, look at what would happen, start it, undo it, stop it, let it go on.
 * Everybody who is signed in may look; freezing takes an operator, starting and steering the role of the verb.
 */
import type { Hono } from "hono";
import { freezeSchema, startSchema, steerSchema } from "../../contracts/bulk.ts";
import { VERB_ROLES, type ManualVerb, type Role } from "../../contracts/console.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";
import type { ConsoleEnv } from "../api.ts";
import { asked, atLeast, bodyOf, idOf, needRole } from "../route-tools.ts";
import { readCauses } from "./causes.ts";
import { readBulkSheet } from "./effect.ts";
import { bulkOf, freeze, goOn, readBulks, start, stop, undo } from "./lists.ts";

const STEERING = { undo, stop, continue: goOn } as const;

export function addBulkRoutes(app: Hono<ConsoleEnv>, { prisma, bulk }: { prisma: PrismaClient; bulk?: { expect(inMs: number): void } }): void {
  /** @throws Refused when somebody may not carry this list's verb out. */
  const needRoleOf = async (bulkId: string, role: Role) => {
    const { verb } = await bulkOf(prisma, bulkId);
    needRole(role, VERB_ROLES[verb as ManualVerb]);
  };

  app.get("/console/causes", async (c) => c.json(await readCauses(prisma)));

  app.get("/console/bulk", async (c) => c.json(await readBulks(prisma)));

  app.get("/console/bulk/:bulkId", async (c) => c.json(await readBulkSheet(prisma, idOf(c, "bulkId"))));

  // A draft is nobody's harm: no action key, no audit.
  app.post("/console/bulk", atLeast("operator"), async (c) => {
    const list = await bodyOf(c, freezeSchema);
    return c.json(await freeze(prisma, list, c.var.session.operator.operatorId));
  });

  app.post("/console/bulk/:bulkId/start", atLeast("operator"), async (c) => {
    const bulkId = idOf(c, "bulkId");
    const { body, actionKey, operatorId, role } = await asked(c, startSchema);
    await needRoleOf(bulkId, role);
    const started = await start(prisma, { bulkId, operatorId, actionKey, reason: body.reason });
    bulk?.expect(0);
    return c.json(started);
  });

  app.post("/console/bulk/:bulkId/:steering{undo|stop|continue}", atLeast("operator"), async (c) => {
    const bulkId = idOf(c, "bulkId");
    const steering = c.req.param("steering") as keyof typeof STEERING;
    const { actionKey, operatorId, role } = await asked(c, steerSchema);
    // Anybody who may act at all may stop what somebody else began; going on is a decision like the first.
    if (steering === "continue") await needRoleOf(bulkId, role);
    const steered = await STEERING[steering](prisma, { bulkId, operatorId, actionKey });
    bulk?.expect(0);
    return c.json(steered);
  });
}
