/**
 * Reads of dishes that outlive the database: it is asked first and has all the time but the last of it; when it fails, or
 * has used its time up, or is known to be away, the last snapshot answers, marked stale. What was never seen stays unknown.
 * The fallback acts only while the caller still waits. It falls back for dishes alone: a transaction's state is never guessed.
 */
import type { Dish, DishesPage, DishesQuery } from "../../contracts/dishes.ts";
import { REQUEST_TIMEOUT_MS_MAX } from "../../contracts/limits.ts";
import type { FeedEntry } from "../../engine/feed/live-feed.ts";
import type { CircuitBreaker } from "../../engine/guards/circuit-breaker.ts";
import type { Clock } from "../../engine/kernel/clock.ts";
import type { Deadline } from "../../engine/kernel/deadline.ts";
import type { ApiReadModels } from "./api-reads.ts";
import type { DishSnapshots } from "./dish-snapshots.ts";

/** The fallback's share of the 800 ms. A caller with less time keeps the proportion. */
export const FALLBACK_MS_MAX = 100;
const FALLBACK_SHARE = FALLBACK_MS_MAX / REQUEST_TIMEOUT_MS_MAX;

/**
 * A read that takes longer counts against the database, however long its caller waits: what is left of the 800 ms. An
 * impatient caller proves nothing about the database, and must not degrade it for the others.
 */
export const READ_MS_MAX = REQUEST_TIMEOUT_MS_MAX - FALLBACK_MS_MAX;

export interface FallbackOptions {
  clock: Clock;
  snapshots: DishSnapshots;
  /** Of these reads alone: the engine's breaker watches another pool. */
  breaker: CircuitBreaker;
  engine: { onEntry(listener: { entry(entry: FeedEntry): void }): () => void };
  /** Told of every read that failed, also of those that were answered from a snapshot. */
  onTrouble(error: unknown): void;
}

export type ReadsWithFallback = ReturnType<typeof withFallback>;

interface Read<T> {
  ask(): Promise<T>;
  saw(value: T, askedAtMs: number): void;
  /** Null: never seen. */
  last(): T | null;
}

export function withFallback(reads: ApiReadModels, { clock, snapshots, breaker, engine, onTrouble }: FallbackOptions) {
  let answered = 0;
  engine.onEntry({ entry: (entry) => snapshots.sawEntry(entry) });

  /** Goes on, and is remembered, when its caller has left. */
  async function readDatabase<T>({ ask, saw }: Read<T>): Promise<T> {
    const askedAtMs = clock.monotonicMs();
    try {
      const value = await breaker.call(() => within(clock, READ_MS_MAX, ask()));
      saw(value, askedAtMs);
      return value;
    } catch (error) {
      onTrouble(error);
      throw error;
    }
  }

  /** @throws EngineError DEADLINE_EXCEEDED when nobody waits any more; anything else: no database, and no snapshot. */
  async function read<T>(deadline: Deadline, steps: Read<T>): Promise<T> {
    let failure: unknown = new Error("The database is known to be away.");
    if (breaker.allows()) {
      try {
        const reserveMs = Math.min(FALLBACK_MS_MAX, deadline.remainingMs * FALLBACK_SHARE);
        return await within(clock, deadline.remainingMs - reserveMs, readDatabase(steps));
      } catch (error) {
        failure = error;
      }
    }
    deadline.check("the last snapshot was asked");
    const value = steps.last();
    if (value === null) throw failure;
    answered++;
    return value;
  }

  return {
    ...reads,
    dish: (dishId: string, deadline: Deadline) =>
      read<Dish | null>(deadline, {
        ask: () => reads.dish(dishId),
        saw: (dish, askedAtMs) => snapshots.sawDish(dishId, dish, askedAtMs),
        last: () => snapshots.dish(dishId),
      }),
    dishes: (query: DishesQuery, deadline: Deadline) =>
      read<DishesPage>(deadline, {
        ask: () => reads.dishes(query),
        saw: (page, askedAtMs) => snapshots.sawPage(query, page, askedAtMs),
        last: () => snapshots.page(query),
      }),
    fallback: {
      get answered() {
        return answered;
      },
      get remembered() {
        return snapshots.size;
      },
      get circuit() {
        return breaker.state;
      },
    },
  };
}

/** Rejects when `promise` has not settled in time; the work behind it ends by the database's own limits. */
function within<T>(clock: Clock, timeoutMs: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.schedule(timeoutMs, () => reject(new Error("The database did not answer in time.")));
    promise.finally(() => timer.cancel()).then(resolve, reject);
  });
}
