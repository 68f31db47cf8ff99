/**
 * Gathering turns single calls into batches: what comes while input is being read, or while batches are in flight, leaves
 * together. Bounded; it repeats nothing: `send` decides what a failure means.
 */
import { sleep, type Clock } from "./clock.ts";

/** One call of the ledger: as many branches as recovery claims at a time. */
const BATCH_MAX = 256;

/** One is written while the next gathers; more only take connections from batches. */
const IN_FLIGHT_MAX = 2;

/** How often `insist` asks, and how much longer it rests each time. */
const ATTEMPTS_MAX = 3;
const PAUSE_MS = 50;

interface Waiting<I, O> {
  item: I;
  resolve(answer: O): void;
  reject(reason: unknown): void;
}

export class Gathering<I, O> {
  private waiting: Waiting<I, O>[] = [];
  private inFlight = 0;
  private scheduled = false;

  constructor(
    private readonly clock: Clock,
    /** One answer an item, in their order. */
    private readonly send: (items: I[]) => Promise<O[]>,
  ) {}

  get size(): number {
    return this.waiting.length;
  }

  add(item: I): Promise<O> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, resolve, reject });
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.scheduled || this.inFlight >= IN_FLIGHT_MAX) return;
    this.scheduled = true;
    this.clock.soon(() => {
      this.scheduled = false;
      while (this.waiting.length > 0 && this.inFlight < IN_FLIGHT_MAX) void this.flush(this.waiting.splice(0, BATCH_MAX));
    });
  }

  private async flush(batch: readonly Waiting<I, O>[]): Promise<void> {
    this.inFlight++;
    try {
      const answers = await this.send(batch.map(({ item }) => item));
      batch.forEach(({ resolve }, place) => resolve(answers[place] as O));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.inFlight--;
      if (this.waiting.length > 0) this.schedule();
    }
  }
}

/** Repeats an action that may be repeated, a few times; then its failure is the caller's. */
export async function insist<T>(clock: Clock, action: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action();
    } catch (error) {
      if (attempt === ATTEMPTS_MAX) throw error;
      await sleep(clock, PAUSE_MS * attempt);
    }
  }
}
