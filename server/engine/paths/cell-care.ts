/**
 * CellCare is for people: it shows one dish's cells as they are, and puts them right from the ledger, in this process, in
 * Redis and, by the feed, in every other instance. No order needs it: cells heal by themselves with the next newer version.
 */
import type { FeedEntry } from "../feed/live-feed.ts";
import type { CircuitBreaker } from "../guards/circuit-breaker.ts";
import type { Clock } from "../kernel/clock.ts";
import { EngineError } from "../kernel/errors.ts";
import type { DishRow } from "../kernel/types.ts";
import type { SharedCellCare, SharedReading } from "../tiers/cas/shared-cells.ts";
import type { CellView, StockGate } from "../tiers/cas/stock-gate.ts";

/** Time a read for a person may take: nobody's order waits for it. */
export const CARE_TIMEOUT_MS = 2_000;

/** A dish's cells side by side. Read one after the other: a settle in between is seen as one cell being a version ahead. */
export interface DishCells {
  /** Whose memory this is. */
  instance: string;
  memory: CellView | null;
  /** `away`: Redis does not answer. */
  shared: { state: "read"; cell: SharedReading | null } | { state: "away" };
}

export interface CellCarePorts {
  clock: Clock;
  instance: string;
  gate: StockGate;
  /** Absent: those in Redis are not looked at. */
  shared?: SharedCellCare | undefined;
  sharedBreaker: CircuitBreaker;
  /** Within CARE_TIMEOUT_MS. Rejects with an EngineError when the ledger does not answer. */
  readDish(dishId: string): Promise<DishRow | null>;
  publish(entry: FeedEntry): void;
}

export class CellCare {
  constructor(private readonly ports: CellCarePorts) {}

  async look(dishId: string, storeId: string): Promise<DishCells> {
    const { instance, gate } = this.ports;
    const cell = await this.readShared(storeId, dishId);
    return { instance, memory: gate.look(dishId), shared: cell === undefined ? { state: "away" } : { state: "read", cell } };
  }

  /**
   * Reads the dish from the ledger and writes that into its cells, here and in Redis; tells the others to do the same.
   * @throws EngineError UNKNOWN_DISH; UNAVAILABLE and DEADLINE_EXCEEDED as the ledger's reads do.
   */
  async reload(dishId: string, storeId: string): Promise<DishRow> {
    const { clock, instance, publish } = this.ports;
    const seen = await this.readShared(storeId, dishId);
    const row = await this.reloadHere(dishId);
    if (!row) throw new EngineError("UNKNOWN_DISH", `There is no dish ${dishId}.`);
    await this.writeShared(row, seen?.version ?? null);
    publish({ instance, atMs: clock.nowMs(), dishes: [row], transactions: [], reload: [dishId] });
    return row;
  }

  /** Another instance reloaded these. Never rejects: a read that fails leaves them distrusted, so a no asks the ledger first. */
  async hear(dishIds: readonly string[]): Promise<void> {
    const known = dishIds.filter((dishId) => this.ports.gate.look(dishId) !== null);
    this.ports.gate.distrustDishes(known);
    await Promise.all(known.map((dishId) => this.reloadHere(dishId).catch(() => null)));
  }

  private async reloadHere(dishId: string): Promise<DishRow | null> {
    const { clock, gate, readDish } = this.ports;
    const askedAtMs = clock.monotonicMs();
    const row = await readDish(dishId);
    if (row) gate.reload(row, askedAtMs);
    return row;
  }

  /** @returns undefined when Redis does not answer. */
  private async readShared(storeId: string, dishId: string): Promise<SharedReading | null | undefined> {
    const { shared, sharedBreaker } = this.ports;
    if (!shared || sharedBreaker.state !== "closed") return undefined;
    return shared.read(storeId, dishId).catch(() => undefined);
  }

  private async writeShared({ storeId, dishId, available, version }: DishRow, seenVersion: number | null): Promise<void> {
    const { shared, sharedBreaker } = this.ports;
    if (!shared || sharedBreaker.state !== "closed") return; // what Redis missed, the next take brings
    await shared.reload(storeId, dishId, { available, version }, seenVersion).catch(() => false);
  }
}
