/**
 * What the console asks of one dish: its page's figures, and the verbs a person has for it, behind the
 * session and same-origin checks of api.ts. The engine decides; every verb is written down first, under its action key.
 */
import type { Hono } from "hono";
import { DISH_BODIES, isDishVerb } from "../contracts/dish-page.ts";
import type { DishActionResult, DishVerb, Stock } from "../contracts/dish-page.ts";
import { ID_PATTERN } from "../contracts/limits.ts";
import type { CallContext, DishRow, StockChangeKind, StockChangeRequest } from "../engine/kernel/types.ts";
import type { PrismaClient } from "../generated/prisma/client.ts";
import type { LiveBoard } from "../gateway/board.ts";
import { onceAudited, type AskedAction } from "./action-log.ts";
import type { ConsoleEnv } from "./api.ts";
import { callByHand } from "./manual-actions.ts";
import { problem } from "./problem.ts";
import { asked, atLeast, idOf } from "./route-tools.ts";

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

export function addDishRoutes(app: Hono<ConsoleEnv>, { engine, prisma, board }: DishRoutesDeps): void {
  app.get("/console/dishes/:dishId", async (c) => {
    const dishId = c.req.param("dishId");
    const page = ID_PATTERN.test(dishId) ? await board.dishPages.open(dishId) : null;
    if (page === null) return problem(c, "UNKNOWN_DISH", `There is no dish ${dishId}.`);
    await page.look();
    return c.json(page.room.snapshot());
  });

  app.post(`/console/dishes/:dishId/:verb{${Object.keys(DISH_BODIES).join("|")}}`, atLeast("operator"), async (c) => {
    const verb = c.req.param("verb");
    if (!isDishVerb(verb)) return problem(c, "UNKNOWN_ROUTE", "There is nothing here.");
    const dishId = idOf(c, "dishId");
    const { body, actionKey, operatorId } = await asked(c, DISH_BODIES[verb]);
    const dish = await prisma.dish.findUnique({ where: { dishId }, select: { storeId: true, nameEn: true, nameZh: true, onSale: true } });
    if (dish === null) return problem(c, "UNKNOWN_DISH", `There is no dish ${dishId}.`);
    const { quantity = 0, reason = null } = body as { quantity?: number; reason?: string };
    const action: AskedAction = { verb: `dish.${verb}`, target: dishId, operatorId, actionKey, reason, request: quantity > 0 ? { quantity } : {} };
    const { answer, replayed } = await onceAudited(prisma, action, async (again, tell): Promise<Stock> => {
      if (verb === "reload-cells") return stockOf(await engine.cells.reload(dishId, dish.storeId));
      // Keys are named by who uses them, as the API does: two callers never meet.
      const change = { dishId, kind: CHANGES[verb], quantity, reason, actor: operatorId, actionKey: `${operatorId}:${actionKey}` };
      const after = stockOf(await engine.change(change, callByHand()));
      // Asked again, the change may be an hour old: what was before is not known any more.
      tell(again ? { after } : { before: beforeOf(verb, quantity, after, dish.onSale), after });
      return after;
    });
    await board.dishPages.page(dishId)?.look();
    const result: DishActionResult = { dishId, verb, names: { en: dish.nameEn, "zh-CN": dish.nameZh }, stock: answer, replayed };
    return c.json(result);
  });
}

function stockOf({ supplied, available, frozen, sold, onSale }: DishRow): Stock {
  return { supplied, available, frozen, sold, onSale };
}

/** By what the change did; others may have sold portions since somebody last looked. */
function beforeOf(verb: DishVerb, quantity: number, after: Stock, onSale: boolean): Stock {
  const more = verb === "restock" ? quantity : verb === "write-off" ? -quantity : 0;
  return { ...after, supplied: after.supplied - more, available: after.available - more, onSale: verb === "pause" || verb === "resume" ? onSale : after.onSale };
}
