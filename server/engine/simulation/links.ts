/**
 * A Link is the network between one simulated instance and one store: it delays, loses requests and answers, and lets the
 * instance die around a call. What happened is decided by the seed alone.
 */
import type { Clock, Timer } from "../kernel/clock.ts";
import { integerBetween, type Random } from "../kernel/random.ts";
import type { LiveFeed } from "../feed/live-feed.ts";
import type { SharedCells } from "../tiers/cas/shared-cells.ts";
import { LedgerFailure, type Ledger } from "../tiers/tcc/ledger.ts";

/** Chances per call, 0 … 1, and delays in milliseconds one way. */
export interface Faults {
  delayMs: [least: number, most: number];
  /** The request never arrives; the caller sees a lost connection. */
  requestLost: number;
  /** It was carried out, and its answer is lost. */
  answerLost: number;
  /** The instance dies after the store has carried the call out and before it hears so. */
  diesBeforeAnswer: number;
}

export const NO_FAULTS: Faults = { delayMs: [0, 2], requestLost: 0, answerLost: 0, diesBeforeAnswer: 0 };

/** An instance's life. What it scheduled dies with it. */
export class Life {
  alive = true;
  private readonly mourners: (() => void)[] = [];

  onDeath(mourn: () => void): void {
    this.mourners.push(mourn);
  }

  end(): void {
    if (!this.alive) return;
    this.alive = false;
    for (const mourn of this.mourners) mourn();
  }

  /** A clock that falls silent when the instance dies. */
  clock(world: Clock): Clock {
    const guard = (task: () => void) => (): void => {
      if (this.alive) task();
    };
    return {
      nowMs: () => world.nowMs(),
      monotonicMs: () => world.monotonicMs(),
      schedule: (delayMs, task): Timer => world.schedule(delayMs, guard(task)),
      soon: (task) => world.soon(guard(task)),
    };
  }
}

export class Link {
  /** How often each fault happened: a run that met none has proved nothing. */
  readonly met = { requestLost: 0, answerLost: 0, diedBeforeAnswer: 0 };

  constructor(
    private readonly world: Clock,
    private readonly random: Random,
    private readonly life: Life,
    /** Asked at each call, so that faults can stop. */
    private readonly faults: () => Faults,
  ) {}

  call<T>(action: () => Promise<T>, lost: () => Error): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const answer = (give: () => void): void => {
        this.world.schedule(this.delayMs(), () => {
          if (this.life.alive) give();
        });
      };
      this.world.schedule(this.delayMs(), () => {
        if (!this.life.alive) return;
        if (this.happens("requestLost")) {
          this.met.requestLost++;
          return answer(() => reject(lost()));
        }
        action().then(
          (value) => {
            if (this.happens("diesBeforeAnswer")) {
              this.met.diedBeforeAnswer++;
              this.life.end();
            } else if (this.happens("answerLost")) {
              this.met.answerLost++;
              answer(() => reject(lost()));
            } else answer(() => resolve(value));
          },
          (error) => answer(() => reject(error)),
        );
      });
    });
  }

  private happens(fault: "requestLost" | "answerLost" | "diesBeforeAnswer"): boolean {
    return this.random.next() < this.faults()[fault];
  }

  private delayMs(): number {
    const [least, most] = this.faults().delayMs;
    return integerBetween(this.random, least, most);
  }
}

export function linkedLedger(ledger: Ledger, link: Link): Ledger {
  const lost = (): Error => new LedgerFailure("unknown", "the connection was lost");
  return {
    runBatch: (batch) => link.call(() => ledger.runBatch(batch), lost),
    findTransactions: (txIds) => link.call(() => ledger.findTransactions(txIds), lost),
    readDishes: (dishIds) => link.call(() => ledger.readDishes(dishIds), lost),
    findExpired: (limit) => link.call(() => ledger.findExpired(limit), lost),
    createDish: (dish) => link.call(() => ledger.createDish(dish), lost),
    createCoupon: (coupon) => link.call(() => ledger.createCoupon(coupon), lost),
  };
}

export function linkedCells(cells: SharedCells, link: Link): SharedCells {
  const lost = (): Error => new Error("the connection was lost");
  return {
    take: (...args) => link.call(() => cells.take(...args), lost),
    settle: (...args) => link.call(() => cells.settle(...args), lost),
  };
}

/** Messages may come late, or never. */
export function linkedFeed(feed: LiveFeed, link: Link, life: Life): LiveFeed {
  const carry = (hand: () => void): void => {
    if (!life.alive) return;
    link.call(async () => hand(), () => new Error("the message was lost")).catch(() => {});
  };
  return {
    get dropped() {
      return feed.dropped;
    },
    publish: (entry) => {
      if (life.alive) feed.publish(entry);
    },
    announce: (heartbeat) => {
      if (life.alive) feed.announce(heartbeat);
    },
    subscribe: (consumer) =>
      feed.subscribe({
        entry: (entry) => carry(() => consumer.entry(entry)),
        heartbeat: (heartbeat) => carry(() => consumer.heartbeat(heartbeat)),
        gap: () => carry(() => consumer.gap()),
      }),
  };
}
