/**
 * A crowd at one engine: customers who all want the same dish, try until they have an answer, then pay, give up or wait.
 * It calls the engine directly, so that a proof measures the engine and not a client; it remembers every answer it was given.
 */
import type { Engine } from "../engine/engine.ts";
import { isEngineError } from "../engine/kernel/errors.ts";
import { type Random, seededRandom } from "../engine/kernel/random.ts";

export interface CrowdOrder {
  /** Makes the txIds unique. */
  prefix: string;
  storeId: string;
  dishId: string;
  trys: number;
  /** Nobody comes after this, milliseconds since the epoch. */
  untilMs?: number;
  /** Customers at a time. */
  customers: number;
  seed: number;
  /** Of those who hold a reservation. The others leave it as it is. */
  confirmShare: number;
  cancelShare: number;
}

export interface CrowdReport {
  /** Portions by what the customers were told last of their transactions. */
  portions: { RESERVED: number; CONFIRMED: number; CANCELLED: number };
  transactions: { RESERVED: number; CONFIRMED: number; CANCELLED: number };
  /** Final noes, by code. */
  refused: Record<string, number>;
  /** Answers that asked the customer to come again. */
  again: Record<string, number>;
  /** Customers who were asked to come again too often, and left without knowing. */
  lost: number;
  elapsedMs: number;
  acceptedPerSecond: number;
}

/** A customer comes back this often before giving up: with 800 ms a call, far longer than any outage of a proof. */
const ATTEMPTS_MAX = 60;
const QUANTITY_MAX = 3;
const CALL = { timeoutMs: 800, traceId: "0".repeat(32) };

export async function crowd(engine: Engine, order: CrowdOrder): Promise<CrowdReport> {
  const random = seededRandom(order.seed);
  const report: CrowdReport = {
    portions: { RESERVED: 0, CONFIRMED: 0, CANCELLED: 0 },
    transactions: { RESERVED: 0, CONFIRMED: 0, CANCELLED: 0 },
    refused: {},
    again: {},
    lost: 0,
    elapsedMs: 0,
    acceptedPerSecond: 0,
  };
  const startedAtMs = performance.now();
  let next = 0;
  const customer = async (): Promise<void> => {
    while (next < order.trys && Date.now() < (order.untilMs ?? Number.POSITIVE_INFINITY)) await visit(engine, order, `${order.prefix}-${next++}`, random, report);
  };
  await Promise.all(Array.from({ length: Math.min(order.customers, order.trys) }, customer));
  report.elapsedMs = performance.now() - startedAtMs;
  const { RESERVED, CONFIRMED, CANCELLED } = report.transactions;
  report.acceptedPerSecond = (RESERVED + CONFIRMED + CANCELLED) / (report.elapsedMs / 1_000);
  return report;
}

async function visit(engine: Engine, order: CrowdOrder, txId: string, random: Random, report: CrowdReport): Promise<void> {
  const quantity = 1 + Math.floor(random.next() * QUANTITY_MAX);
  const mood = random.next();
  const basket = { txId, storeId: order.storeId, orderId: txId, couponId: null, ttlSeconds: 3_600, lines: [{ dishId: order.dishId, quantity }] };
  const tried = await insist(() => engine.try(basket, CALL), report);
  if (!tried) return;
  let state: "RESERVED" | "CONFIRMED" | "CANCELLED" = "RESERVED";
  if (mood < order.confirmShare) {
    if (!(await insist(() => engine.confirm(txId, CALL), report))) return;
    state = "CONFIRMED";
  } else if (mood < order.confirmShare + order.cancelShare) {
    if (!(await insist(() => engine.cancel(txId, CALL), report))) return;
    state = "CANCELLED";
  }
  report.portions[state] += quantity;
  report.transactions[state]++;
}

/** Asks again, as every caller must, while the answer is that nothing is known or that it may be repeated. */
async function insist(call: () => Promise<unknown>, report: CrowdReport): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    try {
      await call();
      return true;
    } catch (error) {
      if (!isEngineError(error)) throw error;
      const { code, retryable } = error;
      const count = retryable ? report.again : report.refused;
      count[code] = (count[code] ?? 0) + 1;
      if (!retryable) return false;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  report.lost++;
  return false;
}
