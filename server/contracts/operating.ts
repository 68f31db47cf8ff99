/**
 * What a load balancer and a monitor read. Both are open: they say nothing about orders.
 */
import { z } from "zod";

export const Health = z.object({ status: z.literal("ok") });

export const DependencyState = z.enum(["up", "down"]);
const Dependencies = z.object({
  postgres: z.object({ state: DependencyState }),
  redis: z.object({ state: DependencyState }),
});

export const Readiness = z.object({
  status: z.enum(["ready", "degraded", "unavailable"]).describe("degraded: without Redis; unavailable: without Postgres."),
  dependencies: Dependencies,
});
export type Readiness = z.infer<typeof Readiness>;
