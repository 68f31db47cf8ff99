/**
 * The console's own routes: `createConsoleApi` gives a Hono app to be mounted at /api (it serves /auth/* and /console/*).
 * Every route but sign-in asks for a session, every method that changes something for the same origin, every verb for a role.
 * Order services have no business here: their API is server/api.
 */
import { Hono } from "hono";
import type { Context, MiddlewareHandler } from "hono";
import { createMiddleware } from "hono/factory";
import { getCookie, setCookie } from "hono/cookie";
import type { Auth, OperatorSession } from "../auth/auth.ts";
import { isSameOrigin } from "../auth/same-origin.ts";
import { DEVICE_COOKIE } from "../auth/throttle.ts";
import { roleIncludes, signInSchema } from "../contracts/console.ts";
import type { Role } from "../contracts/console.ts";
import { isEngineError } from "../engine/kernel/errors.ts";
import type { PrismaClient } from "../generated/prisma/client.ts";
import type { LiveBoard } from "../gateway/board.ts";
import { ActionKeyMisused } from "./action-log.ts";
import { addLockRoutes, type LockRoutesDeps } from "./locks/routes.ts";
import { addDishRoutes, type DishRoutesDeps } from "./dish-routes.ts";
import { problem, problemOf } from "./problem.ts";
import { addBulkRoutes } from "./bulk/routes.ts";
import { addInboxRoutes } from "./inbox/routes.ts";
import { addReviewRoutes } from "./review/routes.ts";
import { addTransactionRoutes, type TransactionRoutesDeps } from "./transactions/routes.ts";

export interface ConsoleDeps extends Pick<LockRoutesDeps, "lockFiles"> {
  auth: Auth;
  board: LiveBoard;
  engine: TransactionRoutesDeps["engine"] & LockRoutesDeps["engine"] & DishRoutesDeps["engine"];
  prisma: PrismaClient;
  /** Told of every failure that is not the caller's. */
  onError: (error: unknown) => void;
}

export interface ConsoleEnv {
  Bindings: { incoming?: { socket?: { remoteAddress?: string } } };
  Variables: { session: OperatorSession };
}

const BODY_BYTES_MAX = 16_384;
/** Hashing a password takes a core for 50 ms: two at a time leave one for the orders. */
const HASHES_MAX = 2;
const HASHES_WAITING_MAX = 20;

export function createConsoleApi(deps: ConsoleDeps): Hono<ConsoleEnv> {
  const { auth, board, onError } = deps;
  const app = new Hono<ConsoleEnv>();
  let hashing = 0;
  const hashQueue: (() => void)[] = [];
  const hashTurn = async <T>(task: () => Promise<T>): Promise<T> => {
    if (hashing >= HASHES_MAX) await new Promise<void>((turn) => hashQueue.push(turn));
    else hashing += 1;
    try {
      return await task();
    } finally {
      const next = hashQueue.shift(); // hands its place on
      if (next === undefined) hashing -= 1;
      else next();
    }
  };

  const sameOrigin: MiddlewareHandler<ConsoleEnv> = async (c, next) => {
    const changes = !["GET", "HEAD"].includes(c.req.method);
    if (!isSameOrigin(c.req.raw.headers, changes)) return problem(c, "FORBIDDEN", "The request does not come from the console.");
    if (changes && Number(c.req.header("content-length") ?? 0) > BODY_BYTES_MAX) {
      return problem(c, "BODY_TOO_LARGE", `A body here has at most ${BODY_BYTES_MAX} bytes.`);
    }
    c.header("Cache-Control", "no-store");
    await next();
  };

  const signedIn = createMiddleware<ConsoleEnv>(async (c, next) => {
    const { session, setCookies } = await auth.readSession(c.req.raw.headers);
    if (session === null) return problem(c, "UNAUTHENTICATED", "Sign in first.");
    c.set("session", session);
    await next();
    for (const cookie of setCookies) c.header("Set-Cookie", cookie, { append: true });
  });

  const atLeast = (role: Role) =>
    createMiddleware<ConsoleEnv>(async (c, next) => {
      if (roleIncludes(c.var.session.operator.role, role)) return next();
      return problem(c, "FORBIDDEN", `This takes the role ${role}.`);
    });

  app.use("/auth/*", sameOrigin);
  app.use("/console/*", sameOrigin, signedIn);

  app.post("/auth/sign-in", async (c) => {
    const parsed = signInSchema.safeParse(await readJson(c));
    if (!parsed.success) return problem(c, "VALIDATION", "An e-mail address and a password are needed.");
    const address = c.env?.incoming?.socket?.remoteAddress ?? "unknown";
    const attempt = { email: parsed.data.email, address, device: getCookie(c, DEVICE_COOKIE) };
    const waitMs = await auth.throttle.waitMs(attempt);
    if (waitMs > 0 || hashQueue.length >= HASHES_WAITING_MAX) {
      c.header("Retry-After", String(Math.max(1, Math.ceil(waitMs / 1000))));
      return problem(c, "RATE_LIMITED", "Too many attempts. Try again in a moment.");
    }
    const result = await hashTurn(() => auth.signIn(parsed.data, c.req.raw.headers));
    if (!result.ok) {
      await auth.throttle.failed(attempt);
      return problem(c, "UNAUTHENTICATED", "The e-mail address or the password is wrong.");
    }
    const device = await auth.throttle.succeeded(attempt);
    for (const cookie of result.setCookies) c.header("Set-Cookie", cookie, { append: true });
    setCookie(c, device.name, device.value, {
      path: "/api/auth",
      httpOnly: true,
      sameSite: "Strict",
      maxAge: device.maxAgeSeconds,
      secure: c.req.header("origin")?.startsWith("https://") ?? false,
    });
    return c.json({ operator: result.operator });
  });

  app.post("/auth/sign-out", async (c) => {
    const { setCookies } = await auth.signOut(c.req.raw.headers);
    for (const cookie of setCookies) c.header("Set-Cookie", cookie, { append: true });
    return c.json({ signedOut: true });
  });

  app.get("/auth/session", signedIn, (c) => c.json({ operator: c.var.session.operator, expiresAtMs: c.var.session.expiresAtMs }));

  app.get("/console/overview", async (c) => {
    await board.freshPending();
    return c.json({ overview: board.overview.snapshot(), transactions: board.transactions.snapshot() });
  });

  addTransactionRoutes(app, deps, { atLeast, readJson });
  addReviewRoutes(app, deps, { atLeast, readJson });
  addInboxRoutes(app, deps, { atLeast, readJson });
  addBulkRoutes(app, deps, { atLeast, readJson });
  addDishRoutes(app, deps, { atLeast, readJson });
  addLockRoutes(app, deps, { atLeast, readJson });

  for (const rest of ["/auth/*", "/console/*"]) app.all(rest, (c) => problem(c, "UNKNOWN_ROUTE", "There is nothing here."));

  app.onError((error, c) => {
    if (error instanceof ActionKeyMisused) return problem(c, "IDEMPOTENCY_MISMATCH", error.message);
    if (isEngineError(error) && error.code !== "INTERNAL") return problemOf(c, error);
    onError(error);
    return problem(c, "UNAVAILABLE", "The console's own database call failed.");
  });

  return app;
}

async function readJson(c: Context): Promise<unknown> {
  const text = await c.req.text();
  if (text.length > BODY_BYTES_MAX) return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
