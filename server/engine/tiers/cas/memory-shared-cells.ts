/**
 * MemorySharedCells is the twin of the Redis cells: the same grants, holds and readings, on a clock of one's choice.
 * `wipe`, `snapshot` and `restore` are what happens to a Redis.
 */
import type { Clock } from "../../kernel/clock.ts";
import type { HoldOwner, SettleRequest, SharedCellCare, SharedCells, SharedReading, TakeAnswer, TakeRequest } from "./shared-cells.ts";

/** Never changed, only replaced: copies may share it. */
interface Mark {
  readonly number: number;
  readonly endsAtMs: number;
}

interface SharedCell {
  available: number;
  /** −1: no reading yet. */
  version: number;
  holds: Map<string, Mark>;
  settled: Map<string, Mark>;
}

/** What a Redis would find on its disk. */
export type CellsSnapshot = ReadonlyMap<string, Readonly<SharedCell>>;

/** As in take.lua and settle.lua. */
const IMPOSSIBLE_HOLD_TIMES = 10;
const SETTLED_HOLD_TIMES = 5;

export class MemorySharedCells implements SharedCells, SharedCellCare {
  private cells = new Map<string, SharedCell>();

  constructor(
    private readonly clock: Clock,
    private readonly holdMs: number,
  ) {}

  async take(storeId: string, owner: HoldOwner, requests: readonly TakeRequest[], holdMs: number): Promise<TakeAnswer> {
    const nowMs = this.clock.nowMs();
    let expiredHolds = 0;
    const grants = requests.map(({ dishId, wanted, known }) => {
      const cell = this.cell(storeId, dishId);
      for (const marks of [cell.holds, cell.settled]) {
        for (const [name, { endsAtMs }] of marks) {
          if (endsAtMs > nowMs && endsAtMs <= nowMs + IMPOSSIBLE_HOLD_TIMES * holdMs) continue;
          marks.delete(name);
          if (marks === cell.holds) expiredHolds++;
        }
      }
      if (known && known.version > cell.version) Object.assign(cell, known);
      if (cell.version < 0) return null;
      const mine = holdName(owner);
      let held = 0;
      for (const [name, { number }] of cell.holds) if (name !== mine) held += number;
      const granted = Math.max(0, Math.min(wanted, cell.available - held));
      if (granted > 0 && owner.sequence > (cell.settled.get(owner.instance)?.number ?? -1)) {
        cell.holds.set(mine, { number: granted, endsAtMs: nowMs + holdMs });
      }
      return { granted, available: cell.available, version: cell.version };
    });
    return { grants, expiredHolds };
  }

  async settle(storeId: string, owner: HoldOwner, requests: readonly SettleRequest[]): Promise<void> {
    const endsAtMs = this.clock.nowMs() + SETTLED_HOLD_TIMES * this.holdMs;
    for (const { dishId, reading } of requests) {
      const cell = this.cell(storeId, dishId);
      if (owner.sequence > (cell.settled.get(owner.instance)?.number ?? -1)) {
        cell.settled.set(owner.instance, { number: owner.sequence, endsAtMs });
      }
      cell.holds.delete(holdName(owner));
      if (reading && reading.version > cell.version) Object.assign(cell, reading);
    }
  }

  async read(storeId: string, dishId: string): Promise<SharedReading | null> {
    const { available, version, holds } = this.cell(storeId, dishId);
    if (version < 0) return null;
    const nowMs = this.clock.nowMs();
    const live = [...holds.values()].filter(({ endsAtMs }) => endsAtMs > nowMs && endsAtMs <= nowMs + IMPOSSIBLE_HOLD_TIMES * this.holdMs);
    return { available, version, held: live.reduce((sum, { number }) => sum + number, 0) };
  }

  async reload(storeId: string, dishId: string, reading: { available: number; version: number }, seenVersion: number | null): Promise<boolean> {
    const cell = this.cell(storeId, dishId);
    if (cell.version > reading.version && cell.version !== (seenVersion ?? -1)) return false;
    Object.assign(cell, { available: reading.available, version: reading.version });
    return true;
  }

  /** One cell, for checkers; null when there is none. Holds as INSTANCE|SEQUENCE, those that a take would count. */
  inspect(storeId: string, dishId: string): { available: number; version: number; holds: string[] } | null {
    const cell = this.cells.get(`${storeId} ${dishId}`);
    if (!cell) return null;
    const nowMs = this.clock.nowMs();
    const counts = (endsAtMs: number): boolean => endsAtMs > nowMs && endsAtMs <= nowMs + IMPOSSIBLE_HOLD_TIMES * this.holdMs;
    const holds: string[] = [];
    for (const [name, { endsAtMs }] of cell.holds) if (counts(endsAtMs)) holds.push(name);
    return { available: cell.available, version: cell.version, holds };
  }

  wipe(): void {
    this.cells = new Map();
  }

  snapshot(): CellsSnapshot {
    return copyOf(this.cells);
  }

  restore(snapshot: CellsSnapshot): void {
    this.cells = copyOf(snapshot);
  }

  private cell(storeId: string, dishId: string): SharedCell {
    const key = `${storeId} ${dishId}`;
    let cell = this.cells.get(key);
    if (!cell) this.cells.set(key, (cell = { available: 0, version: -1, holds: new Map(), settled: new Map() }));
    return cell;
  }
}

/** By hand: structuredClone costs many times as much, and a simulated Redis saves itself forty times a run. */
function copyOf(cells: CellsSnapshot): Map<string, SharedCell> {
  return new Map([...cells].map(([key, cell]) => [key, { ...cell, holds: new Map(cell.holds), settled: new Map(cell.settled) }]));
}

const holdName = ({ instance, sequence }: HoldOwner): string => `${instance}|${sequence}`;
