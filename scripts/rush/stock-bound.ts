/**
 * A lower bound on every dish's portions, from the client's own knowledge: what the menu showed a while ago, less
 * everything this client may have taken since. What came back since is left out, so the bound is never too high.
 * A SOLD_OUT above the bound was not justified. Portions taken by other clients are for the audit to subtract.
 */
import { certaintyOf, type Attempt, type History } from "./history.ts";

/**
 * A refusal may rest on a reading up to 500 ms old (the lease on a no); twice that leaves room for a busy machine. So a
 * reading of the menu speaks about refusals of requests sent this much later.
 */
const LEASE_MS = 1_000;
/** Longer than a request may wait (8 s) plus the lease; older readings are forgotten. */
const READINGS_KEPT_MS = 12_000;

interface DishClaims {
  /** Ever asked for; a transaction counts once for each time it may have reserved. */
  taken: number;
  /** Asked for and not yet known to be reserved or refused. */
  pending: number;
}

/** What was known when the menu was asked for, and what it showed. */
interface Reading {
  doneAtMs: number;
  /** Per dish: shown available − pending + taken, so that the bound at any later time is `floor − taken`. */
  floors: Map<string, number>;
}

interface Claim {
  /** Its portions are in `pending`. */
  pending: boolean;
  /** Requests that may reserve and have no certain answer, those under way included. */
  doubts: number;
  accepted: boolean;
  /** A cancel or reversal was acknowledged: nothing can reserve any more. */
  fenced: boolean;
}

export interface Slack {
  dishId: string;
  /** Portions that were certainly there beyond what was wanted: 0 or more. */
  slack: number;
}

export class StockBound {
  private readonly dishes = new Map<string, DishClaims>();
  private readonly claims = new WeakMap<History, Claim>();
  private readings: Reading[] = [];

  /** The menu is being asked for. @returns a function for its answer. */
  beginReading(): (shown: readonly { dishId: string; available: number; stale?: boolean }[], doneAtMs: number) => void {
    const before = new Map([...this.dishes].map(([dishId, dish]) => [dishId, dish.taken - dish.pending]));
    return (shown, doneAtMs) => {
      const floors = new Map<string, number>();
      for (const { dishId, available, stale } of shown) {
        if (!stale) floors.set(dishId, available + (before.get(dishId) ?? 0));
      }
      this.readings = this.readings.filter((reading) => reading.doneAtMs > doneAtMs - READINGS_KEPT_MS);
      this.readings.push({ doneAtMs, floors });
    };
  }

  /** A request that may reserve is being sent: a Try, or the confirm of a reservation that may have expired. */
  sent(history: History): void {
    let claim = this.claims.get(history);
    if (!claim) this.claims.set(history, (claim = { pending: false, doubts: 0, accepted: false, fenced: false }));
    claim.doubts += 1;
    if (!claim.pending && !claim.fenced && !claim.accepted) this.claim(history, claim);
  }

  /** Its time may be up: the portions may be back in `available`, and this confirm may take them once more. */
  lateConfirmSent(history: History): void {
    const claim = this.claims.get(history);
    if (!claim) return;
    claim.doubts += 1;
    if (!claim.pending) this.claim(history, claim);
  }

  answered(history: History, attempt: Attempt, mayReserve: boolean): void {
    const claim = this.claims.get(history);
    if (!claim) return;
    const certainty = certaintyOf(attempt);
    if (mayReserve) {
      // A doubt stays for ever: the request may still arrive.
      if (certainty !== "unknown") claim.doubts -= 1;
      if (certainty === "done") claim.accepted = true;
      // Once reserved, a copy that is under way takes nothing more.
      if (certainty === "done" || claim.doubts === 0) this.settle(history, claim);
    } else if (attempt.status === 200 && (attempt.verb === "cancel" || attempt.verb === "reverse")) {
      claim.fenced = true;
      this.settle(history, claim);
    }
  }

  /** The dishes of a transaction that were certainly there in the wanted quantity when this request was refused. */
  certainlyThere(history: History, sentAtMs: number): Slack[] {
    return history.lines.flatMap(({ dishId }) => {
      const reading = this.readings.findLast(({ doneAtMs, floors }) => doneAtMs <= sentAtMs - LEASE_MS && floors.has(dishId));
      if (!reading) return [];
      // `taken` includes everything sent until now, its own wish too.
      const slack = reading.floors.get(dishId)! - (this.dishes.get(dishId)?.taken ?? 0);
      return slack >= 0 ? [{ dishId, slack }] : [];
    });
  }

  private claim(history: History, claim: Claim): void {
    claim.pending = true;
    for (const { dishId, quantity } of history.lines) {
      let dish = this.dishes.get(dishId);
      if (!dish) this.dishes.set(dishId, (dish = { taken: 0, pending: 0 }));
      dish.taken += quantity;
      dish.pending += quantity;
    }
  }

  private settle(history: History, claim: Claim): void {
    if (!claim.pending) return;
    claim.pending = false;
    for (const { dishId, quantity } of history.lines) this.dishes.get(dishId)!.pending -= quantity;
  }
}
