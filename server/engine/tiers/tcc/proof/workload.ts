/**
 * Batches made to hurt: transactions, orders and coupons that several sessions want at once, hot dishes, cancels before
 * their Trys, reservations that expire, stock changes, misused txIds, requests that Postgres cannot store.
 * Dishes come in groups, and a batch stays within a few: sessions with the same dishes wait for each other at the first
 * lock, and only those without a dish in common meet at an order, a coupon or a txId.
 * What a transaction asks for follows from its number, so every session can name its dishes. It sends nothing.
 */
import { payloadHashOf } from "../../../kernel/basket.ts";
import { integerBetween, pick, seededRandom, type Random } from "../../../kernel/random.ts";
import type { LedgerBatch, LedgerMove, LedgerStockChange, LedgerTry, MoveTarget } from "../ledger.ts";

export const STORE = "proof";
const GROUPS = 8;
const DISHES_PER_GROUP = 4;
export const DISHES = Array.from({ length: GROUPS * DISHES_PER_GROUP }, (_, index) => `dish-${String(index).padStart(2, "0")}`);
export const COUPONS = Array.from({ length: 12 }, (_, index) => `coupon-${index}`);

/** Portions of each dish at the start: sold out within a second, so that refusals, releases and restocks matter. */
export const SUPPLIED = 50;

/** Sessions work on the same window of transactions; it moves on, so that old ones come to rest. */
const WINDOW = 300;
const REQUESTS_PER_TRANSACTION = 4;

const MOVES: readonly MoveTarget[] = ["CONFIRMED", "CONFIRMED", "CANCELLED", "CANCELLED", "EXPIRED", "REVERSED", "REVERSED"];
const CHANGES: readonly LedgerStockChange["kind"][] = ["RESTOCK", "RESTOCK", "RESTOCK", "RESTOCK", "WRITE_OFF", "PAUSE", ...Array<"RESUME">(8).fill("RESUME")];

/** The basket of transaction `number`: the same whoever asks. `misused`: another basket under its txId. */
export function tryOf(number: number, misused = false): LedgerTry {
  const random = seededRandom(number * 2_654_435_761);
  const lines = new Map<string, number>();
  for (let line = integerBetween(random, 1, 3); line > 0; line--) lines.set(dishOf(random, misused ? number + 1 : number), integerBetween(random, 1, 2));
  const basket = {
    storeId: STORE,
    orderId: random.next() < 0.6 ? `order-${number >> 1}` : `order-of-${number}`, // neighbours share one, in different groups
    couponId: random.next() < 0.06 ? pick(random, COUPONS) : null,
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

/** Mostly of the number's own group, and there mostly the first. */
function dishOf(random: Random, number: number): string {
  const group = random.next() < 0.98 ? number % GROUPS : integerBetween(random, 0, GROUPS - 1);
  const place = Math.floor(DISHES_PER_GROUP * random.next() ** 2);
  return DISHES[group * DISHES_PER_GROUP + place] as string;
}

/** Kept by all sessions together. */
export interface Window {
  next: number;
  actions: number;
}

export function batchOf(random: Random, window: Window, size: number): LedgerBatch {
  const numbers = new Map<number, "try" | MoveTarget>();
  const groups = [integerBetween(random, 0, GROUPS - 1), random.next() < 0.1 ? integerBetween(random, 0, GROUPS - 1) : -1];
  while (numbers.size < size) {
    const number = Math.max(0, Math.floor(window.next) - integerBetween(random, 0, WINDOW));
    window.next += 1 / (REQUESTS_PER_TRANSACTION * GROUPS); // most numbers are of other groups
    if (!groups.includes(number % GROUPS) || numbers.has(number)) continue;
    numbers.set(number, random.next() < 0.7 ? "try" : pick(random, MOVES));
  }
  const trys: LedgerTry[] = [];
  const moves: LedgerMove[] = [];
  const dishIds = new Set<string>();
  const orders = new Set<string>();
  for (const [number, what] of numbers) {
    const wanted = tryOf(number, what === "try" && random.next() < 0.03);
    if (what === "try") {
      if (orders.has(wanted.orderId)) continue;
      orders.add(wanted.orderId);
      trys.push(random.next() < 0.001 ? { ...wanted, txId: `poison-${number}`, orderId: `poison-${number}`, traceId: "\u0000" } : wanted);
    } else {
      moves.push({ txId: wanted.txId, to: what, cause: what === "CANCELLED" ? "REQUESTED" : null });
      if (random.next() < 0.01) continue; // its dishes are not named
    }
    for (const { dishId } of wanted.lines) dishIds.add(dishId);
  }
  const changes = random.next() < 0.3 ? [changeOf(random, window, groups[0] as number)] : [];
  for (const { dishId } of changes) dishIds.add(dishId);
  return { batchId: "proof", dishIds: [...dishIds].sort(() => random.next() - 0.5), trys, moves, changes };
}

/** Keys repeat, mostly with the same body; now and then with another, of another dish. */
function changeOf(random: Random, window: Window, group: number): LedgerStockChange {
  const earlier = integerBetween(random, Math.max(0, window.actions - 20), window.actions);
  const number = random.next() < 0.2 ? earlier : Math.ceil(++window.actions / GROUPS) * GROUPS + group;
  const own = seededRandom(number * 40_503 + 1);
  const kind = pick(own, CHANGES);
  const misused = random.next() < 0.05;
  const dishId = dishOf(own, misused ? number + 1 : number);
  const quantity = kind === "RESTOCK" ? integerBetween(own, 10, 80) : kind === "WRITE_OFF" ? integerBetween(own, 1, 5) : 0;
  return { actionKey: `action-${number}`, requestHash: payloadHashOf({ storeId: STORE, orderId: kind, couponId: dishId, lines: [{ dishId, quantity }] }), kind, dishId, quantity, reason: null, actor: "proof" };
}
