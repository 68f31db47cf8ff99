/**
 * StockGate is tier 1: it checks a whole basket against the memory cells and admits every line, or none.
 * Its no is leased: final only while the ledger has confirmed the cell lately. It never says yes: the ledger does.
 * It neither queues nor batches (tier 2) nor writes stock (tier 3).
 */
import { LRUCache } from "lru-cache";
import type { Clock } from "../../kernel/clock.ts";
import { EngineError, type DishShortage, type EngineErrorCode } from "../../kernel/errors.ts";
import type { BasketLine, DishRow } from "../../kernel/types.ts";
import { MemoryCells, type CellReading } from "./memory-cells.ts";

/**
 * How old a confirmation may be for a no to stand without asking the ledger again. It bounds how long a dish whose stock
 * came back elsewhere stays refused here, and makes one read per dish and half second the price of a sold-out storm.
 */
export const REFUSAL_AGE_MS_MAX = 500;

/** One cache line each, 8 MiB in all; above the 100 000 dishes of the largest city we measure with. */
export const CELLS_MAX = 131_072;

/** Invented dish ids that are remembered as unknown; about 1 MiB. */
const UNKNOWN_DISHES_MAX = 10_000;

/** Trys that may wait for promised portions. At 40 000 decisions a second more could not be served within a deadline. */
export const PARKED_MAX = 16_384;

/**
 * How long nobody tries for portions that Redis holds for another instance. Its settle normally ends the wait earlier, through
 * the live feed; this is for holds whose owner died. Ten batches long: on a busy machine the feed is not slower than that.
 */
export const HELD_ELSEWHERE_MS = 100;

/**
 * How often in a row, without news of the dish, holds may turn its orders back before the ledger decides whatever Redis says:
 * a hold whose owner died, or that an old snapshot brought back, must not keep a portion from being sold until it ends by itself.
 */
export const TURNED_BACK_MAX = 2;

export type GateVerdict =
  | { kind: "admitted" }
  /** Final, given that the txId is new. */
  | { kind: "refused"; code: EngineErrorCode; message: string; dishes?: DishShortage[] }
  /** Missing, or too old to refuse from: read these dishes again and ask again. */
  | { kind: "unsure"; dishIds: string[] }
  /** The portions exist but are promised to others in flight. */
  | { kind: "promised"; dishId: string; quantity: number };

/**
 * `available`, `version` and `onSale` are the cell's, which only this thread writes: read here, they cost no 64-bit word of the
 * heap each. A Try reads them several times, and their garbage was a fifth of its cost.
 */
interface DishCell {
  slot: number;
  storeId: string;
  available: number;
  version: number;
  onSale: boolean;
  /** When the ledger was asked for the reading that last confirmed this cell; monotonic clock. */
  confirmedAtMs: number;
  /** When the reading was written here; monotonic clock. */
  writtenAtMs: number;
  /** Until then its portions count as promised: Redis holds them for another instance; monotonic clock. */
  heldUntilMs: number;
  /** Times in a row that holds turned orders back, without news. */
  turnedBack: number;
}

/** Stock in memory, and how long ago the ledger confirmed it (null: never, or no longer trusted). */
export interface CellView extends CellReading {
  confirmedAgoMs: number | null;
}

interface Parked {
  quantity: number;
  wake(): void;
  left: boolean;
}

export class StockGate {
  readonly cells: MemoryCells;
  private readonly byDish = new Map<string, DishCell>();
  private nextSlot = 0;
  private readonly unknown: LRUCache<string, number>;
  private readonly parkedByDish = new Map<string, Parked[]>();
  private parkedCount = 0;

  /** @param cellsMax how many dishes may have a cell at once. */
  constructor(
    private readonly clock: Clock,
    cellsMax = CELLS_MAX,
  ) {
    this.cells = MemoryCells.create(cellsMax);
    this.unknown = new LRUCache({ max: Math.min(UNKNOWN_DISHES_MAX, cellsMax) });
  }

  /** Checks every line, then admits every line; on any obstacle nothing stays admitted. */
  admit(storeId: string, lines: readonly BasketLine[]): GateVerdict {
    const nowMs = this.clock.monotonicMs();
    const oldestMs = nowMs - REFUSAL_AGE_MS_MAX;
    const unsure: string[] = [];
    const shortages: DishShortage[] = [];
    let paused: string | null = null;
    let promised: BasketLine | null = null;
    for (const line of lines) {
      const cell = this.byDish.get(line.dishId);
      if (!cell) {
        if ((this.unknown.get(line.dishId) ?? Number.NEGATIVE_INFINITY) > oldestMs) {
          return { kind: "refused", code: "UNKNOWN_DISH", message: `There is no dish ${line.dishId}.` };
        }
        unsure.push(line.dishId);
        continue;
      }
      if (cell.storeId !== storeId) {
        return { kind: "refused", code: "WRONG_STORE", message: `Dish ${line.dishId} does not belong to store ${storeId}.` };
      }
      const confirmed = cell.confirmedAtMs > oldestMs;
      if (!cell.onSale) {
        if (confirmed) paused ??= line.dishId;
        else unsure.push(line.dishId);
      } else if (cell.available < line.quantity) {
        if (confirmed) shortages.push({ dishId: line.dishId, wanted: line.quantity, available: cell.available });
        else unsure.push(line.dishId);
      } else if (cell.heldUntilMs > nowMs) {
        promised ??= line;
      } else if (lines.length > 1 && cell.available - this.cells.admitted(cell.slot) < line.quantity) {
        promised ??= line; // a single line learns it from the compare-and-swap
      }
    }
    if (paused) return { kind: "refused", code: "DISH_PAUSED", message: `Dish ${paused} is not on sale now.` };
    if (shortages.length > 0) {
      return { kind: "refused", code: "SOLD_OUT", message: soldOutMessage(shortages), dishes: shortages };
    }
    if (unsure.length > 0) return { kind: "unsure", dishIds: unsure };
    if (promised) return { kind: "promised", dishId: promised.dishId, quantity: promised.quantity };
    return this.admitAll(lines);
  }

  private admitAll(lines: readonly BasketLine[]): GateVerdict {
    for (const [position, line] of lines.entries()) {
      const cell = this.byDish.get(line.dishId) as DishCell;
      if (this.cells.admit(cell.slot, line.quantity) === "admitted") continue;
      this.giveBack(lines.slice(0, position));
      return { kind: "promised", dishId: line.dishId, quantity: line.quantity };
    }
    return { kind: "admitted" };
  }

  /** Takes promises back that no batch will settle. */
  giveBack(lines: readonly BasketLine[]): void {
    for (const line of lines) {
      const cell = this.byDish.get(line.dishId);
      if (!cell) throw new Error(`dish ${line.dishId} lost its cell while portions were admitted`);
      this.cells.giveBack(cell.slot, line.quantity);
      this.wake(line.dishId);
    }
  }

  /**
   * Ends the promises of a batch with what the ledger answered.
   * @param rows as the ledger gave them; empty when it did not answer.
   * @param askedAtMs when the batch left, on the monotonic clock.
   */
  settle(rows: readonly DishRow[], returned: ReadonlyMap<string, number>, askedAtMs: number): void {
    const readings = new Map(rows.map((row) => [row.dishId, row]));
    for (const [dishId, quantity] of returned) {
      const cell = this.byDish.get(dishId) as DishCell;
      const row = readings.get(dishId);
      if (row && this.cells.settle(cell.slot, row, quantity)) this.wrote(cell, row);
      else if (!row) this.cells.giveBack(cell.slot, quantity);
    }
    for (const row of rows) this.learn(row, askedAtMs);
    for (const dishId of returned.keys()) this.wake(dishId);
  }

  /**
   * Takes in what the ledger says of a dish.
   * @param askedAtMs when it was asked, on the monotonic clock; null for hearsay (the live feed), which changes a cell but confirms nothing.
   */
  learn(row: DishRow, askedAtMs: number | null): void {
    this.unknown.delete(row.dishId);
    const cell = this.byDish.get(row.dishId) ?? this.place(row.dishId, row.storeId);
    const { version } = cell;
    if (row.version > version) {
      this.cells.settle(cell.slot, row, 0);
      this.wrote(cell, row);
    } else if (row.version < version && askedAtMs !== null && askedAtMs > cell.writtenAtMs) {
      // The ledger was asked after this cell was written and knows less: it was set back to an earlier state, and it is right.
      this.cells.overwrite(cell.slot, row);
      this.wrote(cell, row);
    } else if (row.version < version) {
      return;
    }
    if (askedAtMs !== null && askedAtMs > cell.confirmedAtMs) cell.confirmedAtMs = askedAtMs;
    this.wake(row.dishId);
  }

  /** Takes in that the ledger knows no such dish. A cell of it (the ledger was set back) is emptied: nobody can buy what is not there. */
  learnUnknown(dishId: string, askedAtMs: number): void {
    const cell = this.byDish.get(dishId);
    if (!cell) {
      this.unknown.set(dishId, askedAtMs);
      return;
    }
    const nothing = { available: 0, version: 0, onSale: true };
    this.cells.overwrite(cell.slot, nothing);
    this.wrote(cell, nothing);
    cell.confirmedAtMs = askedAtMs;
    this.wake(dishId);
  }

  /**
   * Redis holds portions of this dish for another instance: nobody tries for them before there is news of the dish, or the time
   * for it is over. Of the orders of one batch only the first tells something new.
   */
  turnedBack(dishId: string): void {
    const cell = this.byDish.get(dishId);
    const nowMs = this.clock.monotonicMs();
    if (!cell || cell.heldUntilMs > nowMs) return;
    cell.turnedBack++;
    const untilMs = nowMs + HELD_ELSEWHERE_MS;
    cell.heldUntilMs = untilMs;
    this.clock.schedule(HELD_ELSEWHERE_MS, () => {
      if (cell.heldUntilMs !== untilMs) return; // news came first
      cell.heldUntilMs = Number.NEGATIVE_INFINITY;
      this.wake(dishId);
    });
  }

  /** Whether holds have turned orders for any of these dishes back so often that the ledger is to decide without Redis. */
  ignoresHolds(lines: readonly BasketLine[]): boolean {
    return lines.some(({ dishId }) => (this.byDish.get(dishId)?.turnedBack ?? 0) >= TURNED_BACK_MAX);
  }

  /** Makes every confirmation void: the feed has a gap, or the ledger is another one. Cells reload as they are needed. */
  distrust(): void {
    for (const cell of this.byDish.values()) cell.confirmedAtMs = Number.NEGATIVE_INFINITY;
    this.unknown.clear();
  }

  /** Makes the confirmations of some dishes void: the next no about them asks the ledger first. */
  distrustDishes(dishIds: readonly string[]): void {
    for (const dishId of dishIds) {
      const cell = this.byDish.get(dishId);
      if (cell) cell.confirmedAtMs = Number.NEGATIVE_INFINITY;
      this.unknown.delete(dishId);
    }
  }

  /**
   * Writes what the ledger says over whatever is here, whatever its version, unless it came after the ledger was asked.
   * What is admitted stays: those operations are in flight.
   */
  reload(row: DishRow, askedAtMs: number): void {
    const cell = this.byDish.get(row.dishId) ?? this.place(row.dishId, row.storeId);
    if (row.version >= cell.version || askedAtMs > cell.writtenAtMs) {
      this.cells.overwrite(cell.slot, row);
      this.wrote(cell, row);
    }
    if (askedAtMs > cell.confirmedAtMs) cell.confirmedAtMs = askedAtMs;
    this.unknown.delete(row.dishId);
    this.wake(row.dishId);
  }

  /** A cell as a person looks at it; null when there is none. */
  look(dishId: string): CellView | null {
    const cell = this.byDish.get(dishId);
    if (!cell) return null;
    const confirmedAgoMs = this.clock.monotonicMs() - cell.confirmedAtMs;
    return { ...this.cells.read(cell.slot), confirmedAgoMs: Number.isFinite(confirmedAgoMs) ? confirmedAgoMs : null };
  }

  /** What a take tells Redis: the caller's own reading of a dish. */
  reading(dishId: string): { available: number; version: number } | null {
    const cell = this.byDish.get(dishId);
    return cell ? { available: cell.available, version: cell.version } : null;
  }

  /** Sum of all promises; with nothing in flight it is 0. */
  admittedTotal(): number {
    let total = 0;
    for (const cell of this.byDish.values()) total += this.cells.admitted(cell.slot);
    return total;
  }

  /**
   * Waits for promised portions of a dish to come back or be gone.
   * @returns the wait, and how to leave it early.
   * @throws EngineError OVERLOADED when too many wait already.
   */
  park(dishId: string, quantity: number): { woken: Promise<void>; leave(): void } {
    if (this.parkedCount >= PARKED_MAX) {
      throw new EngineError("OVERLOADED", "Too many orders wait for portions that are promised to others.", { tier: "cas", retryAfterMs: 1000 });
    }
    let parked!: Parked;
    const woken = new Promise<void>((resolve) => {
      parked = { quantity, wake: resolve, left: false };
    });
    const queue = this.parkedByDish.get(dishId);
    if (queue) queue.push(parked);
    else this.parkedByDish.set(dishId, [parked]);
    this.parkedCount++;
    const leave = (): void => {
      if (parked.left) return;
      parked.left = true;
      this.parkedCount--;
      parked.wake();
    };
    return { woken, leave };
  }

  /** Wakes, in order of arrival, those who fit now and those for whom nothing is left to wait for. */
  private wake(dishId: string): void {
    const queue = this.parkedByDish.get(dishId);
    if (!queue) return;
    const cell = this.byDish.get(dishId);
    if (!cell) return;
    const { available, onSale } = cell;
    let free = cell.heldUntilMs > this.clock.monotonicMs() ? 0 : available - this.cells.admitted(cell.slot);
    const waiting: Parked[] = [];
    for (const parked of queue) {
      if (parked.left) continue;
      const fits = parked.quantity <= free;
      if (fits || !onSale || parked.quantity > available) {
        if (fits) free -= parked.quantity;
        parked.left = true;
        this.parkedCount--;
        parked.wake();
      } else {
        waiting.push(parked);
      }
    }
    if (waiting.length > 0) this.parkedByDish.set(dishId, waiting);
    else this.parkedByDish.delete(dishId);
  }

  private wrote(cell: DishCell, { available, version, onSale }: { available: number; version: number; onSale: boolean }): void {
    cell.available = available;
    cell.version = version;
    cell.onSale = onSale;
    cell.writtenAtMs = this.clock.monotonicMs();
    cell.heldUntilMs = Number.NEGATIVE_INFINITY; // that is news
    cell.turnedBack = 0;
  }

  private place(dishId: string, storeId: string): DishCell {
    const slot = this.nextSlot < this.cells.capacity ? this.nextSlot++ : this.evict();
    this.cells.reset(slot);
    const never = Number.NEGATIVE_INFINITY;
    const cell = { slot, storeId, available: 0, version: -1, onSale: false, confirmedAtMs: never, writtenAtMs: never, heldUntilMs: never, turnedBack: 0 };
    this.byDish.set(dishId, cell);
    return cell;
  }

  /** Frees the slot of the dish that was placed longest ago and has nothing promised and nobody parked. */
  private evict(): number {
    for (const [dishId, cell] of this.byDish) {
      if (this.cells.admitted(cell.slot) > 0 || this.parkedByDish.has(dishId)) continue;
      this.byDish.delete(dishId);
      return cell.slot;
    }
    throw new EngineError("OVERLOADED", "Every stock cell is in use.", { tier: "cas", retryAfterMs: 1000 });
  }
}

function soldOutMessage(shortages: readonly DishShortage[]): string {
  const parts = shortages.map(({ dishId, wanted, available }) => `${dishId} (wanted ${wanted}, available ${available})`);
  return `Sold out: ${parts.join(", ")}.`;
}
