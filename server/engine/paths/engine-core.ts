/**
 * EngineCore is what the paths of a request share: the tiers, the reads, the queue and the clock.
 * It holds no business rule; `engine.ts` builds it, the paths use it.
 */
import { LRUCache } from "lru-cache";
import type { Clock } from "../kernel/clock.ts";
import { Deadline } from "../kernel/deadline.ts";
import type { DeadlineWatch } from "../kernel/deadline-watch.ts";
import { EngineError, isEngineError } from "../kernel/errors.ts";
import type { CallContext, TransactionRecord } from "../kernel/types.ts";
import type { CircuitBreaker } from "../guards/circuit-breaker.ts";
import { ExpiryTimes } from "../recovery/expiry-times.ts";
import type { StockGate } from "../tiers/cas/stock-gate.ts";
import type { DishLocks } from "../tiers/lock/dish-locks.ts";
import type { Ledger } from "../tiers/tcc/ledger.ts";
import { Looks } from "./looks.ts";
import type { Operation, OperationOutcome } from "./operation.ts";

/** Baskets whose dishes are remembered, so that confirming them needs no read; about 30 MiB. */
export const BASKETS_MAX = 100_000;

/** What a caller is told to wait when the ledger is away: its breaker probes at least that often. */
export const UNAVAILABLE_RETRY_MS = 1_000;

/** The keys of a transaction. They never change, so remembering them cannot be wrong. */
export interface BasketKeys {
  dishIds: readonly string[];
  couponId: string | null;
}

export class EngineCore {
  readonly baskets: LRUCache<string, BasketKeys>;
  readonly looks: Looks;
  readonly expiries: ExpiryTimes;
  /** Operations whose deadline passed before their batch was sent. */
  timedOut = 0;

  constructor(
    readonly clock: Clock,
    readonly watch: DeadlineWatch,
    readonly gate: StockGate,
    readonly locks: DishLocks<Operation>,
    ledger: Ledger,
    private readonly ledgerBreaker: CircuitBreaker,
    basketsMax: number,
  ) {
    this.baskets = new LRUCache({ max: basketsMax });
    this.expiries = new ExpiryTimes(clock);
    this.looks = new Looks({
      clock,
      findTransactions: (txIds) => this.ask(() => ledger.findTransactions(txIds)),
      readDishes: (dishIds) => this.ask(() => ledger.readDishes(dishIds)),
      look: (txIds, dishIds) => this.ask(() => ledger.look(txIds, dishIds)),
      learn: (dishId, row, askedAtMs) => {
        if (row) gate.learn(row, askedAtMs);
        else gate.learnUnknown(dishId, askedAtMs);
      },
    });
  }

  /** Asks the ledger, if its circuit lets us. @throws EngineError UNAVAILABLE. */
  async ask<T>(question: () => Promise<T>): Promise<T> {
    if (!this.ledgerBreaker.allows()) throw unavailable(null);
    try {
      return await this.ledgerBreaker.call(question);
    } catch (error) {
      throw unavailable(error);
    }
  }

  deadlineOf(call: CallContext): Deadline {
    return Deadline.after(this.clock, call.timeoutMs);
  }

  /** The transaction as the ledger has it now; null when it has none. */
  async findTransaction(txId: string, deadline: Deadline): Promise<TransactionRecord | null> {
    return this.remembered(await this.inTime(this.looks.transaction(txId), deadline, "the transaction was read"));
  }

  /** The same for a Try that is about to be refused or was answered before, and can wait a little; reads `dishIds` with it. */
  async lookPatiently(txId: string, dishIds: readonly string[], deadline: Deadline): Promise<TransactionRecord | null> {
    const look = this.looks.patiently(txId, dishIds, deadline.remainingMs);
    return this.remembered(await this.inTime(look, deadline, "the transaction was read"));
  }

  /**
   * A look after the ledger has answered: this very call may have written, so when nothing can be read the outcome is unknown,
   * not "nothing was written".
   */
  async lookAgain(look: Promise<TransactionRecord | null>): Promise<TransactionRecord | null> {
    return look.catch((error: unknown) => {
      if (!isEngineError(error) || error.code !== "UNAVAILABLE") throw error;
      throw new EngineError("DEADLINE_EXCEEDED", "The ledger answered and could not be read afterwards; ask again with the same id.", { cause: error });
    });
  }

  private remembered(record: TransactionRecord | null): TransactionRecord | null {
    if (record && record.lines.length > 0) this.rememberBasket(record);
    return record;
  }

  rememberBasket(record: { txId: string; couponId: string | null; lines: readonly { dishId: string }[] }): void {
    this.baskets.set(record.txId, { dishIds: record.lines.map(({ dishId }) => dishId), couponId: record.couponId });
  }

  /** Reads cells from the ledger again, one flight a dish. */
  async refresh(dishIds: readonly string[], deadline: Deadline): Promise<void> {
    await this.inTime(this.looks.stock(dishIds), deadline, "stock was read");
  }

  /** Sends an operation through the locks and waits for its outcome. What it was promised is given back if it never leaves. */
  async submit(operation: Operation): Promise<OperationOutcome> {
    const place = this.locks.enter(operation);
    if (!place) {
      this.gate.giveBack(operation.promised);
      throw new EngineError("OVERLOADED", "Too many operations are waiting.", { tier: "lock", retryAfterMs: UNAVAILABLE_RETRY_MS });
    }
    try {
      const outcome = await this.inTime(operation.outcome, operation.deadline, "the ledger answered");
      if (outcome.kind === "late") this.timedOut++;
      return outcome;
    } catch (error) {
      if (!this.locks.withdraw(place)) throw error; // it has left, and may be carried out
      this.timedOut++;
      this.gate.giveBack(operation.promised);
      throw neverLeft();
    }
  }

  inTime<T>(promise: Promise<T>, deadline: Deadline, what: string): Promise<T> {
    return this.watch.race(promise, deadline, () => new EngineError("DEADLINE_EXCEEDED", `The deadline passed before ${what}; ask again with the same id.`));
  }
}

function neverLeft(): EngineError {
  return new EngineError("DEADLINE_EXCEEDED", "The deadline passed before the batch left; nothing was written.", { tier: "lock" });
}

/** A no that follows a lost call is not the last word: that call may still be carried out, and then it was a yes. */
export function notTheLastWord(no: EngineError): EngineError {
  return new EngineError("DEADLINE_EXCEEDED", "An earlier attempt may still be carried out; ask again with the same id.", { cause: no });
}

export function unavailable(cause: unknown): EngineError {
  return new EngineError("UNAVAILABLE", "The ledger cannot be reached.", { cause, retryAfterMs: UNAVAILABLE_RETRY_MS });
}

/** What an operation that did not reach a verdict means to its caller. */
export function failureOf(outcome: Extract<OperationOutcome, { kind: "failed" | "late" | "short" }>): EngineError {
  if (outcome.kind === "late") return neverLeft();
  if (outcome.kind === "short") return new EngineError("OVERLOADED", "The portions are promised to others.", { tier: "redis", retryAfterMs: UNAVAILABLE_RETRY_MS });
  switch (outcome.failure) {
    case "unavailable":
      return unavailable(outcome.cause);
    case "conflict":
      return new EngineError("OVERLOADED", "Other writers kept winning.", { cause: outcome.cause, retryAfterMs: UNAVAILABLE_RETRY_MS });
    case "unknown":
      return new EngineError("DEADLINE_EXCEEDED", "The ledger did not answer in time; ask again with the same id.", { cause: outcome.cause });
    case "poisoned":
      return new EngineError("INTERNAL", "The ledger refused this request's data.", { cause: outcome.cause });
  }
}

