/**
 * A program: touches many distinct dishes once, in one thread, and prints what stayed in memory, as JSON.
 * `node --expose-gc --import tsx lock-memory.ts map|dishLocks DISHES`. It needs a process to itself: the heap is the measure.
 */
import { realClock } from "../../server/engine/kernel/clock.ts";
import { ContentionProfile } from "../../server/engine/tiers/lock/contention-profile.ts";
import { DishLocks, type Lockable } from "../../server/engine/tiers/lock/dish-locks.ts";
import type { Growth } from "./locks.ts";

/** Operations between two looks at the queue: far below WAITING_MAX. */
const WAVE = 1_000;

interface Sale extends Lockable {
  dish: number;
}

interface Keeper {
  name: string;
  sell(fromDish: number, toDish: number): Promise<void>;
  locks(): number;
}

function saleOf(dish: number): Sale {
  const dishIds = [`dish-${dish}`];
  return { dish, lane: "try", sharedKeys: dishIds, exclusiveKeys: [], weight: 1, dishIds };
}

function dishLocks(left: Int32Array): Keeper {
  const run = async (batch: Sale[]): Promise<void> => {
    for (const { dish } of batch) (left[dish] as number)--;
  };
  const locks = new DishLocks<Sale>(realClock, run, (_, error) => { throw error; }, new ContentionProfile(realClock));
  return {
    name: "DishLocks",
    async sell(fromDish, toDish) {
      for (let dish = fromDish; dish < toDish; dish++) locks.enter(saleOf(dish));
      await locks.idle();
    },
    locks: () => locks.waiting + locks.inFlight,
  };
}

/** What is commonly written: a promise to wait for, found by id and never removed. */
function map(left: Int32Array): Keeper {
  const tails = new Map<string, Promise<void>>();
  return {
    name: "lock per dish, a Map",
    async sell(fromDish, toDish) {
      for (let dish = fromDish; dish < toDish; dish++) {
        const dishId = `dish-${dish}`;
        const sell = () => void (left[dish] as number)--;
        tails.set(dishId, (tails.get(dishId) ?? Promise.resolve()).then(sell));
      }
      await tails.get(`dish-${toDish - 1}`);
    },
    locks: () => tails.size,
  };
}

function heapBytes(): number {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const [kind, count] = process.argv.slice(2);
const dishes = Number(count);
const left = new Int32Array(dishes).fill(1);
const keeper = kind === "map" ? map(left) : dishLocks(left);
await keeper.sell(0, Math.min(dishes, WAVE)); // compiled code and the profile's first second are not growth
left.fill(1);
const before = heapBytes();
const startedAtMs = performance.now();
for (let dish = 0; dish < dishes; dish += WAVE) await keeper.sell(dish, Math.min(dishes, dish + WAVE));
const touchNs = ((performance.now() - startedAtMs) * 1e6) / dishes;
const unsold = left.reduce((sum, portions) => sum + Math.abs(portions), 0);
const growth: Growth = {
  name: keeper.name,
  locks: keeper.locks(),
  keptKib: null,
  heapKib: (heapBytes() - before) / 1024,
  touchNs,
  violation: unsold === 0 ? null : `${keeper.name}: ${unsold} dishes were not sold exactly once`,
};
process.stdout.write(JSON.stringify(growth));
