/**
 * Retention drops what ended more than RETENTION_DAYS ago, in steps so small that no order waits for one. The functions
 * drop_transactions and drop_messages (prisma/migrations/0006_retention) decide what may go: nothing unfinished ever does, and
 * a dish's sums stay exact. Instances may do it at once: what one holds, the other leaves.
 * It shrinks no file: Postgres' own vacuum reuses the space.
 */
import type { Clock, Timer } from "../engine/kernel/clock.ts";
import { sleep } from "../engine/kernel/clock.ts";
import type { Random } from "../engine/kernel/random.ts";
import type { PrismaClient } from "../generated/prisma/client.ts";

/** From one walk to the next; the first comes somewhere in it, so that instances do not walk in step. */
export const WALK_INTERVAL_MS = 60 * 60 * 1_000;

/** Rows of one step: a statement of some 20 ms. */
export const STEP_ROWS = 500;

/** Between two steps: orders have the database for most of the time. */
const STEP_PAUSE_MS = 100;

/** Steps of one walk, 2.5 million transactions; the next walk goes on. */
const STEPS_MAX = 5_000;

export interface Dropped {
  transactions: number;
  payments: number;
  keys: number;
  actions: number;
  outbox: number;
  notifications: number;
}

export interface RetentionPorts {
  prisma: Pick<PrismaClient, "$queryRaw">;
  clock: Clock;
  random: Random;
  retentionDays: number;
  stepRows?: number;
  onError(error: unknown): void;
  /** Told after a walk that dropped something. */
  onDropped?(dropped: Dropped): void;
}

interface Place {
  next_at: Date | null;
  next_id: string | null;
}

const BEGINNING: Place = { next_at: new Date(0), next_id: "" };

export class Retention {
  private readonly stepRows: number;
  private timer: Timer | null = null;
  private walking: Promise<unknown> = Promise.resolve();
  private stopped = false;

  constructor(private readonly ports: RetentionPorts) {
    this.stepRows = ports.stepRows ?? STEP_ROWS;
  }

  start(): void {
    this.schedule(this.ports.random.next() * WALK_INTERVAL_MS);
  }

  /** Resolves when no step is under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    await this.walking;
  }

  /** One walk over everything that is old enough, in bounded steps. @returns what it dropped. */
  async walk(): Promise<Dropped> {
    const { prisma, clock } = this.ports;
    const dropped: Dropped = { transactions: 0, payments: 0, keys: 0, actions: 0, outbox: 0, notifications: 0 };
    const [{ cutoff }] = (await prisma.$queryRaw`SELECT clock_timestamp() - ${this.ports.retentionDays} * interval '1 day' AS cutoff`) as [{ cutoff: Date }];
    let steps = 0;
    for (let place = BEGINNING; place.next_at !== null && !this.stopped && steps < STEPS_MAX; steps++) {
      const [step] = (await prisma.$queryRaw`SELECT * FROM drop_transactions(${cutoff}, ${place.next_at}, ${place.next_id}, ${this.stepRows}::int)`) as [Place & { dropped: number }];
      dropped.transactions += step.dropped;
      place = step;
      if (place.next_at !== null) await sleep(clock, STEP_PAUSE_MS);
    }
    for (let more = true; more && !this.stopped && steps < STEPS_MAX; steps++) {
      const [step] = (await prisma.$queryRaw`SELECT * FROM drop_messages(${cutoff}, ${this.stepRows}::int)`) as [Omit<Dropped, "transactions">];
      more = false;
      for (const kind of ["payments", "keys", "actions", "outbox", "notifications"] as const) {
        dropped[kind] += step[kind];
        more ||= step[kind] >= this.stepRows;
      }
      if (more) await sleep(clock, STEP_PAUSE_MS);
    }
    return dropped;
  }

  private schedule(inMs: number): void {
    if (this.stopped) return;
    this.timer = this.ports.clock.schedule(inMs, () => {
      this.walking = this.walk()
        .then((dropped) => {
          if (Object.values(dropped).some((rows) => rows > 0)) this.ports.onDropped?.(dropped);
        })
        .catch((error: unknown) => this.ports.onError(error))
        .finally(() => this.schedule(WALK_INTERVAL_MS));
    });
  }
}
