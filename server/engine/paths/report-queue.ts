/**
 * ReportQueue carries what participants said to the ledger: what comes while input is being read, or while calls are in flight,
 * leaves together. A report is repeated a few times and then given up: the branch's lease runs out, and it is called again.
 */
import { sleep, type Clock } from "../kernel/clock.ts";
import type { BranchReport, SettledTransaction } from "../tiers/tcc/ledger.ts";

/** Reports of one call: as many branches as recovery claims at a time. */
const REPORTS_MAX = 256;

/** One is written while the next gathers; more only take connections from batches. */
const IN_FLIGHT_MAX = 2;

const ATTEMPTS_MAX = 3;
const PAUSE_MS = 50;

interface Waiting {
  report: BranchReport;
  resolve(settled: SettledTransaction | null): void;
  reject(reason: unknown): void;
}

export interface ReportQueuePorts {
  clock: Clock;
  settle(reports: readonly BranchReport[]): Promise<SettledTransaction[]>;
  /** Told once of every transaction of a call. */
  settled(transaction: SettledTransaction): void;
}

export class ReportQueue {
  private waiting: Waiting[] = [];
  private inFlight = 0;
  private scheduled = false;

  constructor(private readonly ports: ReportQueuePorts) {}

  /** @returns the transaction after the report; null: nobody knows it. Rejects when the report could not be written. */
  add(report: BranchReport): Promise<SettledTransaction | null> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ report, resolve, reject });
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.scheduled || this.inFlight >= IN_FLIGHT_MAX) return;
    this.scheduled = true;
    this.ports.clock.soon(() => {
      this.scheduled = false;
      while (this.waiting.length > 0 && this.inFlight < IN_FLIGHT_MAX) void this.send(this.waiting.splice(0, REPORTS_MAX));
    });
  }

  private async send(batch: readonly Waiting[]): Promise<void> {
    this.inFlight++;
    try {
      const settled = await this.settle(batch.map(({ report }) => report));
      for (const { report, resolve } of batch) resolve(settled.get(report.txId) ?? null);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.inFlight--;
      if (this.waiting.length > 0) this.schedule();
    }
  }

  private async settle(reports: readonly BranchReport[]): Promise<Map<string, SettledTransaction>> {
    for (let attempt = 1; ; attempt++) {
      try {
        const settled = await this.ports.settle(reports);
        for (const transaction of settled) this.ports.settled(transaction);
        return new Map(settled.map((transaction) => [transaction.txId, transaction]));
      } catch (error) {
        if (attempt === ATTEMPTS_MAX) throw error;
        await sleep(this.ports.clock, PAUSE_MS * attempt);
      }
    }
  }
}
