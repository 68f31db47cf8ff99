/**
 * Dishes and their stock on the wire. `supplied = available + frozen + sold`, in portions.
 */
import { z } from "zod";
import { SUPPLY_MAX } from "./limits.ts";
import { Cents, Id, Instant, Names, NextCursor, PageQuery, Quantity, Reason, Search } from "./scalars.ts";

export const DishIdParams = z.strictObject({ dishId: Id });

export const Dish = z.object({
  dishId: Id,
  storeId: Id,
  names: z.object({ en: z.string(), "zh-CN": z.string() }),
  priceCents: Cents,
  supplied: z.int(),
  available: z.int(),
  frozen: z.int(),
  sold: z.int(),
  version: z.int().describe("Grows with every change of the dish."),
  onSale: z.boolean(),
  stale: z.boolean().describe("True: the last known stock, because the database does not answer."),
  asOf: Instant,
});
export type Dish = z.infer<typeof Dish>;

export const NewDishBody = z.strictObject({
  dishId: Id,
  storeId: Id.describe("A store that is new is made with the dish."),
  names: Names,
  priceCents: Cents,
  supplied: z.int().min(0).max(SUPPLY_MAX).describe("Portions."),
});

/** Restock and write-off. */
export const QuantityBody = z.strictObject({ quantity: Quantity, reason: Reason });

/** Pause and resume. */
export const ReasonBody = z.strictObject({ reason: Reason.nullish() });

export const DishesQuery = z.strictObject({
  storeId: Id.optional(),
  q: Search.optional().describe("Part of a dishId or of a name."),
  ...PageQuery,
});
export type DishesQuery = z.output<typeof DishesQuery>;

export const DishesPage = z.object({ dishes: z.array(Dish), nextCursor: NextCursor });
export type DishesPage = z.infer<typeof DishesPage>;
