/**
 * Settings: a person's own (language, theme, time zone, password), and what the installation allows, which others routes change
 * (self-approval: review; sampling: locks). Everybody who is signed in reads them and changes his own.
 */
import type { Hono } from "hono";
import { changeOwnPassword } from "../operators/operators.ts";
import type { Auth } from "../../auth/auth.ts";
import { passwordSchema, preferencesSchema, type SettingsPage } from "../../contracts/settings.ts";
import type { Preferences } from "../../contracts/console.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";
import type { ConsoleEnv } from "../api.ts";
import { problem } from "../problem.ts";
import { peopleOf } from "../reads/people.ts";
import { readSelfApproval } from "../review/end-requests.ts";
import { bodyOf } from "../route-tools.ts";
import { readPreferences, setPreferenceCookies, writePreferences } from "./preferences.ts";

export interface SettingsRoutesDeps {
  auth: Pick<Auth, "heard" | "passwords" | "throttle">;
  prisma: PrismaClient;
  engine: { readonly profile: { readonly sampleEvery: number } };
  board: { instanceCount(): number };
  facts: Omit<SettingsPage["facts"], "instances">;
}

export function addSettingsRoutes(app: Hono<ConsoleEnv>, deps: SettingsRoutesDeps): void {
  const { auth, prisma } = deps;

  app.get("/console/settings", async (c) => c.json(await readSettings(deps, c.var.session.operator.operatorId)));

  // One's own, and nobody else's business: no audit.
  app.post("/console/settings/own", async (c) => {
    const preferences = await writePreferences(prisma, c.var.session.operator.operatorId, await bodyOf(c, preferencesSchema));
    setPreferenceCookies(c, preferences);
    return c.json(preferences satisfies Preferences);
  });

  app.post("/console/settings/password", async (c) => {
    const { current, next } = await bodyOf(c, passwordSchema);
    const { operator, sessionId } = c.var.session;
    // Whoever finds an open browser must not be able to try passwords there for ever.
    const attempt = { email: operator.email, address: `session ${sessionId}`, device: undefined };
    const waitMs = await auth.throttle.waitMs(attempt);
    if (waitMs > 0) return problem(c, "RATE_LIMITED", "Too many attempts. Try again in a moment.", {}, waitMs);
    if (await changeOwnPassword(prisma, auth, { operatorId: operator.operatorId, sessionId, current, next })) {
      const { operatorId } = operator;
      await prisma.auditEntry.create({ data: { actor: operatorId, verb: "operator.change-password", target: operatorId, detail: { outcome: "DONE" } } });
      return c.json({ changed: true });
    }
    await auth.throttle.failed(attempt);
    return problem(c, "VALIDATION", "The current password is wrong.", { errors: [{ path: "current", message: "WRONG" }] });
  });
}

export async function readSettings({ prisma, engine, board, facts }: Pick<SettingsRoutesDeps, "prisma" | "engine" | "board" | "facts">, operatorId: string): Promise<SettingsPage> {
  const [preferences, selfApproval] = await Promise.all([readPreferences(prisma, operatorId), readSelfApproval(prisma)]);
  const { allowed, changedBy, changedAt } = selfApproval;
  const nameOf = await peopleOf(prisma, changedBy === null ? [] : [changedBy]);
  return {
    preferences,
    usualTimeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    selfApproval: { allowed, changedBy: changedBy === null ? null : nameOf(changedBy), changedAtMs: changedAt?.getTime() ?? null },
    sampleEvery: engine.profile.sampleEvery,
    facts: { ...facts, instances: board.instanceCount() },
  };
}
