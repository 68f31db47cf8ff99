/**
 * The live-feed port: every settled change, to every instance. It may lose entries (the lease on a no covers that),
 * repeat them and reorder them; consumers keep the highest version per dish.
 * Adapters: `redis-feed.ts` (capped Streams) and `memory-feed.ts` (twin).
 */
import type { TransactionState } from "../kernel/states.ts";
import type { DishRow } from "../kernel/types.ts";
import type { Heartbeat } from "./instances.ts";

export interface TransactionChange {
  txId: string;
  storeId: string;
  state: TransactionState;
}

/** What one batch changed. */
export interface FeedEntry {
  instance: string;
  /** The database's clock when the batch was decided. */
  atMs: number;
  dishes: DishRow[];
  transactions: TransactionChange[];
  /** Dishes whose cells somebody distrusts: read them from the ledger again. */
  reload?: string[];
  /** This instance has just asked the ledger what is due: nothing is. */
  nothingDue?: true;
}

export interface FeedConsumer {
  entry(entry: FeedEntry): void;
  heartbeat(heartbeat: Heartbeat): void;
  /** Entries may have been missed: trust nothing you hold, and load it anew. */
  gap(): void;
}

export interface LiveFeed {
  /** Messages that were not sent, or could not be read. */
  readonly dropped: number;
  /** Never throws and never waits: an entry that cannot be sent is dropped and counted. */
  publish(entry: FeedEntry): void;
  /** Says that this instance lives, and how. As unreliable as `publish`. */
  announce(heartbeat: Heartbeat): void;
  /** Entries of other instances, from now on. @returns how to stop. */
  subscribe(consumer: FeedConsumer): () => void;
}
