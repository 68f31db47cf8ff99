/**
 * What customers want, decided by a seed alone: order `index` of customer `customer` is the same in every run with the
 * same seed and menu, whatever the server answers. It sends nothing.
 */
import { integerBetween, pick, type Random, seededRandom } from "../../server/engine/kernel/random.ts";

export interface MenuDish {
  dishId: string;
  storeId: string;
}

export interface Line {
  dishId: string;
  quantity: number;
}

/** How an order ends, each with its share in 100 orders. */
export const SCRIPT_SHARES = {
  /** Try, pay, confirm. */
  confirm: 46,
  /** Try, change of mind, cancel. */
  cancel: 14,
  /** Try with a short time to live, and never a word again: it must expire and its portions come back. */
  abandon: 8,
  /** Pays after the reservation's time: before or after the sweep. */
  payLate: 2,
  /** A confirm and a cancel at the same instant: exactly one may win. */
  race: 6,
  cancelTwice: 5,
  /** Confirmed, then refunded. */
  reverse: 3,
  /** The cancel comes first (an empty rollback), the Try after it must be refused. */
  cancelFirst: 3,
  /** Try and cancel at the same instant: whoever wins, it ends cancelled. */
  overtake: 4,
  /** Cancelled, then the Try comes once more. */
  tryAfterCancel: 3,
  /** The txId again with another payload. */
  otherPayload: 3,
  /** A second transaction for an order that has one. */
  sameOrder: 2,
  /** Confirms a transaction that nobody tried. */
  stranger: 1,
} as const;

export type Script = keyof typeof SCRIPT_SHARES;

/** How a request is sent. Only the last copy's answer may be missing. */
export type Sending = "once" | "doubleClick" | "lostAnswer";

export interface OrderPlan {
  script: Script;
  storeId: string;
  /** One store's dishes; one dish may stand in two lines. */
  lines: Line[];
  ttlSeconds: number;
  /** Which of the coupons on offer, 0…1; null: none. */
  coupon: number | null;
  /** An orderId of its own instead of the txId. */
  ownOrderId: boolean;
  trySending: Sending;
  /** Asks the Try once more after it was accepted. */
  asksAgain: boolean;
  moveSending: Sending;
  /** When a lost answer's connection is cut: early enough that most answers are still on their way. */
  hangUpAfterMs: number;
  /** Between the Try's answer and the decision. */
  thinkMs: number;
  /** Between this order and the next, in a closed loop. */
  pauseMs: number;
}

/** Hot dishes: the k-th dish is wanted 1/k^1.1 as often as the first; measured catalogues lie between 0.8 and 1.2. */
const ZIPF_EXPONENT = 1.1;

/**
 * 200 customers with these pauses offer about 500 orders, 1 100 requests a second: lively, and below the default limit
 * of 1 000 transactions a second for one key. `--customers` and `--rate` turn it up.
 */
const THINK_MS_MEAN = 120;
const PAUSE_MS_MEAN = 250;
/** Long enough for a person's decision, short enough that a rush cut short leaves nothing open for long. */
const TTL_SECONDS = 30;
const ABANDONED_TTL_SECONDS_MAX = 3;

/** The cumulative weights of ranks 1…count; the last is 1. */
export function zipfTable(count: number, exponent = ZIPF_EXPONENT): Float64Array {
  const table = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank++) {
    sum += 1 / (rank + 1) ** exponent;
    table[rank] = sum;
  }
  return table.map((value) => value / sum);
}

export function drawRank(table: Float64Array, random: Random): number {
  const wanted = random.next();
  let low = 0;
  let high = table.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (table[middle]! > wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** One 32-bit seed out of several numbers (the finaliser of MurmurHash3 over each). */
export function mixSeed(...parts: number[]): number {
  let hash = 0x9e3779b9;
  for (const part of parts) {
    hash ^= part;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash = (hash ^ (hash >>> 16)) >>> 0;
  }
  return hash;
}

export class Workload {
  private readonly seed: number;
  /** Hottest first. */
  readonly dishes: readonly MenuDish[];
  private readonly heat: Float64Array;
  private readonly stores = new Map<string, { dishes: MenuDish[]; heat: Float64Array }>();
  private readonly scripts: readonly { script: Script; upTo: number }[];

  constructor(seed: number, menu: readonly MenuDish[]) {
    this.seed = seed;
    const random = seededRandom(mixSeed(seed, 1));
    const dishes = [...menu].sort((a, b) => (a.dishId < b.dishId ? -1 : 1));
    for (let last = dishes.length - 1; last > 0; last--) {
      const other = integerBetween(random, 0, last);
      [dishes[last], dishes[other]] = [dishes[other]!, dishes[last]!];
    }
    this.dishes = dishes;
    this.heat = zipfTable(dishes.length);
    for (const dish of dishes) {
      const store = this.stores.get(dish.storeId) ?? { dishes: [], heat: new Float64Array() };
      store.dishes.push(dish);
      this.stores.set(dish.storeId, store);
    }
    for (const store of this.stores.values()) store.heat = zipfTable(store.dishes.length);
    let upTo = 0;
    this.scripts = Object.entries(SCRIPT_SHARES).map(([script, share]) => {
      upTo += share;
      return { script: script as Script, upTo };
    });
  }

  plan(customer: number, index: number): OrderPlan {
    const random = seededRandom(mixSeed(this.seed, 2, customer, index));
    const script = this.drawScript(random);
    const hottest = this.dishes[drawRank(this.heat, random)]!;
    const store = this.stores.get(hottest.storeId)!;
    const lines: Line[] = [{ dishId: hottest.dishId, quantity: drawQuantity(random) }];
    for (let more = drawLineCount(random) - 1; more > 0; more--) {
      const dish = store.dishes[drawRank(store.heat, random)]!;
      lines.push({ dishId: dish.dishId, quantity: drawQuantity(random) });
    }
    const short = script === "abandon" || script === "payLate";
    return {
      script,
      storeId: hottest.storeId,
      lines,
      ttlSeconds: short ? integerBetween(random, 1, ABANDONED_TTL_SECONDS_MAX) : TTL_SECONDS,
      coupon: random.next() < 0.12 ? random.next() : null,
      ownOrderId: script === "sameOrder" || random.next() < 0.3,
      trySending: drawSending(random),
      asksAgain: random.next() < 0.1,
      moveSending: drawSending(random),
      hangUpAfterMs: integerBetween(random, 0, 12),
      thinkMs: exponential(random, THINK_MS_MEAN),
      pauseMs: exponential(random, PAUSE_MS_MEAN),
    };
  }

  private drawScript(random: Random): Script {
    const drawn = random.next() * this.scripts[this.scripts.length - 1]!.upTo;
    return this.scripts.find(({ upTo }) => drawn < upTo)!.script;
  }
}

function drawSending(random: Random): Sending {
  const drawn = random.next();
  return drawn < 0.08 ? "doubleClick" : drawn < 0.15 ? "lostAnswer" : "once";
}

function drawLineCount(random: Random): number {
  return pick(random, [1, 1, 1, 2, 2, 3, 4]);
}

function drawQuantity(random: Random): number {
  return pick(random, [1, 1, 1, 1, 2, 2, 3]);
}

/** At most five times the mean: nobody thinks for ever. */
function exponential(random: Random, mean: number): number {
  return Math.min(5 * mean, -Math.log(1 - random.next()) * mean);
}

/** The lines as the server must answer them: those of one dish added up, in order of first appearance. */
export function mergedLines(lines: readonly Line[]): Line[] {
  const quantities = new Map<string, number>();
  for (const line of lines) quantities.set(line.dishId, (quantities.get(line.dishId) ?? 0) + line.quantity);
  return [...quantities].map(([dishId, quantity]) => ({ dishId, quantity }));
}
