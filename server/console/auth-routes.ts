/**
 * Signing in and out. Guessing is slowed down (auth/throttle.ts) and takes its turn (auth/hash-turns.ts); what was wrong, the
 * address or the password, is not told.
 */
import type { Context, Hono, MiddlewareHandler } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import type { Auth } from "../auth/auth.ts";
import { HashTurns } from "../auth/hash-turns.ts";
import { deviceCookieOf } from "../auth/throttle.ts";
import { signInSchema, type SignedIn } from "../contracts/console.ts";
import type { PrismaClient } from "../generated/prisma/client.ts";
import type { ConsoleEnv } from "./api.ts";
import { problem } from "./problem.ts";
import { bodyOf } from "./route-tools.ts";
import { readPreferences, setPreferenceCookies } from "./settings/preferences.ts";

export function addAuthRoutes(app: Hono<ConsoleEnv>, { auth, prisma, signedIn }: { auth: Auth; prisma: PrismaClient; signedIn: MiddlewareHandler<ConsoleEnv> }): void {
  const turns = new HashTurns();

  app.post("/auth/sign-in", async (c) => {
    const credentials = await bodyOf(c, signInSchema);
    const address = c.env?.incoming?.socket?.remoteAddress ?? "unknown";
    const attempt = { email: credentials.email, address, device: getCookie(c, deviceCookieOf(credentials.email)) };
    const waitMs = await auth.throttle.waitMs(attempt);
    if (waitMs > 0) return tooMany(c, waitMs);
    const tried = await turns.run(auth.throttle.isKnown(attempt), async () => {
      // Asked again: those who came at the same moment have been looked at meanwhile.
      const stillMs = await auth.throttle.waitMs(attempt);
      if (stillMs > 0) return { stillMs };
      const result = await auth.signIn(credentials, c.req.raw.headers);
      if (!result.ok) await auth.throttle.failed(attempt);
      return { stillMs: 0, result };
    });
    if (tried?.result === undefined) return tooMany(c, tried?.stillMs ?? 0);
    const { result } = tried;
    if (!result.ok) return problem(c, "UNAUTHENTICATED", "The e-mail address or the password is wrong.");
    const device = await auth.throttle.succeeded(attempt);
    for (const cookie of result.setCookies) c.header("Set-Cookie", cookie, { append: true });
    const secure = isSecure(c);
    setCookie(c, device.name, device.value, { path: "/api/auth", httpOnly: true, sameSite: "Strict", maxAge: device.maxAgeSeconds, secure });
    const preferences = await readPreferences(prisma, result.operator.operatorId);
    setPreferenceCookies(c, preferences);
    return c.json({ operator: result.operator, preferences } satisfies SignedIn);
  });

  app.post("/auth/sign-out", async (c) => {
    const { setCookies } = await auth.signOut(c.req.raw.headers);
    for (const cookie of setCookies) c.header("Set-Cookie", cookie, { append: true });
    return c.json({ signedOut: true });
  });

  app.get("/auth/session", signedIn, (c) => c.json({ operator: c.var.session.operator, expiresAtMs: c.var.session.expiresAtMs }));
}

function tooMany(c: Context<ConsoleEnv>, waitMs: number): Response {
  return problem(c, "RATE_LIMITED", "Too many attempts. Try again in a moment.", {}, waitMs);
}

/** A browser that came by https, also through a proxy that ends TLS. */
export function isSecure(c: Context): boolean {
  return c.req.header("origin")?.startsWith("https://") ?? false;
}
