/**
 * Clients in a closed loop: each sends its next order when it has heard of the last. A round begins with a ramp that is not
 * measured, then a window; what ends inside the window counts. Every order, measured or not, goes into the tally's books.
 */
import { Dropped, type Subject } from "../contenders/contender.ts";
import { Latencies } from "../measure/latencies.ts";
import type { Load, Order, Orders } from "./load.ts";
import { emptyTally, noteError, type Ending, type TallyData } from "./tally.ts";

export interface Timing {
  rampMs: number;
  windowMs: number;
}

export async function closedLoop(subject: Subject, load: Load, orders: Orders, clients: number, timing: Timing): Promise<TallyData> {
  const watch = new Watch(load.dishes, timing);
  const client = async (): Promise<void> => {
    while (!watch.isOver()) {
      const order = orders.next();
      if (!order) break;
      await watch.see(performance.now(), order, subject, load.confirms);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return watch.end();
}

/** Sees orders from their start to their end. */
export class Watch {
  readonly tally: TallyData;
  private readonly done: Latencies;
  private readonly refused: Latencies;
  private readonly fromMs: number;
  private readonly toMs: number;
  private lastEndMs = 0;

  constructor(dishes: number, { rampMs, windowMs }: Timing) {
    this.tally = emptyTally(dishes);
    this.done = new Latencies(this.tally.done);
    this.refused = new Latencies(this.tally.refused);
    this.fromMs = performance.now() + rampMs;
    this.toMs = this.fromMs + windowMs;
  }

  isOver(): boolean {
    return performance.now() >= this.toMs;
  }

  /** @param sinceMs when the order began, or was due. */
  async see(sinceMs: number, order: Order, subject: Subject, confirms: boolean): Promise<void> {
    let ending: Ending;
    try {
      if ((await subject.reserve(order)) === "refused") ending = "refused";
      else {
        this.promise(order, this.tally.reserved);
        if (order.couponId !== null) this.tally.coupons++;
        ending = "done";
        if (confirms) {
          ending = "failed"; // until it is confirmed
          await subject.confirm(order);
          this.promise(order, this.tally.confirmed);
          ending = "done";
        }
      }
    } catch (error) {
      ending = error instanceof Dropped ? "dropped" : "failed";
      noteError(this.tally, error);
      this.promise(order, this.tally.uncertain);
      if (order.couponId !== null) this.tally.uncertainCoupons++;
    }
    this.note(ending, sinceMs);
  }

  /** An order whose end somebody else saw. */
  saw(sinceMs: number, order: Order, reserved: boolean, confirmed: boolean): void {
    if (reserved) {
      this.promise(order, this.tally.reserved);
      if (order.couponId !== null) this.tally.coupons++;
      if (confirmed) this.promise(order, this.tally.confirmed);
    }
    this.note(reserved ? "done" : "refused", sinceMs);
  }

  /** An order that the clients had no place for. Nothing was asked, so nothing is uncertain. */
  turnAway(dueAtMs: number): void {
    this.note("dropped", dueAtMs);
  }

  end(): TallyData {
    // Whoever ran out of coupons stopped before the window did.
    this.tally.windowMs = Math.min(this.toMs, this.lastEndMs) - this.fromMs;
    return this.tally;
  }

  private note(ending: Ending, sinceMs: number): void {
    const nowMs = performance.now();
    this.tally.everything[ending]++;
    this.lastEndMs = nowMs;
    if (nowMs < this.fromMs || nowMs >= this.toMs) return;
    this.tally.endings[ending]++;
    if (ending === "done") this.done.record((nowMs - sinceMs) * 1000);
    else if (ending === "refused") this.refused.record((nowMs - sinceMs) * 1000);
  }

  private promise(order: Order, portions: Float64Array): void {
    for (const position of order.positions) (portions[position] as number) += 1;
  }
}
