/**
 * SimulatedRedis is one Redis as several instances see it: it can be wiped, set back, away, its clock can jump, and it can
 * split into two primaries that both take writes, of which one is forgotten afterwards. It keeps the cells' twin honest about none of it.
 */
import type { Clock } from "../kernel/clock.ts";
import { type CellsSnapshot, MemorySharedCells } from "../tiers/cas/memory-shared-cells.ts";
import type { SharedCells } from "../tiers/cas/shared-cells.ts";

export class SimulatedRedis {
  /** The primary, and the only one while there is no split. */
  readonly primary: MemorySharedCells;
  private other: MemorySharedCells | null = null;
  private readonly otherSide = new Set<string>();
  private clockOffsetMs = 0;
  private awayUntilMs = Number.NEGATIVE_INFINITY;
  private snapshot: CellsSnapshot;

  constructor(
    private readonly world: Clock,
    private readonly holdMs: number,
  ) {
    this.primary = this.server();
    this.snapshot = this.primary.snapshot();
  }

  /** The cells as one instance reaches them. */
  cells(instance: string): SharedCells {
    return {
      take: (...args) => this.reach(instance).take(...args),
      settle: (...args) => this.reach(instance).settle(...args),
    };
  }

  /** Whether what one instance publishes can reach another. */
  connects(from: string, to: string): boolean {
    return !this.isAway && this.otherSide.has(from) === this.otherSide.has(to);
  }

  get isAway(): boolean {
    return this.world.monotonicMs() < this.awayUntilMs;
  }

  get isSplit(): boolean {
    return this.other !== null;
  }

  private get servers(): MemorySharedCells[] {
    return this.other ? [this.primary, this.other] : [this.primary];
  }

  /** The side an instance is on; null while Redis is away. */
  sideOf(instance: string): { name: string; cells: MemorySharedCells } | null {
    if (this.isAway) return null;
    return this.other && this.otherSide.has(instance) ? { name: "other primary", cells: this.other } : { name: "primary", cells: this.primary };
  }

  goAway(forMs: number): void {
    this.awayUntilMs = Math.max(this.awayUntilMs, this.world.monotonicMs() + forMs);
  }

  wipe(): void {
    for (const cells of this.servers) cells.wipe();
  }

  /** What `rollBack` brings back. */
  save(): void {
    this.snapshot = this.primary.snapshot();
  }

  rollBack(): void {
    for (const cells of this.servers) cells.restore(this.snapshot);
  }

  /** From now on `instances` write to a primary of their own, which begins with what there was. */
  split(instances: readonly string[]): void {
    if (this.other) return;
    this.other = this.server();
    this.other.restore(this.primary.snapshot());
    for (const instance of instances) this.otherSide.add(instance);
  }

  /** One side's writes survive. @returns the instances that were on the side that lost. */
  heal(otherWins: boolean, instances: readonly string[]): string[] {
    if (!this.other) return [];
    if (otherWins) this.primary.restore(this.other.snapshot());
    const losers = instances.filter((instance) => this.otherSide.has(instance) !== otherWins);
    this.other = null;
    this.otherSide.clear();
    return losers;
  }

  /** True once its clock was set back: a hold that nobody looks at may then last as long as the clock went back. */
  wasSetBack = false;

  jump(byMs: number): void {
    this.wasSetBack ||= byMs < 0;
    this.clockOffsetMs += byMs;
  }

  private reach(instance: string): SharedCells {
    return this.sideOf(instance)?.cells ?? { take: away, settle: away };
  }

  private server(): MemorySharedCells {
    const clock: Clock = {
      nowMs: () => this.world.nowMs() + this.clockOffsetMs,
      monotonicMs: () => this.world.monotonicMs(),
      schedule: (delayMs, task) => this.world.schedule(delayMs, task),
      soon: (task) => this.world.soon(task),
    };
    return new MemorySharedCells(clock, this.holdMs);
  }
}

async function away(): Promise<never> {
  throw new Error("Redis is away");
}
