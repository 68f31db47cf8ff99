/**
 * What the page of locks knows: every instance as it last told, and the names of the dishes that are spoken of.
 * The room fills it; nothing here adds up or orders: contracts/contention.ts and row-order.ts do.
 */
import type { InstanceLocks, LocksDelta, LocksSnapshot } from "@/server/contracts/contention";
import type { DishCard } from "@/server/contracts/socket-events";

/** Replaced at every change, never changed. */
export interface LocksView {
  own: string;
  instances: readonly InstanceLocks[];
  cards: ReadonlyMap<string, DishCard>;
  /** The server's clock when it was told. */
  atMs: number;
}

export class LocksStore {
  private seq = 0;
  private shown: LocksView;
  private readonly listeners = new Set<() => void>();

  constructor(snapshot: LocksSnapshot) {
    this.shown = viewOf(snapshot);
    this.seq = snapshot.seq;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  readonly view = (): LocksView => this.shown;

  reset(snapshot: LocksSnapshot): void {
    this.seq = snapshot.seq;
    this.show(viewOf(snapshot));
  }

  /** @returns false when a number is missing: ask for a snapshot. */
  apply({ seq, atMs, cards = [], changed = [], gone = [] }: LocksDelta): boolean {
    if (seq <= this.seq) return true;
    if (seq !== this.seq + 1) return false;
    this.seq = seq;
    const before = this.shown;
    const instances = new Map(before.instances.map((instance) => [instance.instance, instance]));
    for (const instance of changed) instances.set(instance.instance, withKnownWindows(instance, instances.get(instance.instance)));
    for (const name of gone) instances.delete(name);
    const known = cards.length === 0 ? before.cards : new Map([...before.cards, ...cards.map((card) => [card.dishId, card] as const)]);
    this.show({ ...before, atMs, cards: known, instances: [...instances.values()].sort(byStart) });
    return true;
  }

  private show(view: LocksView): void {
    this.shown = view;
    for (const listener of this.listeners) listener();
  }
}

function viewOf({ own, instances, cards, atMs }: LocksSnapshot): LocksView {
  return { own, instances, atMs, cards: new Map(cards.map((card) => [card.dishId, card])) };
}

/** Of its windows an instance tells only those that changed. */
function withKnownWindows(instance: InstanceLocks, before: InstanceLocks | undefined): InstanceLocks {
  const told = new Set(instance.windows.map(({ seconds }) => seconds));
  return { ...instance, windows: [...instance.windows, ...(before?.windows ?? []).filter(({ seconds }) => !told.has(seconds))] };
}

function byStart(a: InstanceLocks, b: InstanceLocks): number {
  return a.startedAtMs - b.startedAtMs || (a.instance < b.instance ? -1 : 1);
}
