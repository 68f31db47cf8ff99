/**
 * What the page of locks asks for: its first paint, one second of lanes, a trace or a profile to download, and the sampling
 * rate. Everybody who is signed in may look and download; turning the rate takes an operator. Its live numbers are a room's.
 */
import type { Hono } from "hono";
import { z } from "zod";
import { ID_PATTERN, REASON_LENGTH_MAX } from "../../contracts/limits.ts";
import { ProfileQuery, SAMPLE_EVERY_MAX, TraceQuery } from "../../contracts/observing.ts";
import type { LiveBoard } from "../../gateway/board.ts";
import type { PrismaClient } from "../../generated/prisma/client.ts";
import type { ConsoleEnv } from "../api.ts";
import { problem } from "../problem.ts";
import { asked, atLeast } from "../route-tools.ts";
import { LaneCaptures, type TracedEngine } from "./lanes.ts";
import { type SampledEngine, turnSampling } from "./sampling.ts";

export const PROFILE_VIEWS = ["mutex", "block"] as const;
export type ProfileView = (typeof PROFILE_VIEWS)[number];

/** The same files as the API's: see server/api/exports. */
export interface LockFiles {
  /** Rejects with a code OVERLOADED and `retryAfterMs` while another trace is captured. */
  trace(seconds: number): Promise<string>;
  profile(view: ProfileView, seconds: number): Uint8Array<ArrayBuffer>;
}

export interface LockRoutesDeps {
  board: Pick<LiveBoard, "locks">;
  engine: TracedEngine & SampledEngine;
  prisma: PrismaClient;
  lockFiles: LockFiles;
}

const samplingBody = z.strictObject({
  every: z.int().min(1).max(SAMPLE_EVERY_MAX),
  reason: z.string().trim().max(REASON_LENGTH_MAX).optional(),
  /** Or in the Idempotency-Key header. */
  actionKey: z.string().regex(ID_PATTERN).optional(),
});

export function addLockRoutes(app: Hono<ConsoleEnv>, { board, engine, prisma, lockFiles }: LockRoutesDeps): void {
  const lanes = new LaneCaptures(engine);

  app.get("/console/locks", (c) => c.json(board.locks.snapshot()));

  app.get("/console/locks/lanes", async (c) => c.json(await lanes.capture()));

  app.get("/console/locks/trace", async (c) => {
    const query = TraceQuery.safeParse(c.req.query());
    if (!query.success) return problem(c, "VALIDATION", "seconds must be a whole number from 1 to 30.");
    try {
      const text = await lockFiles.trace(query.data.seconds);
      return c.body(text, 200, { "Content-Type": "application/json", ...attached(`trace-${engine.instance}.json`) });
    } catch (error) {
      const { code, message, retryAfterMs } = error as { code?: string; message: string; retryAfterMs?: number };
      if (code !== "OVERLOADED") throw error;
      return problem(c, "OVERLOADED", message, {}, retryAfterMs);
    }
  });

  app.get("/console/locks/profile/:view{mutex|block}", (c) => {
    const query = ProfileQuery.safeParse(c.req.query());
    if (!query.success) return problem(c, "VALIDATION", "seconds must be a whole number from 1 to 300.");
    const view = c.req.param("view") as ProfileView;
    const bytes = lockFiles.profile(view, query.data.seconds);
    return c.body(bytes, 200, { "Content-Type": "application/octet-stream", ...attached(`${view}-${engine.instance}.pb.gz`) });
  });

  app.post("/console/locks/sampling", atLeast("operator"), async (c) => {
    const { body, actionKey, operatorId } = await asked(c, samplingBody);
    return c.json(await turnSampling(prisma, engine, { every: body.every, actionKey, operatorId, reason: body.reason || null }));
  });
}

function attached(filename: string): Record<string, string> {
  return { "Content-Disposition": `attachment; filename="${filename}"` };
}
