/**
 * Batches made to hurt: few hot dishes, transactions and orders that several sessions want at once, contended coupons,
 * cancels before their Trys, reservations that expire, stock changes, requests that Postgres cannot store.
 * What a transaction asks for follows from its number, so every session can name its dishes. It sends nothing.
 */
import { payloadHashOf } from "../../../kernel/basket.ts";
import { integerBetween, pick, seededRandom, type Random } from "../../../kernel/random.ts";
import type { LedgerBatch, LedgerMove, LedgerStockChange, LedgerTry, MoveTarget } from "../ledger.ts";

export const STORE = "proof";
export const DISHES = Array.from({ length: 40 }, (_, index) => `dish-${String(index).padStart(2, "0")}`);
export const COUPONS = Array.from({ length: 24 }, (_, index) => `coupon-${index}`);

/** Portions of each dish at the start: sold out within seconds, so that refusals, releases and restocks matter. */
export const SUPPLIED = 60;

/** Sessions work on the same window of transactions; it moves on, so that old ones come to rest. */
const WINDOW = 400;
const REQUESTS_PER_STEP = 3;

/** One dish in a thousand batches less often than the first: 1/rank, as menus are. */
const DISH_WEIGHTS = DISHES.map((_, rank) => 1 / (rank + 1));
const DISH_WEIGHT_TOTAL = DISH_WEIGHTS.reduce((sum, weight) => sum + weight, 0);

const MOVES: readonly MoveTarget[] = ["CONFIRMED", "CONFIRMED", "CANCELLED", "CANCELLED", "EXPIRED", "EXPIRED", "REVERSED"];
const CHANGES: readonly LedgerStockChange["kind"][] = ["RESTOCK", "RESTOCK", "WRITE_OFF", "PAUSE", "RESUME", "RESUME"];

/** The basket of transaction `number`: the same whoever asks. */
export function tryOf(number: number): LedgerTry {
  const random = seededRandom(number * 2_654_435_761);
  const lines = new Map<string, number>();
  for (let line = integerBetween(random, 1, 3); line > 0; line--) lines.set(zipfDish(random), integerBetween(random, 1, 2));
  const basket = {
    storeId: STORE,
    orderId: random.next() < 0.3 ? `order-${number >> 1}` : `order-of-${number}`,
    couponId: random.next() < 0.25 ? pick(random, COUPONS) : null,
    lines: [...lines].map(([dishId, quantity]) => ({ dishId, quantity })),
  };
  return {
    txId: `tx-${number}`,
    ...basket,
    payloadHash: payloadHashOf(basket),
    ttlSeconds: random.next() < 0.4 ? 0 : 900,
    traceId: "0af7651916cd43dd8448eb211c80319c",
    stages: { accessMs: 0.1, casMs: 0, lockMs: 0.5, redisMs: 0.2 },
  };
}

/** Kept by all sessions together. */
export interface Window {
  next: number;
  actions: number;
}

export function batchOf(random: Random, window: Window, size: number): LedgerBatch {
  const numbers = new Map<number, "try" | MoveTarget>();
  while (numbers.size < size) {
    window.next += 1 / REQUESTS_PER_STEP;
    const number = Math.max(0, Math.floor(window.next) - integerBetween(random, 0, WINDOW));
    if (numbers.has(number)) continue;
    numbers.set(number, random.next() < 0.5 ? "try" : pick(random, MOVES));
  }
  const trys: LedgerTry[] = [];
  const moves: LedgerMove[] = [];
  const dishIds = new Set<string>();
  const orders = new Set<string>();
  for (const [number, what] of numbers) {
    const wanted = tryOf(number);
    if (what === "try") {
      if (orders.has(wanted.orderId)) continue;
      orders.add(wanted.orderId);
      trys.push(random.next() < 0.002 ? { ...wanted, txId: `poison-${number}`, orderId: `poison-${number}`, traceId: "\u0000" } : wanted);
    } else {
      moves.push({ txId: wanted.txId, to: what, cause: what === "CANCELLED" ? "REQUESTED" : null });
      if (random.next() < 0.01) continue; // its dishes are not named
    }
    for (const { dishId } of wanted.lines) dishIds.add(dishId);
  }
  const changes = random.next() < 0.3 ? [changeOf(random, window)] : [];
  for (const { dishId } of changes) dishIds.add(dishId);
  return { batchId: "proof", dishIds: [...dishIds].sort(() => random.next() - 0.5), trys, moves, changes };
}

/** Keys repeat now and then, with the same body; then and again with another. */
function changeOf(random: Random, window: Window): LedgerStockChange {
  const number = random.next() < 0.2 ? integerBetween(random, Math.max(0, window.actions - 20), window.actions) : ++window.actions;
  const own = seededRandom(number * 40_503 + 1);
  const kind = pick(own, CHANGES);
  const dishId = zipfDish(own);
  const quantity = kind === "RESTOCK" ? integerBetween(own, 1, 60) : kind === "WRITE_OFF" ? integerBetween(own, 1, 5) : 0;
  const body = random.next() < 0.05 ? "another" : "";
  return { actionKey: `action-${number}`, requestHash: payloadHashOf({ storeId: body, orderId: kind, couponId: dishId, lines: [{ dishId, quantity }] }), kind, dishId, quantity, reason: null, actor: "proof" };
}

function zipfDish(random: Random): string {
  let left = random.next() * DISH_WEIGHT_TOTAL;
  for (let rank = 0; rank < DISHES.length; rank++) {
    left -= DISH_WEIGHTS[rank] as number;
    if (left <= 0) return DISHES[rank] as string;
  }
  return DISHES[0] as string;
}
