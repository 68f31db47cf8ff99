/**
 * People and programs: who may sign in and as what, which API keys there are. An admin's alone. Everything is audited; a
 * password or a key is in the answer that made it and nowhere else, so a repeated action key does not get it again.
 */
import { createHash } from "node:crypto";
import type { Hono } from "hono";
import { createOperator, resetPassword, setDisabled, setRole } from "./operators.ts";
import type { Auth } from "../../auth/auth.ts";
import { createKeySchema, createOperatorSchema, keyVerbSchema, type KeyResult, type KeyVerb, operatorVerbSchema, type OperatorResult, type OperatorVerb, setRoleSchema } from "../../contracts/operators.ts";
import type { Scope } from "../../contracts/scopes.ts";
import { EngineError } from "../../engine/kernel/errors.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";
import { onceAudited, type AskedAction } from "../action-log.ts";
import type { ConsoleEnv } from "../api.ts";
import { asked, atLeast, idOf, Refused } from "../route-tools.ts";
import { readOperators } from "./reads.ts";

/** Where API keys are made; server/api/keys.ts is the real one. */
export interface KeyMaker {
  create(key: { keyId: string; name: string; scopes: readonly Scope[]; ratePerSecond: number | null }): Promise<{ secret: string }>;
  rotate(keyId: string): Promise<{ secret: string } | null>;
  revoke(keyId: string): Promise<boolean>;
}

export interface OperatorRoutesDeps {
  auth: Pick<Auth, "heard" | "passwords">;
  prisma: PrismaClient;
  keys: KeyMaker;
  facts: { rateLimitPerSecond: number };
}

export function addOperatorRoutes(app: Hono<ConsoleEnv>, { auth, prisma, keys, facts }: OperatorRoutesDeps): void {
  const admin = atLeast("admin");

  app.get("/console/operators", admin, async (c) => c.json(await readOperators(prisma, facts.rateLimitPerSecond)));

  app.post("/console/operators", admin, async (c) => {
    const { body, actionKey, operatorId: by } = await asked(c, createOperatorSchema);
    const { name, email, role } = body;
    // Named by who asks and under which key: asked twice, it is one operator.
    const operatorId = derivedId("o", by, actionKey);
    const action: AskedAction = { verb: "operator.create", target: operatorId, operatorId: by, actionKey, reason: body.reason || null, request: { name, email, role } };
    let password: string | null = null;
    const { replayed } = await onceAudited(prisma, action, async (_again, tell) => {
      password = await createOperator(prisma, auth, { operatorId, name, email, role });
      tell({ after: { name, email, role } });
      return {};
    });
    return c.json({ operatorId, password, replayed } satisfies OperatorResult);
  });

  app.post("/console/operators/:operatorId/role", admin, async (c) => {
    const operatorId = idOf(c, "operatorId");
    const { body, actionKey, operatorId: by } = await asked(c, setRoleSchema);
    refuseOneself(operatorId, by);
    const { role } = body;
    const action: AskedAction = { verb: "operator.role", target: operatorId, operatorId: by, actionKey, reason: body.reason || null, request: { role } };
    const { replayed } = await onceAudited(prisma, action, async (_again, tell) => {
      tell({ before: { role: await setRole(prisma, auth, operatorId, role) }, after: { role } });
      return {};
    });
    return c.json({ operatorId, password: null, replayed } satisfies OperatorResult);
  });

  app.post("/console/operators/:operatorId/:verb{disable|enable|reset-password}", admin, async (c) => {
    const operatorId = idOf(c, "operatorId");
    const verb = c.req.param("verb") as OperatorVerb;
    const { body, actionKey, operatorId: by } = await asked(c, operatorVerbSchema);
    refuseOneself(operatorId, by);
    const action: AskedAction = { verb: `operator.${verb}`, target: operatorId, operatorId: by, actionKey, reason: body.reason || null, request: {} };
    let password: string | null = null;
    const { replayed } = await onceAudited(prisma, action, async (_again, tell) => {
      if (verb === "reset-password") password = await resetPassword(prisma, auth, operatorId);
      else {
        const disabled = verb === "disable";
        const changed = await setDisabled(prisma, auth, operatorId, disabled);
        tell({ before: { disabled: changed ? !disabled : disabled }, after: { disabled } });
      }
      return {};
    });
    return c.json({ operatorId, password, replayed } satisfies OperatorResult);
  });

  app.post("/console/keys", admin, async (c) => {
    const { body, actionKey, operatorId: by } = await asked(c, createKeySchema);
    const key = { keyId: derivedId("k", by, actionKey), name: body.name, scopes: body.scopes, ratePerSecond: body.ratePerSecond ?? null };
    const { keyId, ...shown } = key;
    const action: AskedAction = { verb: "key.create", target: keyId, operatorId: by, actionKey, reason: body.reason || null, request: shown };
    let secret: string | null = null;
    const { replayed } = await onceAudited(prisma, action, async (_again, tell) => {
      try {
        secret = (await keys.create(key)).secret;
      } catch (error) {
        if ((error as { code?: string }).code !== "P2002") throw error; // made before; its secret is not known any more
      }
      tell({ after: shown });
      return {};
    });
    return c.json({ keyId, secret, replayed } satisfies KeyResult);
  });

  app.post("/console/keys/:keyId/:verb{rotate|revoke}", admin, async (c) => {
    const keyId = idOf(c, "keyId");
    const verb = c.req.param("verb") as KeyVerb;
    const { body, actionKey, operatorId: by } = await asked(c, keyVerbSchema);
    const action: AskedAction = { verb: `key.${verb}`, target: keyId, operatorId: by, actionKey, reason: body.reason || null, request: {} };
    let secret: string | null = null;
    const { replayed } = await onceAudited(prisma, action, async (again) => {
      const rotated = verb === "rotate" ? await keys.rotate(keyId) : null;
      const done = verb === "rotate" ? rotated !== null : await keys.revoke(keyId);
      if (!done && !again) throw new EngineError("ILLEGAL_STATE", `There is no live key ${keyId}.`);
      secret = rotated?.secret ?? null;
      return {};
    });
    return c.json({ keyId, secret, replayed } satisfies KeyResult);
  });
}

/** Whoever shuts himself out has nobody to ask; another admin can do it. */
function refuseOneself(operatorId: string, by: string): void {
  if (operatorId === by) throw new Refused("FORBIDDEN", "Nobody changes his own role or sign-in here.");
}

function derivedId(kind: "o" | "k", operatorId: string, actionKey: string): string {
  return `${kind}_${createHash("sha256").update(`${kind}\n${operatorId}\n${actionKey}`).digest("base64url").slice(0, 16)}`;
}
