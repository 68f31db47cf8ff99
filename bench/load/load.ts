/**
 * What the clients of a benchmark ask for: which dishes, how many lines, with a coupon or not, confirmed or not.
 * Plain data and a seeded source of orders, so that every contender and every process is asked the same.
 */
import { type Random, seededRandom } from "../../server/engine/kernel/random.ts";

export type Picking =
  /** Every order wants the one dish. */
  | "hot"
  /** Every dish is as likely. */
  | "even"
  /** The dish of rank r is wanted 1/r as often as the first: Zipf with exponent 1, as measured of menus and shops. */
  | "zipf"
  /** 99 of 100 orders want a dish that is sold out, one wants another. */
  | "storm"
  /** Every order wants a dish that is sold out. */
  | "soldOut";

export interface Load {
  picking: Picking;
  dishes: number;
  /** Distinct dishes of one basket. */
  lines: number;
  coupons: boolean;
  /** Whether each order is confirmed after it was reserved: a pair counts once. */
  confirms: boolean;
}

export interface Order {
  orderId: string;
  storeId: string;
  /** One portion each; distinct, in the order of their ids. */
  dishIds: string[];
  /** Positions of the dishes on the round's menu. */
  positions: number[];
  couponId: string | null;
}

/** A store's menu has 50 dishes at most, and a basket comes from one store. */
export const DISHES_PER_STORE = 50;

/** More than any contender can sell in a round. */
export const PLENTY = 100_000_000;

const SOLD_OUT_SHARE = 0.99;

export const storeOf = (position: number): string => `store-${Math.floor(position / DISHES_PER_STORE)}`;
/** Ids sort as their positions do. */
export const dishIdOf = (round: string, position: number): string => `${round}.dish-${String(position).padStart(5, "0")}`;
export const couponIdOf = (round: string, number: number): string => `${round}.coupon-${number}`;

/** What a dish of the round is supplied with. */
export function supplyOf({ picking }: Load, position: number): number {
  return position === 0 && (picking === "storm" || picking === "soldOut") ? 0 : PLENTY;
}

export class Orders {
  private readonly random: Random;
  private readonly weights: Float64Array;
  private number = 0;

  /**
   * @param round a prefix that no other round has.
   * @param share which of several processes this is, from 0: their ids and coupons differ.
   * @param couponsMax coupons that this process may use; after them there is no next order.
   */
  constructor(
    private readonly load: Load,
    private readonly round: string,
    private readonly share: number,
    private readonly couponsMax: number,
    seed: number,
  ) {
    this.random = seededRandom(seed + share * 7919);
    this.weights = cumulative(load);
  }

  /** Null when there are no coupons left. */
  next(): Order | null {
    const number = this.number++;
    if (this.load.coupons && number >= this.couponsMax) return null;
    const positions = this.basket();
    return {
      orderId: `${this.round}.${this.share}.${number}`,
      storeId: storeOf(positions[0] as number),
      dishIds: positions.map((position) => dishIdOf(this.round, position)),
      positions,
      couponId: this.load.coupons ? couponIdOf(this.round, this.share * this.couponsMax + number) : null,
    };
  }

  private basket(): number[] {
    const { lines, dishes, picking } = this.load;
    const first = this.pick();
    if (lines === 1) return [first];
    // The others come from the same store; a hot dish is in every basket.
    const from = Math.floor(first / DISHES_PER_STORE) * DISHES_PER_STORE;
    const upTo = Math.min(dishes, from + DISHES_PER_STORE);
    const positions = new Set([picking === "hot" ? 0 : first]);
    while (positions.size < Math.min(lines, upTo - from)) positions.add(from + Math.floor(this.random.next() * (upTo - from)));
    return [...positions].sort((a, b) => a - b);
  }

  private pick(): number {
    switch (this.load.picking) {
      case "hot":
      case "soldOut":
        return 0;
      case "storm":
        return this.random.next() < SOLD_OUT_SHARE ? 0 : 1;
      default:
        return search(this.weights, this.random.next());
    }
  }
}

/** The share of orders that want a dish of this position or an earlier one. */
function cumulative({ picking, dishes }: Load): Float64Array {
  const weights = Float64Array.from({ length: dishes }, (_, position) => (picking === "zipf" ? 1 / (position + 1) : 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  return weights.map((weight) => (sum += weight / total));
}

/** The first position whose share is not below `value`. */
function search(shares: Float64Array, value: number): number {
  let [low, high] = [0, shares.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((shares[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
