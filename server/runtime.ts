/**
 * The one instance of everything, made by main.ts and found by pages and route handlers. Next compiles them apart from
 * main.ts, so a module is evaluated twice in one process; only globalThis is shared.
 * Ask for it inside a request, never while a module loads: during `next build` there is none.
 */
import type { Api } from "./api/app.ts";
import type { Auth } from "./auth/auth.ts";
import type { Config } from "./config.ts";
import type { createConsoleApi } from "./console/index.ts";
import type { ReadsWithFallback } from "./console/reads/fallback.ts";
import type { RunningEngine } from "./engine/create-engine.ts";
import type { LiveBoard } from "./gateway/board.ts";
import type { PrismaClient } from "./generated/prisma/client.ts";
import type { Log } from "./log.ts";

export interface Runtime {
  config: Config;
  log: Log;
  prisma: PrismaClient;
  engine: RunningEngine["engine"];
  /** Read models over the database, and what they fall back to. */
  reads: ReadsWithFallback;
  auth: Auth;
  board: LiveBoard;
  /** The order services' API, and the console's own routes: web-standard apps with a `fetch`. */
  api: Api;
  consoleApi: ReturnType<typeof createConsoleApi>;
}

const KEY = Symbol.for("eightysix.runtime");
const shared = globalThis as { [KEY]?: Runtime };

export function setRuntime(runtime: Runtime): void {
  shared[KEY] = runtime;
}

/** @throws when nothing runs, as while Next builds. */
export function getRuntime(): Runtime {
  const runtime = shared[KEY];
  if (!runtime) throw new Error("There is no runtime in this process: pages and routes are served by server/main.ts only.");
  return runtime;
}
