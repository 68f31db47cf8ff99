/**
 * Looks ask the ledger what it has, many questions in one statement: transactions by txId, stock by dish.
 * Who must know to go on is answered by the next statement. Who is about to hear no is patient: such looks wait for each other
 * while more Trys keep coming, so that a sold-out storm costs a handful of statements, not one for every few orders.
 * They cache nothing: every answer is as of a moment after its question.
 */
import type { Clock, Timer } from "../kernel/clock.ts";
import type { DishRow, TransactionRecord } from "../kernel/types.ts";

/** As many ids as one statement carries: the time per id halves from 64 to 256 and falls little after; a millisecond's work. */
const LOOK_IDS_MAX = 512;

/** Two looks keep a connection busy while the answer of the other travels; more only take connections from batches. */
const LOOKS_IN_FLIGHT_MAX = 2;

/** No Try has come and nobody has joined for so long: whoever was coming is here. More than clients pause between two orders. */
export const QUIET_MS = 25;

/** As long as patience lasts while Trys keep coming: a quarter of the 800 ms, so that five looks a second serve any storm. */
export const PATIENCE_MS_MAX = 200;

/** Patience is at most this part of what its caller has left. */
const PATIENCE_SHARE = 1 / 4;

/** So many patient questions make a statement worth its while: waiting for more would hardly make it cheaper an id. */
export const ENOUGH = 256;

/** What was learned of a crowd is forgotten when it has been away for so long: the next one may be another. */
const CROWD_MS_MAX = 100;

/** The ledger's answers, behind a circuit breaker: it rejects with what the caller shall hear. */
export interface LookPorts {
  clock: Clock;
  findTransactions(txIds: string[]): Promise<(TransactionRecord | null)[]>;
  readDishes(dishIds: string[]): Promise<(DishRow | null)[]>;
  look(txIds: string[], dishIds: string[]): Promise<{ transactions: (TransactionRecord | null)[]; dishes: (DishRow | null)[] }>;
  /** Told of every dish that was read before anybody who asked is answered. */
  learn(dishId: string, row: DishRow | null, askedAtMs: number): void;
}

interface Waiter {
  resolve(record: TransactionRecord | null): void;
  reject(reason: unknown): void;
}

export class Looks {
  /** Statements that read dishes. */
  dishReads = 0;
  private transactions: Queue = new Map();
  private dishes: Queue = new Map();
  private readonly reading = new Map<string, Promise<unknown>>();
  private inFlight = 0;
  private urgent = false;
  private leavesAtMs = Number.POSITIVE_INFINITY;
  private timer: Timer | null = null;
  private leaving = false;
  private lastTryAtMs = Number.NEGATIVE_INFINITY;
  private joinedAtMs = Number.NEGATIVE_INFINITY;
  private flowing = false;
  private crowd = ENOUGH;
  private sizeBefore = 0;
  private leftAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly ports: LookPorts) {}

  /** A Try has come. Patience depends on whether they keep coming. */
  arrived(): void {
    const nowMs = this.ports.clock.monotonicMs();
    this.flowing = nowMs - this.lastTryAtMs < QUIET_MS;
    this.lastTryAtMs = nowMs;
  }

  /** The transaction as of a moment after this call; null: there is none. */
  transaction(txId: string): Promise<TransactionRecord | null> {
    this.urgent = true;
    return this.ask(this.transactions, txId);
  }

  /** Reads these dishes again, one flight a dish: who comes while it is under way waits for the same answer. */
  async stock(dishIds: readonly string[]): Promise<void> {
    await Promise.all(
      dishIds.map((dishId) => {
        let read = this.reading.get(dishId);
        if (!read) {
          this.urgent = true;
          read = this.ask(this.dishes, dishId).finally(() => this.reading.delete(dishId));
          this.reading.set(dishId, read);
        }
        return read;
      }),
    );
  }

  /**
   * What a refusal has to know: whether the txId was answered before and, when memory is too old to say no, what is there of
   * its dishes; both as of one moment after this call.
   * @param remainingMs what the caller has left: patience is a part of it.
   */
  async patiently(txId: string, dishIds: readonly string[], remainingMs: number): Promise<TransactionRecord | null> {
    const patienceMs = Math.min(PATIENCE_MS_MAX, remainingMs * PATIENCE_SHARE);
    const nowMs = this.ports.clock.monotonicMs();
    this.leavesAtMs = Math.min(this.leavesAtMs, nowMs + patienceMs);
    this.joinedAtMs = nowMs;
    const record = this.ask(this.transactions, txId);
    await Promise.all([record, ...dishIds.map((dishId) => this.ask(this.dishes, dishId))]);
    return record;
  }

  private ask(queue: Queue, id: string): Promise<TransactionRecord | null> {
    return new Promise((resolve, reject) => {
      const waiters = queue.get(id);
      if (waiters) waiters.push({ resolve, reject });
      else queue.set(id, [{ resolve, reject }]);
      this.plan();
    });
  }

  /** Leaves once everything that has arrived has been read, or sees to it that it is asked again in time. */
  private plan(): void {
    if (this.leaving || (this.transactions.size === 0 && this.dishes.size === 0)) return;
    if (this.inFlight >= (this.urgent ? LOOKS_IN_FLIGHT_MAX : 1)) return;
    const waitMs = this.waitMs();
    if (waitMs > 0) {
      this.timer ??= this.ports.clock.schedule(waitMs, () => {
        this.timer = null;
        this.plan();
      });
      return;
    }
    this.leaving = true;
    this.timer?.cancel();
    this.timer = null;
    this.ports.clock.soon(() => {
      this.leaving = false;
      void this.leave();
    });
  }

  private waitMs(): number {
    if (this.urgent || !this.flowing) return 0;
    const nowMs = this.ports.clock.monotonicMs();
    if (this.transactions.size >= (nowMs - this.leftAtMs > CROWD_MS_MAX ? ENOUGH : this.crowd)) return 0;
    return Math.min(Math.max(this.lastTryAtMs, this.joinedAtMs) + QUIET_MS, this.leavesAtMs) - nowMs;
  }

  private async leave(): Promise<void> {
    this.learnCrowd();
    const [transactions, transactionsLeft] = split(this.transactions);
    const [dishes, dishesLeft] = split(this.dishes);
    this.transactions = transactionsLeft;
    this.dishes = dishesLeft;
    if (this.transactions.size === 0 && this.dishes.size === 0) {
      this.urgent = false;
      this.leavesAtMs = Number.POSITIVE_INFINITY;
    }
    this.inFlight++;
    try {
      const records = await this.load([...transactions.keys()], [...dishes.keys()]);
      let position = 0;
      for (const waiters of transactions.values()) {
        const record = records[position++] ?? null;
        for (const waiter of waiters) waiter.resolve(record);
      }
      for (const waiters of dishes.values()) for (const waiter of waiters) waiter.resolve(null);
    } catch (error) {
      for (const waiters of [...transactions.values(), ...dishes.values()]) for (const waiter of waiters) waiter.reject(error);
    } finally {
      this.inFlight--;
      this.plan();
    }
  }

  private async load(txIds: string[], dishIds: string[]): Promise<(TransactionRecord | null)[]> {
    const { clock, findTransactions, readDishes, look, learn } = this.ports;
    if (dishIds.length === 0) return findTransactions(txIds);
    const askedAtMs = clock.monotonicMs();
    this.dishReads++;
    const { transactions, dishes } = txIds.length > 0 ? await look(txIds, dishIds) : { transactions: [], dishes: await readDishes(dishIds) };
    dishes.forEach((row, position) => learn(dishIds[position] as string, row, askedAtMs));
    return transactions;
  }

  /**
   * Callers who come again as soon as they are answered would wait for nobody: once the same number has left twice, the next
   * look leaves as soon as they are all back, until more than those come.
   */
  private learnCrowd(): void {
    if (this.urgent) return;
    const { size } = this.transactions;
    const nowMs = this.ports.clock.monotonicMs();
    const before = nowMs - this.leftAtMs > CROWD_MS_MAX ? 0 : this.sizeBefore;
    this.crowd = Math.abs(size - before) <= size / 8 ? Math.min(size, before, ENOUGH) : ENOUGH;
    this.sizeBefore = size;
    this.leftAtMs = nowMs;
  }
}

type Queue = Map<string, Waiter[]>;

/** @returns up to one statement's ids, oldest first, and those that stay. New maps: one that is emptied again and again remembers (flights.ts). */
function split(queue: Queue): [leave: Queue, stay: Queue] {
  if (queue.size <= LOOK_IDS_MAX) return [queue, new Map()];
  const all = [...queue];
  return [new Map(all.slice(0, LOOK_IDS_MAX)), new Map(all.slice(LOOK_IDS_MAX))];
}
