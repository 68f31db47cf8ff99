/**
 * The console's own routes: `createConsoleApi` gives a Hono app to be mounted at /api (it serves /auth/* and /console/*).
 * Every route but sign-in asks for a session, every method that changes something for the same origin, every verb for a role.
 * Order services have no business here: their API is server/api.
 */
import { Hono } from "hono";
import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { createMiddleware } from "hono/factory";
import type { Auth, OperatorSession } from "../auth/auth.ts";
import { isSameOrigin } from "../auth/same-origin.ts";
import type { PrismaClient } from "../generated/prisma/client.ts";
import type { LiveBoard } from "../gateway/board.ts";
import { NotBegun } from "./action-log.ts";
import { addAuditRoutes } from "./audit/routes.ts";
import { addAuthRoutes } from "./auth-routes.ts";
import { addBulkRoutes } from "./bulk/routes.ts";
import { addDishRoutes, type DishRoutesDeps } from "./dish-routes.ts";
import { addFindRoutes } from "./find.ts";
import { addInboxRoutes } from "./inbox/routes.ts";
import { addLockRoutes, type LockRoutesDeps } from "./locks/routes.ts";
import { addOperatorRoutes, type OperatorRoutesDeps } from "./operators/routes.ts";
import { failure, problem } from "./problem.ts";
import { addReviewRoutes } from "./review/routes.ts";
import { addSettingsRoutes, type SettingsRoutesDeps } from "./settings/routes.ts";
import { addTransactionRoutes, type TransactionRoutesDeps } from "./transactions/routes.ts";

export interface ConsoleDeps extends Pick<LockRoutesDeps, "lockFiles">, Pick<OperatorRoutesDeps, "keys">, Pick<SettingsRoutesDeps, "facts"> {
  auth: Auth;
  board: LiveBoard;
  engine: TransactionRoutesDeps["engine"] & LockRoutesDeps["engine"] & DishRoutesDeps["engine"];
  prisma: PrismaClient;
  /** Who carries lists out is told when one was started or steered; another instance finds it within seconds. */
  bulk?: { expect(inMs: number): void };
  /** Told of every failure that is not the caller's. */
  onError: (error: unknown) => void;
}

export interface ConsoleEnv {
  Bindings: { incoming?: { socket?: { remoteAddress?: string } } };
  Variables: { session: OperatorSession };
}

const BODY_BYTES_MAX = 16_384;

export function createConsoleApi(deps: ConsoleDeps): Hono<ConsoleEnv> {
  const { auth, board, onError, prisma } = deps;
  const app = new Hono<ConsoleEnv>();

  const sameOrigin: MiddlewareHandler<ConsoleEnv> = async (c, next) => {
    const changes = !["GET", "HEAD"].includes(c.req.method);
    c.header("X-Content-Type-Options", "nosniff");
    if (!isSameOrigin(c.req.raw.headers, changes)) return problem(c, "FORBIDDEN", "The request does not come from the console.");
    c.header("Cache-Control", "no-store");
    await next();
  };

  // Counted as it comes: a sender need not say how long a body will be.
  const bounded = bodyLimit({ maxSize: BODY_BYTES_MAX, onError: (c) => problem(c, "BODY_TOO_LARGE", `A body here has at most ${BODY_BYTES_MAX} bytes.`) });

  const signedIn = createMiddleware<ConsoleEnv>(async (c, next) => {
    const { session, setCookies } = await auth.readSession(c.req.raw.headers).catch((error: unknown) => {
      throw new NotBegun(error);
    });
    if (session === null) return problem(c, "UNAUTHENTICATED", "Sign in first.");
    c.set("session", session);
    await next();
    for (const cookie of setCookies) c.header("Set-Cookie", cookie, { append: true });
  });

  app.use("/auth/*", sameOrigin, bounded);
  app.use("/console/*", sameOrigin, signedIn, bounded);

  addAuthRoutes(app, { auth, prisma, signedIn });

  app.get("/console/overview", async (c) => {
    await board.freshPending();
    return c.json({ overview: board.overview.snapshot(), transactions: board.transactions.snapshot() });
  });

  addTransactionRoutes(app, deps);
  addReviewRoutes(app, deps);
  addFindRoutes(app, deps);
  addInboxRoutes(app, deps);
  addBulkRoutes(app, deps);
  addDishRoutes(app, deps);
  addLockRoutes(app, deps);
  addAuditRoutes(app, deps);
  addOperatorRoutes(app, deps);
  addSettingsRoutes(app, deps);

  for (const rest of ["/auth/*", "/console/*"]) app.all(rest, (c) => problem(c, "UNKNOWN_ROUTE", "There is nothing here."));

  app.onError((error, c) => failure(c, error, onError));

  return app;
}
