/**
 * What the clients of one round saw: how fast, how often refused, and what was promised to them, dish by dish, so that the
 * books can be held against it. Plain data underneath, so that several processes can add theirs up.
 */
import { Latencies } from "../measure/latencies.ts";

/** How an order ended, for its client. */
export type Ending =
  | "done"
  /** A definite no: sold out, or the coupon is gone. */
  | "refused"
  /** Turned away or out of time; it may be asked again. */
  | "dropped"
  /** Anything else: an error. */
  | "failed";

export interface TallyData {
  /** Endings inside the measured window. */
  endings: Record<Ending, number>;
  /** Of the whole round, ramp and end included. */
  everything: Record<Ending, number>;
  /** Times of what was done or refused inside the window, in microseconds. */
  done: Float64Array;
  refused: Float64Array;
  /** Portions promised to clients, by position on the menu, over the whole round. */
  reserved: Float64Array;
  confirmed: Float64Array;
  /** Portions of orders whose end their client does not know. */
  uncertain: Float64Array;
  coupons: number;
  uncertainCoupons: number;
  windowMs: number;
  /** The first few errors, in words. */
  errors: string[];
}

const ERRORS_KEPT = 3;
const none = (): Record<Ending, number> => ({ done: 0, refused: 0, dropped: 0, failed: 0 });

export function emptyTally(dishes: number): TallyData {
  return {
    endings: none(),
    everything: none(),
    done: new Latencies().counts,
    refused: new Latencies().counts,
    reserved: new Float64Array(dishes),
    confirmed: new Float64Array(dishes),
    uncertain: new Float64Array(dishes),
    coupons: 0,
    uncertainCoupons: 0,
    windowMs: 0,
    errors: [],
  };
}

export function noteError(tally: TallyData, error: unknown): void {
  const words = String((error as Error)?.message ?? error).split("\n").filter((line) => line.trim() !== "").at(-1) ?? "an error without words";
  if (tally.errors.length < ERRORS_KEPT && !tally.errors.includes(words)) tally.errors.push(words);
}

/** Several processes' tallies of one round. Their windows are the same length and begin together. */
export function addUp(tallies: readonly TallyData[]): TallyData {
  const [first] = tallies;
  if (!first) throw new Error("no tally to add up");
  const sum = emptyTally(first.reserved.length);
  const add = (into: Float64Array, from: Float64Array) => from.forEach((count, i) => void ((into[i] as number) += count));
  for (const tally of tallies) {
    for (const ending of Object.keys(sum.endings) as Ending[]) {
      sum.endings[ending] += tally.endings[ending];
      sum.everything[ending] += tally.everything[ending];
    }
    for (const counts of ["done", "refused", "reserved", "confirmed", "uncertain"] as const) add(sum[counts], tally[counts]);
    sum.coupons += tally.coupons;
    sum.uncertainCoupons += tally.uncertainCoupons;
    sum.windowMs = Math.max(sum.windowMs, tally.windowMs);
    for (const words of tally.errors) noteError(sum, words);
  }
  return sum;
}
