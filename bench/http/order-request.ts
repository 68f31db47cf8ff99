/** An order as the API takes it, and what its answer means to a benchmark. */
import type { Order } from "../load/load.ts";
import type { Ending } from "../load/tally.ts";

/** The header of every call. */
export const headersWith = (key: string) => ({ authorization: `Bearer ${key}`, "content-type": "application/json" });

export function bodyOf({ orderId, storeId, dishIds }: Order): object {
  return { txId: orderId, storeId, lines: dishIds.map((dishId) => ({ dishId, quantity: 1 })) };
}

/** A server that does not take an order for now drops it; whether it was done may be unknown. */
export function endingOf(status: number): Ending {
  if (status < 300) return "done";
  if (status === 409) return "refused";
  return status === 429 || status === 503 || status === 504 ? "dropped" : "failed";
}
