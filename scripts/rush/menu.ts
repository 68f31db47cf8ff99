/**
 * Reads the menu over HTTP: GET /api/v1/dishes, page by page. It changes nothing.
 */
import { asRecord, type Recorder } from "./recorder.ts";
import type { Answer, Wire } from "./wire.ts";

export interface ServedDish {
  dishId: string;
  storeId: string;
  supplied: number;
  available: number;
  frozen: number;
  sold: number;
  onSale: boolean;
  /** The last known stock, because the database does not answer. */
  stale: boolean;
}

/** The hottest 2 000 dishes are more than a rush can tell apart; each page holds 500. */
const PAGES_MAX = 4;
const PAGE_LIMIT = 500;

export type MenuAnswer = { kind: "menu"; dishes: ServedDish[] } | { kind: "failed"; answer: Answer };

export async function readMenu(wire: Wire, recorder: Recorder): Promise<MenuAnswer> {
  const dishes: ServedDish[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < PAGES_MAX; page++) {
    const query: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const finishReading = recorder.bound.beginReading();
    const answer = await wire.send({ method: "GET", path: `/api/v1/dishes?limit=${PAGE_LIMIT}${query}` });
    recorder.time("menu", answer);
    const body = answer.kind === "answered" && answer.status === 200 ? asRecord(answer.body) : {};
    if (!Array.isArray(body.dishes)) return { kind: "failed", answer };
    const shown = body.dishes as ServedDish[];
    finishReading(shown, answer.doneAtMs);
    for (const dish of shown) dishes.push(dish);
    cursor = typeof body.nextCursor === "string" ? body.nextCursor : null;
    if (cursor === null) break;
  }
  return { kind: "menu", dishes };
}
