/**
 * A Watcher is shown what passes between the engines and their stores, at the moment it happens.
 * It sees ports only: what an engine does inside itself it must conclude from them.
 */
import type { Engine } from "../engine.ts";
import type { HoldOwner, SettleRequest, SharedCells, TakeAnswer, TakeRequest } from "../tiers/cas/shared-cells.ts";
import type { Due, Ledger, LedgerBatch } from "../tiers/tcc/ledger.ts";
import type { CommitWatcher } from "./simulated-postgres.ts";
import type { SimulatedRedis } from "./simulated-redis.ts";

export interface Watcher extends CommitWatcher {
  started(instance: string, engine: Engine): void;
  died(instance: string): void;
  /** An engine asks for a batch. */
  sent(instance: string, batch: LedgerBatch): void;
  /** It heard how its batch ended, or gave up. */
  heard(instance: string, batch: LedgerBatch): void;
  /** An engine has asked what is due; null: it heard nothing. */
  asked(instance: string, due: Due | null): void;
  /** An engine looks for reservations whose time is up. */
  swept(instance: string): void;
  /** Redis carried a take or a settle out. */
  took(instance: string, storeId: string, owner: HoldOwner, requests: readonly TakeRequest[], answer: TakeAnswer): void;
  settled(instance: string, storeId: string, owner: HoldOwner, requests: readonly SettleRequest[]): void;
  /** What Redis knew is not what it knows now. */
  redisLost(): void;
}

export function watchedCells(redis: SimulatedRedis, instance: string, watcher: Watcher): SharedCells {
  const cells = redis.cells(instance);
  return {
    take: async (storeId, owner, requests, holdMs) => {
      const answer = await cells.take(storeId, owner, requests, holdMs);
      watcher.took(instance, storeId, owner, requests, answer);
      return answer;
    },
    settle: async (storeId, owner, requests) => {
      await cells.settle(storeId, owner, requests);
      watcher.settled(instance, storeId, owner, requests);
    },
  };
}

export function watchedLedger(ledger: Ledger, instance: string, watcher: Watcher): Ledger {
  return {
    ...ledger,
    findDue: async (withinMs) => {
      let due: Due | null = null;
      try {
        due = await ledger.findDue(withinMs);
        return due;
      } finally {
        watcher.asked(instance, due);
      }
    },
    findExpired: (limit) => {
      watcher.swept(instance);
      return ledger.findExpired(limit);
    },
    runBatch: async (batch) => {
      watcher.sent(instance, batch);
      try {
        return await ledger.runBatch(batch);
      } finally {
        watcher.heard(instance, batch);
      }
    },
  };
}

/** A watcher that may come later than the world it watches. */
export function lateWatcher(watcher: () => Watcher | undefined): Watcher {
  return {
    started: (...args) => watcher()?.started(...args),
    died: (...args) => watcher()?.died(...args),
    sent: (...args) => watcher()?.sent(...args),
    heard: (...args) => watcher()?.heard(...args),
    committed: (...args) => watcher()?.committed(...args),
    reported: (...args) => watcher()?.reported(...args),
    asked: (...args) => watcher()?.asked(...args),
    swept: (...args) => watcher()?.swept(...args),
    took: (...args) => watcher()?.took(...args),
    settled: (...args) => watcher()?.settled(...args),
    redisLost: () => watcher()?.redisLost(),
  };
}
