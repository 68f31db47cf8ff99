/**
 * Dishes: looking at stock, and changing how much there is of it.
 */
import {
  Dish,
  DishesPage,
  DishesQuery,
  DishIdParams,
  NewDishBody,
  QuantityBody,
  ReasonBody,
} from "../../contracts/dishes.ts";
import type { DishRow, StockChangeKind } from "../../engine/kernel/types.ts";
import { ApiError } from "../problem.ts";
import { type Answer, type Call, route } from "../route.ts";
import { within } from "../serve.ts";

const CHANGED = { 200: { description: "The dish, as the change left it.", body: Dish } };

export const listDishes = route({
  method: "GET",
  path: "/api/v1/dishes",
  summary: "Dishes, newest first.",
  scope: "stock",
  query: DishesQuery,
  answers: { 200: { description: "One page.", body: DishesPage } },
  handle: async (call) => ({ status: 200, body: await within(call, call.reads.dishes(call.query, call.deadline)) }),
});

export const getDish = route({
  method: "GET",
  path: "/api/v1/dishes/{dishId}",
  summary: "One dish and its stock.",
  scope: "stock",
  params: DishIdParams,
  answers: { 200: { description: "The dish.", body: Dish } },
  errors: ["UNKNOWN_DISH"],
  async handle(call) {
    const { dishId } = call.params;
    const dish = await within(call, call.reads.dish(dishId, call.deadline));
    if (!dish) throw new ApiError("UNKNOWN_DISH", `There is no dish ${dishId}.`);
    return { status: 200, body: dish };
  },
});

export const createDish = route({
  method: "POST",
  path: "/api/v1/dishes",
  summary: "A new dish with its first supply.",
  scope: "stock",
  idempotencyKey: "optional",
  body: NewDishBody,
  answers: { 201: { description: "The dish.", body: Dish } },
  errors: ["DISH_EXISTS", "IDEMPOTENCY_MISMATCH"],
  async handle(call) {
    const row = await call.engine.createDish({ ...call.body, actor: call.actor, actionKey: call.actionKey }, call.context);
    return { status: 201, body: await dressed(call, row) };
  },
});

export const restockDish = route({
  method: "POST",
  path: "/api/v1/dishes/{dishId}/restock",
  summary: "More portions.",
  scope: "stock",
  idempotencyKey: "required",
  params: DishIdParams,
  body: QuantityBody,
  answers: CHANGED,
  errors: ["UNKNOWN_DISH", "IDEMPOTENCY_MISMATCH"],
  handle: (call) => change(call, "RESTOCK", call.body.quantity, call.body.reason),
});

export const writeOffDish = route({
  method: "POST",
  path: "/api/v1/dishes/{dishId}/write-off",
  summary: "Fewer portions: spoilt, spilt, eaten. Never more than are available.",
  scope: "stock",
  idempotencyKey: "required",
  params: DishIdParams,
  body: QuantityBody,
  answers: CHANGED,
  errors: ["UNKNOWN_DISH", "INSUFFICIENT_STOCK", "IDEMPOTENCY_MISMATCH"],
  handle: (call) => change(call, "WRITE_OFF", call.body.quantity, call.body.reason),
});

export const pauseDish = route({
  method: "POST",
  path: "/api/v1/dishes/{dishId}/pause",
  summary: "Take a dish off sale. Reservations stay.",
  scope: "stock",
  idempotencyKey: "optional",
  params: DishIdParams,
  body: ReasonBody,
  bodyOptional: true,
  answers: CHANGED,
  errors: ["UNKNOWN_DISH", "IDEMPOTENCY_MISMATCH"],
  handle: (call) => change(call, "PAUSE", 0, call.body.reason ?? null),
});

export const resumeDish = route({
  method: "POST",
  path: "/api/v1/dishes/{dishId}/resume",
  summary: "Put a dish on sale again.",
  scope: "stock",
  idempotencyKey: "optional",
  params: DishIdParams,
  body: ReasonBody,
  bodyOptional: true,
  answers: CHANGED,
  errors: ["UNKNOWN_DISH", "IDEMPOTENCY_MISMATCH"],
  handle: (call) => change(call, "RESUME", 0, call.body.reason ?? null),
});

async function change(
  call: Call<{ dishId: string }>,
  kind: StockChangeKind,
  quantity: number,
  reason: string | null,
): Promise<Answer> {
  const { actor, actionKey } = call;
  const row = await call.engine.change({ dishId: call.params.dishId, kind, quantity, reason, actor, actionKey }, call.context);
  return { status: 200, body: await dressed(call, row) };
}

/**
 * The engine's row with the words around it. As of the action, so that a replay reads like the first answer. The change is committed:
 * when the words cannot be read, the caller must not hear a 503, after which nothing was written.
 */
async function dressed(call: Call, row: DishRow): Promise<Dish> {
  const face = await within(call, call.reads.dishFace(row.dishId, call.actionKey)).catch((error: unknown) => {
    throw new ApiError("DEADLINE_EXCEEDED", "The change was sent, and the dish could not be read after it; ask again with the same key.", { cause: error });
  });
  if (!face) throw new ApiError("UNKNOWN_DISH", `There is no dish ${row.dishId}.`);
  const { dishId, storeId, supplied, available, frozen, sold, version, onSale } = row;
  const { names, priceCents, doneAtMs } = face;
  const asOf = new Date(doneAtMs ?? call.clock.nowMs()).toISOString();
  return { dishId, storeId, names, priceCents, supplied, available, frozen, sold, version, onSale, stale: false, asOf };
}

export const DISH_ROUTES = [listDishes, getDish, createDish, restockDish, writeOffDish, pauseDish, resumeDish];
