/**
 * What the console asks of one dish: its page's figures, and the verbs a person has for it, behind the
 * session and same-origin checks of api.ts. The engine decides; every verb is written down first, under its action key.
 */
import { randomBytes } from "node:crypto";
import type { Hono } from "hono";
import type { z } from "zod";
import { DISH_BODIES, isDishVerb } from "../contracts/dish-page.ts";
import type { DishActionResult, DishVerb, Stock } from "../contracts/dish-page.ts";
import { ID_PATTERN } from "../contracts/limits.ts";
import type { CallContext, DishRow, StockChangeKind, StockChangeRequest } from "../engine/kernel/types.ts";
import type { PrismaClient } from "../generated/prisma/client.ts";
import type { LiveBoard } from "../gateway/board.ts";
import { onceAudited } from "./action-log.ts";
import type { ConsoleEnv } from "./api.ts";
import type { RouteTools } from "./locks/routes.ts";
import { problem } from "./problem.ts";

/** A person waits longer than a program: a slow answer is better than "outcome unknown". */
const ACTION_TIMEOUT_MS = 5_000;

export interface DishEngine {
  change(request: StockChangeRequest, call: CallContext): Promise<DishRow>;
  readonly cells: { reload(dishId: string, storeId: string): Promise<DishRow> };
}

export interface DishRoutesDeps {
  engine: DishEngine;
  prisma: PrismaClient;
  board: Pick<LiveBoard, "dishPages">;
}

const CHANGES: Record<Exclude<DishVerb, "reload-cells">, StockChangeKind> = { restock: "RESTOCK", "write-off": "WRITE_OFF", pause: "PAUSE", resume: "RESUME" };

export function addDishRoutes(app: Hono<ConsoleEnv>, { engine, prisma, board }: DishRoutesDeps, { atLeast, readJson }: RouteTools): void {
  app.get("/console/dishes/:dishId", async (c) => {
    const dishId = c.req.param("dishId");
    const page = ID_PATTERN.test(dishId) ? await board.dishPages.open(dishId) : null;
    if (page === null) return problem(c, "UNKNOWN_DISH", `There is no dish ${dishId}.`);
    await page.look();
    return c.json(page.room.snapshot());
  });

  app.post("/console/dishes/:dishId/:verb", atLeast("operator"), async (c) => {
    const { dishId, verb } = c.req.param();
    if (!isDishVerb(verb)) return problem(c, "UNKNOWN_ROUTE", "There is nothing here.");
    const body = DISH_BODIES[verb].safeParse((await readJson(c)) ?? {});
    if (!ID_PATTERN.test(dishId)) return problem(c, "VALIDATION", "The dish's id is no id.", { errors: [{ path: "dishId", message: "RANGE" }] });
    if (!body.success) return problem(c, "VALIDATION", "The body is not what this route takes.", { errors: faultsOf(body.error) });
    const actionKey = c.req.header("idempotency-key") ?? body.data.actionKey;
    if (actionKey === undefined || !ID_PATTERN.test(actionKey)) {
      return problem(c, "VALIDATION", "An action key is needed: the Idempotency-Key header, 1 to 64 characters.");
    }
    const dish = await prisma.dish.findUnique({ where: { dishId }, select: { storeId: true, nameEn: true, nameZh: true } });
    if (dish === null) return problem(c, "UNKNOWN_DISH", `There is no dish ${dishId}.`);
    const { operatorId } = c.var.session.operator;
    const { quantity = 0, reason = null } = body.data as { quantity?: number; reason?: string };
    const asked = { verb: `dish.${verb}`, target: dishId, operatorId, actionKey, reason, request: quantity > 0 ? { quantity } : {} };
    const { answer, replayed } = await onceAudited(prisma, asked, async (): Promise<Stock> => {
      if (verb === "reload-cells") return stockOf(await engine.cells.reload(dishId, dish.storeId));
      const call = { timeoutMs: ACTION_TIMEOUT_MS, traceId: randomBytes(16).toString("hex") };
      // Keys are named by who uses them, as the API does: two callers never meet.
      const change = { dishId, kind: CHANGES[verb], quantity, reason, actor: operatorId, actionKey: `${operatorId}:${actionKey}` };
      return stockOf(await engine.change(change, call));
    });
    await board.dishPages.page(dishId)?.look();
    const result: DishActionResult = { dishId, verb, names: { en: dish.nameEn, "zh-CN": dish.nameZh }, stock: answer, replayed };
    return c.json(result);
  });
}

function stockOf({ supplied, available, frozen, sold, onSale }: DishRow): Stock {
  return { supplied, available, frozen, sold, onSale };
}

function faultsOf(error: z.ZodError): { path: string; message: string }[] {
  return error.issues.slice(0, 20).map(({ path, message }) => ({ path: path.map(String).join("."), message }));
}
