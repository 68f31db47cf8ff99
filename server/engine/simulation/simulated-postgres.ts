/**
 * SimulatedPostgres is one database as several instances see it: it can be away, restart under its sessions, and have a slow
 * disk. What it commits is the ledger twin's business; every commit is shown to an observer at the moment it happens.
 */
import { sleep, type Clock } from "../kernel/clock.ts";
import { integerBetween, type Random } from "../kernel/random.ts";
import { LedgerFailure, type BranchReport, type Ledger, type LedgerBatch, type LedgerBatchResult, type SettledTransaction } from "../tiers/tcc/ledger.ts";
import type { Server } from "./links.ts";

export interface CommitWatcher {
  committed(instance: string, batch: LedgerBatch, result: LedgerBatchResult): void;
  /** What participants said was written down; it may have ended transactions. */
  reported(instance: string, transactions: readonly SettledTransaction[]): void;
}

/** A txId that begins so cannot be stored, as with a byte that is no text: its batch is refused whole, whatever else is in it. */
export const POISON = "poison";

export class SimulatedPostgres implements Server {
  /** Grows with every restart: who was connected before hears nothing any more. */
  epoch = 0;
  private awayUntilMs = Number.NEGATIVE_INFINITY;
  private slowUntilMs = Number.NEGATIVE_INFINITY;
  private slowestMs = 0;

  constructor(
    private readonly world: Clock,
    private readonly random: Random,
    private readonly twin: Ledger,
    private readonly watcher: () => CommitWatcher | null,
  ) {}

  goAway(forMs: number): void {
    this.awayUntilMs = Math.max(this.awayUntilMs, this.world.monotonicMs() + forMs);
  }

  /** Every session ends; what had not committed never does. */
  restart(): void {
    this.epoch++;
  }

  /** Commits take up to `forMs`, for as long. */
  slowDown(forMs: number): void {
    this.slowestMs = forMs;
    this.slowUntilMs = this.world.monotonicMs() + forMs;
  }

  /** The database as one instance reaches it. */
  ledger(instance: string): Ledger {
    const reached = <T>(action: () => Promise<T>): Promise<T> => (this.isAway ? refuse() : action());
    return {
      runBatch: (batch) => reached(() => this.commit(instance, batch)),
      findTransactions: (txIds) => reached(() => this.twin.findTransactions(txIds)),
      readDishes: (dishIds) => reached(() => this.twin.readDishes(dishIds)),
      look: (txIds, dishIds) => reached(() => this.twin.look(txIds, dishIds)),
      findDue: (withinMs) => reached(() => this.twin.findDue(withinMs)),
      findExpired: (limit) => reached(() => this.twin.findExpired(limit)),
      findBranches: (txIds) => reached(() => this.twin.findBranches(txIds)),
      claimBranches: (limit) => reached(() => this.twin.claimBranches(limit)),
      settleBranches: (reports) => reached(() => this.report(instance, reports)),
      hastenBranches: (txIds) => reached(() => this.twin.hastenBranches(txIds)),
      createDish: (dish) => reached(() => this.twin.createDish(dish)),
      createCoupon: (coupon) => reached(() => this.twin.createCoupon(coupon)),
    };
  }

  private async report(instance: string, reports: readonly BranchReport[]): Promise<SettledTransaction[]> {
    const transactions = await this.twin.settleBranches(reports);
    this.watcher()?.reported(instance, transactions);
    return transactions;
  }

  private get isAway(): boolean {
    return this.world.monotonicMs() < this.awayUntilMs;
  }

  private async commit(instance: string, batch: LedgerBatch): Promise<LedgerBatchResult> {
    if (this.world.monotonicMs() < this.slowUntilMs) {
      const { epoch } = this;
      await sleep(this.world, integerBetween(this.random, 0, this.slowestMs));
      if (this.epoch !== epoch) throw new LedgerFailure("unknown", "the server restarted before the commit");
    }
    if (batch.trys.some(({ txId }) => txId.startsWith(POISON))) throw new LedgerFailure("poisoned", "data that cannot be stored");
    const result = await this.twin.runBatch(batch);
    this.watcher()?.committed(instance, batch, result);
    return result;
  }
}

async function refuse(): Promise<never> {
  throw new LedgerFailure("unavailable", "Postgres is away");
}
