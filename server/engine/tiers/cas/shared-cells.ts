/**
 * The shared-cell port: a dish's stock at Redis' distance. It may say no, never yes, and losing it loses nothing.
 * Adapters: `redis-cells.ts` (take.lua, settle.lua) and `memory-shared-cells.ts` (twin); `shared-cells.conformance.ts` holds both to one suite.
 */

/** Who takes. `sequence` grows with every batch of an instance, so a take sent twice cannot revive a settled hold. */
export interface HoldOwner {
  instance: string;
  sequence: number;
}

/** One dish of a take. The caller's own reading comes along: the newer of it and the cell wins. */
export interface TakeRequest {
  dishId: string;
  wanted: number;
  /** Null: the caller has no reading. */
  known: { available: number; version: number } | null;
}

export interface TakeGrant {
  /** Portions held for this batch: 0 … wanted. */
  granted: number;
  /** The newer reading of cell and caller, holds not deducted. */
  available: number;
  version: number;
}

export interface TakeAnswer {
  /** Per dish its grant; null when neither cell nor caller knows the dish. */
  grants: (TakeGrant | null)[];
  /** Holds of any batch whose time was over, found in these cells and dropped. */
  expiredHolds: number;
}

export interface SettleRequest {
  dishId: string;
  /** The row after the batch; null when the batch failed or its outcome is unknown: then only the hold goes. */
  reading: { available: number; version: number } | null;
}

export interface SharedCells {
  /**
   * Holds portions of one store's dishes for one batch: one script call.
   * @throws when the store does not answer in time; the caller goes on without it.
   */
  take(storeId: string, owner: HoldOwner, requests: readonly TakeRequest[], holdMs: number): Promise<TakeAnswer>;
  /** Ends the batch's holds and stores readings that are newer. Repeating it changes nothing. */
  settle(storeId: string, owner: HoldOwner, requests: readonly SettleRequest[]): Promise<void>;
}

/** A cell as a person looks at it. */
export interface SharedReading {
  available: number;
  version: number;
  /** Portions held for batches in flight, of every instance. */
  held: number;
}

/** For people: the same cells, looked at and put right by hand. Nothing on the path of an order needs it. */
export interface SharedCellCare {
  /** @returns null when the cell has no reading. */
  read(storeId: string, dishId: string): Promise<SharedReading | null>;
  /**
   * Writes the ledger's reading over whatever the cell says; its holds stay. A version above the ledger's that the cell had
   * before the ledger was asked (`seenVersion`, null for none) is a lie and goes too; one that came since is newer and stays.
   * @returns whether it was written.
   */
  reload(storeId: string, dishId: string, reading: { available: number; version: number }, seenVersion: number | null): Promise<boolean>;
}
