/**
 * The limit: our own batched statement in a closed loop with nothing around it, at the batch size that the engine forms under
 * the same load. No cells, no locks, no Redis, no callers; as many batches in flight as the engine may have: one on a hot
 * dish, else two, of different stores so that they do not wait for each other.
 */
import { fingerprint } from "../../server/engine/kernel/basket.ts";
import { BATCHES_IN_FLIGHT_MAX } from "../../server/engine/tiers/lock/dish-locks.ts";
import type { LedgerBatch, LedgerTry } from "../../server/engine/tiers/tcc/ledger.ts";
import { PostgresLedger } from "../../server/engine/tiers/tcc/postgres-ledger.ts";
import { Watch, type Timing } from "../load/closed-loop.ts";
import { DISHES_PER_STORE, type Load, type Order, type Orders } from "../load/load.ts";
import type { TallyData } from "../load/tally.ts";
import type { ContenderKind, Subject } from "./contender.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const STAGES = { accessMs: 0.4, casMs: 0.01, lockMs: 1.25, redisMs: 0.6 };

/** Orders looked at to find one of a lane's stores; more than the stores there are. */
const LOOKS_MAX = 1_000;

export const BARE_STATEMENT: ContenderKind = {
  name: "the bare statement",
  about: "the limit: stock_batch in a closed loop with nothing around it, at the engine's batch size",
  hasPool: false,
  books: "postgres",
  async open({ databaseUrl }) {
    const ledger = new PostgresLedger({ databaseUrl, connectionsMax: BATCHES_IN_FLIGHT_MAX });
    await ledger.warm();
    return new BareStatement(ledger);
  },
};

export class BareStatement implements Subject {
  constructor(private readonly ledger: PostgresLedger) {}

  async reserve(order: Order): Promise<"reserved" | "refused"> {
    const { trys } = await this.ledger.runBatch(tryBatch([order]));
    return trys[0] === "ACCEPTED" ? "reserved" : "refused";
  }

  async confirm(order: Order): Promise<void> {
    const { moves } = await this.ledger.runBatch(confirmBatch([order]));
    if (moves[0] !== "MOVED") throw new Error(`order ${order.orderId} was not reserved`);
  }

  /** In place of clients: batches of `size` orders, one after the other, on each lane. */
  async playBatches(load: Load, orders: Orders, size: number, timing: Timing): Promise<TallyData> {
    const watch = new Watch(load.dishes, timing);
    const lanes = load.picking === "hot" || load.picking === "soldOut" || load.dishes <= DISHES_PER_STORE ? 1 : BATCHES_IN_FLIGHT_MAX;
    const lane = async (number: number): Promise<void> => {
      while (!watch.isOver()) {
        const batch: Order[] = [];
        while (batch.length < size) {
          const order = nextOf(orders, number, lanes);
          if (!order) return;
          batch.push(order);
        }
        const sinceMs = performance.now();
        const { trys } = await this.ledger.runBatch(tryBatch(batch));
        const reserved = batch.filter((_, i) => trys[i] === "ACCEPTED");
        if (load.confirms) await this.ledger.runBatch(confirmBatch(reserved));
        batch.forEach((order, i) => watch.saw(sinceMs, order, trys[i] === "ACCEPTED", load.confirms));
      }
    };
    await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
    return watch.end();
  }

  close(): Promise<void> {
    return this.ledger.close();
  }
}

function nextOf(orders: Orders, lane: number, lanes: number): Order | null {
  for (let look = 0; look < LOOKS_MAX; look++) {
    const order = orders.next();
    if (!order || Math.floor((order.positions[0] as number) / DISHES_PER_STORE) % lanes === lane) return order;
  }
  return null;
}

function tryBatch(orders: readonly Order[]): LedgerBatch {
  const trys = orders.map(
    ({ orderId, storeId, dishIds, couponId }): LedgerTry => ({
      txId: orderId,
      storeId,
      orderId,
      couponId,
      payloadHash: HASH,
      ttlSeconds: 900,
      lines: dishIds.map((dishId) => ({ dishId, quantity: 1 })),
      traceId: TRACE_ID,
      stages: STAGES,
    }),
  );
  return { batchId: "bench", dishIds: dishesOf(orders), trys, moves: [], changes: [] };
}

function confirmBatch(orders: readonly Order[]): LedgerBatch {
  const moves = orders.map(({ orderId }) => ({ txId: orderId, to: "CONFIRMED" as const, cause: null }));
  return { batchId: "bench", dishIds: dishesOf(orders), trys: [], moves, changes: [] };
}

/** The limit hashes nothing: that is work around the statement. */
const HASH = fingerprint(["bench"]);

const dishesOf = (orders: readonly Order[]): string[] => [...new Set(orders.flatMap(({ dishIds }) => dishIds))];
