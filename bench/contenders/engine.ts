/**
 * Our engine, inside the process of its clients as all the others are: memory cells, locks, Redis, the batched statement.
 */
import { createEngine } from "../../server/engine/create-engine.ts";
import type { RunningEngine } from "../../server/engine/create-engine.ts";
import type { RemoteBranch } from "../../server/engine/kernel/types.ts";
import type { Order } from "../load/load.ts";
import { type ContenderKind, Dropped, type Subject } from "./contender.ts";

/** The contract's budget for a request, all in. */
const TIMEOUT_MS = 800;
const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const TTL_SECONDS = 900;

const TURNED_AWAY = new Set(["OVERLOADED", "DEADLINE_EXCEEDED", "UNAVAILABLE", "IN_PROGRESS"]);
const REFUSALS = new Set(["SOLD_OUT", "COUPON_UNAVAILABLE", "DISH_PAUSED"]);

export const ENGINE: ContenderKind = {
  name: "Eightysix",
  about: "our engine: three tiers, one commit a batch",
  hasPool: false,
  books: "postgres",
  async open({ databaseUrl, redisUrl }) {
    return new EngineSubject(await createEngine({ databaseUrl, redisUrl }));
  },
};

export class EngineSubject implements Subject {
  private batchesBefore = 0;
  private batchedBefore = 0;

  /** @param participants who else takes part in every order. */
  constructor(
    readonly running: RunningEngine,
    private readonly participants: RemoteBranch[] = [],
  ) {}

  async reserve({ orderId, storeId, dishIds, couponId }: Order): Promise<"reserved" | "refused"> {
    const lines = dishIds.map((dishId) => ({ dishId, quantity: 1 }));
    try {
      await this.running.engine.try({ txId: orderId, storeId, orderId, couponId, lines, ttlSeconds: TTL_SECONDS, participants: this.participants }, { timeoutMs: TIMEOUT_MS, traceId: TRACE_ID });
      return "reserved";
    } catch (error) {
      const { code } = error as { code: string };
      if (REFUSALS.has(code)) return "refused";
      throw TURNED_AWAY.has(code) ? new Dropped(code) : error;
    }
  }

  async confirm({ orderId }: Order): Promise<void> {
    try {
      await this.running.engine.confirm(orderId, { timeoutMs: TIMEOUT_MS, traceId: TRACE_ID });
    } catch (error) {
      const { code } = error as { code: string };
      throw TURNED_AWAY.has(code) ? new Dropped(code) : error;
    }
  }

  prepare(): void {
    const { lock } = this.running.engine.stats();
    [this.batchesBefore, this.batchedBefore] = [lock.batches, lock.batched];
  }

  /** Operations a batch, on average since `prepare`. */
  remarks(): Record<string, number> {
    const { lock } = this.running.engine.stats();
    const batches = lock.batches - this.batchesBefore;
    return { batch: batches === 0 ? 0 : (lock.batched - this.batchedBefore) / batches };
  }

  close(): Promise<void> {
    return this.running.close();
  }
}
