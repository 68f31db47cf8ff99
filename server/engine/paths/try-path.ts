/**
 * TryPath takes one Try through the three tiers: admitted in memory, joined to a batch, decided by the ledger.
 * Replay first: before any refusal it asks whether this txId was answered before. It knows no SQL, no Redis, no HTTP.
 */
import { payloadHashOf, freezeIdOf } from "../kernel/basket.ts";
import { Deadline } from "../kernel/deadline.ts";
import { EngineError, isEngineError } from "../kernel/errors.ts";
import { Flights } from "../kernel/flights.ts";
import type { CallContext, TransactionRecord, TryAnswer, TryRequest } from "../kernel/types.ts";
import type { LedgerTry, TryVerdict } from "../tiers/tcc/ledger.ts";
import { failureOf, notTheLastWord, type EngineCore } from "./engine-core.ts";
import { Operation, type OperationOutcome } from "./operation.ts";
import { isNotTried, type RemotePath } from "./remote-path.ts";

/** Kept of a parked Try's time to look for an earlier answer before it is turned away: the fallback's share of the 800 ms. */
const LOOK_UP_MS = 100;

/** Time for cancelling what participants did not agree to; nobody waits for it. If it fails, recovery does it. */
const ABANDON_MS = 2_000;

class Flight {
  /** When it last asked what its answer rests on, among all calls of this instance: it is true for who arrived before that. */
  asked = 0;
  answer: Promise<TryAnswer> = Promise.resolve() as Promise<never>;
  private hash: string | null = null;

  constructor(readonly request: TryRequest) {}

  /** Made when somebody first asks: a new order for a sold-out dish needs none. */
  get payloadHash(): string {
    return (this.hash ??= payloadHashOf(this.request));
  }
}

export interface TryCounters {
  admitted: number;
  refused: number;
  parked: number;
  reserved: number;
  replayed: number;
  guardRefused: number;
}

export class TryPath {
  readonly counters: TryCounters = { admitted: 0, refused: 0, parked: 0, reserved: 0, replayed: 0, guardRefused: 0 };
  private readonly flights = new Flights<Flight>();
  private arrivals = 0;

  /** @param abandon cancels a transaction whose participants did not agree. */
  constructor(
    private readonly core: EngineCore,
    private readonly remote: RemotePath,
    private readonly abandon: (txId: string, deadline: Deadline) => Promise<unknown>,
  ) {}

  /** See `Engine.try`. Concurrent callers of one txId and payload share one flight. */
  async run(request: TryRequest, call: CallContext): Promise<TryAnswer> {
    const deadline = this.core.deadlineOf(call);
    const arrived = ++this.arrivals;
    for (;;) {
      const flight = this.flights.get(request.txId);
      if (!flight) return this.lead(request, call, deadline);
      const answer = await this.join(flight, payloadHashOf(request), arrived, deadline);
      if (answer) {
        this.counters.replayed++;
        return { ...answer, replayed: true };
      }
      deadline.check("an earlier call with this txId ended; ask again with the same id");
      // Another payload was in flight, its caller had less time than this one, or what it learned may be older than this call:
      // ask for oneself, or join a flight that asks later.
    }
  }

  private async lead(request: TryRequest, call: CallContext, deadline: Deadline): Promise<TryAnswer> {
    const flight = new Flight(request);
    flight.answer = this.fly(request, flight, call, deadline);
    this.flights.begin(request.txId, flight);
    try {
      return await flight.answer;
    } finally {
      this.flights.end(request.txId, flight);
    }
  }

  /**
   * A flight's answer is true for those who came before it asked: since then another instance may have moved the transaction.
   * @returns that answer; null when it says nothing about this caller.
   */
  private async join(flight: Flight, ownHash: string, arrived: number, deadline: Deadline): Promise<TryAnswer | null> {
    const samePayload = flight.payloadHash === ownHash;
    try {
      const flown = await this.core.inTime(flight.answer, deadline, "an earlier call with this txId ended");
      return samePayload && flight.asked > arrived ? flown : null;
    } catch (error) {
      const isFresh = flight.asked > arrived || (isEngineError(error) && error.code === "PARTICIPANT_REFUSED");
      if (samePayload && isEngineError(error) && !error.retryable && isFresh) throw error;
      return null;
    }
  }

  private async fly(request: TryRequest, flight: Flight, call: CallContext, deadline: Deadline): Promise<TryAnswer> {
    const { core, counters } = this;
    const startedAtMs = core.clock.monotonicMs();
    if (core.baskets.has(request.txId)) {
      // Met here lately: it needs no portions to be answered again.
      const known = await this.look(flight, [], deadline);
      if (known) return this.replay(known, flight.payloadHash);
    }
    let knownNew = false;
    for (;;) {
      deadline.check("stock was promised", "cas");
      const justAsked = knownNew;
      knownNew = false;
      const verdict = core.gate.admit(request.storeId, request.lines);
      switch (verdict.kind) {
        case "unsure": {
          // A missing cell is needed to go on. An old one says no, and asks for what a no has to know.
          if (verdict.dishIds.some((dishId) => !core.gate.reading(dishId))) {
            await core.refresh(verdict.dishIds, deadline);
            continue;
          }
          const known = await this.look(flight, verdict.dishIds, deadline);
          if (known) return this.replay(known, flight.payloadHash);
          knownNew = true;
          continue;
        }
        case "refused": {
          const known = justAsked ? null : await this.look(flight, [], deadline);
          if (known) return this.replay(known, flight.payloadHash);
          counters.refused++;
          throw new EngineError(verdict.code, verdict.message, { tier: "cas", txId: request.txId, dishes: verdict.dishes });
        }
        case "promised": {
          const served = await this.park(verdict.dishId, verdict.quantity, deadline);
          if (served) continue;
          const known = await this.look(flight, [], deadline);
          if (known) return this.replay(known, flight.payloadHash);
          throw promisedToOthers(verdict.dishId, "cas");
        }
        case "admitted":
          counters.admitted++;
      }
      const nowMs = core.clock.monotonicMs();
      const stages = { accessMs: call.accessMs ?? 0, casMs: nowMs - startedAtMs, lockMs: 0, redisMs: 0 };
      const { txId, storeId, orderId, couponId, lines, ttlSeconds, participants } = request;
      // Property by property: spreading the request first made a third of what a Try costs in memory.
      const ledgerTry: LedgerTry = { txId, storeId, orderId, couponId, payloadHash: flight.payloadHash, ttlSeconds, lines, traceId: call.traceId, stages, branches: participants };
      const dishIds = request.lines.map(({ dishId }) => dishId);
      const ignoresHolds = core.gate.ignoresHolds(request.lines);
      const operation = new Operation({ kind: "try", try: ledgerTry }, dishIds, request.couponId, deadline, nowMs, ignoresHolds);
      const versions = dishIds.map((dishId) => core.gate.reading(dishId)?.version);
      flight.asked = ++this.arrivals;
      const outcome = await core.submit(operation);
      if (outcome.kind === "short") {
        const { dishId } = outcome;
        const isNews = core.gate.reading(dishId)?.version !== versions[dishIds.indexOf(dishId)];
        if (!isNews) core.gate.turnedBack(dishId); // whoever wants the dish waits for news of it, this Try too
        continue;
      }
      const answer = await this.answer(outcome, request, flight.payloadHash, call, deadline);
      if (answer) return answer;
    }
  }

  /** Asks whether the Try was answered before; reads `dishIds` with it. */
  private look(flight: Flight, dishIds: readonly string[], deadline: Deadline): Promise<TransactionRecord | null> {
    flight.asked = ++this.arrivals;
    return this.core.lookPatiently(flight.request.txId, dishIds, deadline);
  }

  /** @returns null when the Try must start over. */
  private async answer(outcome: OperationOutcome, request: TryRequest, hash: string, call: CallContext, deadline: Deadline): Promise<TryAnswer | null> {
    const { core, counters } = this;
    if (outcome.kind === "failed" || outcome.kind === "late" || outcome.kind === "short") throw failureOf(outcome);
    if (outcome.kind !== "try") throw new Error(`a Try was answered as a ${outcome.kind}`);
    if (outcome.verdict === "ACCEPTED") {
      await this.tryRemote(request, call, deadline);
      counters.reserved++;
      core.rememberBasket(request);
      core.expiries.add(request.ttlSeconds);
      return {
        txId: request.txId,
        state: "RESERVED",
        lines: request.lines.map(({ dishId, quantity }, position) => ({ dishId, quantity, freezeId: freezeIdOf(request.txId, position + 1) })),
        expiresAtMs: outcome.atMs + request.ttlSeconds * 1000,
        replayed: false,
      };
    }
    if (outcome.verdict === "KNOWN") {
      const record = await core.lookAgain(core.lookPatiently(request.txId, [], deadline));
      if (!record) return null; // neither inserted nor found: a new snapshot will tell
      const written = outcome.resent && record.payloadHash === hash; // by this call; its first answer was lost on the way
      if (!written || !["TRYING", "RESERVED"].includes(record.state)) return this.replay(record, hash);
      if (record.state === "TRYING") await this.tryRemote(request, call, deadline);
      counters.reserved++;
      return { ...answerOf(record), state: "RESERVED", replayed: false };
    }
    counters.guardRefused++;
    const refusal = this.refusal(outcome.verdict, request);
    throw outcome.resent ? notTheLastWord(refusal) : refusal;
  }

  /** The local hold is committed, so whatever happens now the transaction ends: by us, or by whoever finds it interrupted. */
  private async tryRemote({ txId, participants = [] }: TryRequest, call: CallContext, deadline: Deadline): Promise<void> {
    if (participants.length === 0) return;
    try {
      await this.remote.tryAll(txId, participants, call.traceId, deadline);
    } catch (error) {
      if (isNotTried(error)) this.remote.track(this.abandon(txId, Deadline.after(this.core.clock, ABANDON_MS)));
      throw error;
    }
  }

  private replay(record: TransactionRecord, hash: string): TryAnswer {
    const { txId } = record;
    if (record.payloadHash !== null && record.payloadHash !== hash) {
      throw new EngineError("IDEMPOTENCY_MISMATCH", `Transaction ${txId} exists with another basket, coupon or order.`, { txId });
    }
    if (record.state === "CANCELLED" || record.state === "CANCELLING" || record.state === "EXPIRED") {
      throw new EngineError("LATE_TRY", `Transaction ${txId} is ${record.state} already.`, { txId });
    }
    if (record.state === "TRYING") {
      throw new EngineError("IN_PROGRESS", `Transaction ${txId} is still being tried.`, { txId });
    }
    this.counters.replayed++;
    return answerOf(record);
  }

  private refusal(verdict: Exclude<TryVerdict, "ACCEPTED" | "KNOWN">, request: TryRequest): EngineError {
    const { txId, storeId, orderId, couponId, lines } = request;
    switch (verdict) {
      case "SOLD_OUT": {
        const dishes = lines
          .map(({ dishId, quantity }) => ({ dishId, wanted: quantity, available: this.core.gate.reading(dishId)?.available ?? 0 }))
          .filter(({ wanted, available }) => available < wanted);
        return new EngineError("SOLD_OUT", "The ledger has fewer portions than wanted.", { txId, dishes });
      }
      case "DISH_PAUSED":
        return new EngineError("DISH_PAUSED", "A dish of this basket is not on sale now.", { txId });
      case "UNKNOWN_DISH":
        return new EngineError("UNKNOWN_DISH", "A dish of this basket does not exist.", { txId });
      case "WRONG_STORE":
        return new EngineError("WRONG_STORE", `A dish of this basket does not belong to store ${storeId}.`, { txId });
      case "UNKNOWN_COUPON":
        return new EngineError("UNKNOWN_COUPON", `There is no coupon ${couponId}.`, { txId });
      case "COUPON_UNAVAILABLE":
        return new EngineError("COUPON_UNAVAILABLE", `Coupon ${couponId} cannot be used for this order.`, { txId });
      case "ORDER_CONFLICT":
        return new EngineError("ORDER_CONFLICT", `Order ${orderId} has another transaction that is not cancelled.`, { txId });
    }
  }

  /**
   * Waits until promised portions come back or are gone.
   * @returns false when they are still promised shortly before the deadline: they exist, so SOLD_OUT would be wrong.
   */
  private async park(dishId: string, quantity: number, deadline: Deadline): Promise<boolean> {
    this.counters.parked++;
    const { woken, leave } = this.core.gate.park(dishId, quantity);
    try {
      const patience = deadline.narrowedTo(Math.max(0, deadline.remainingMs - LOOK_UP_MS));
      await this.core.watch.race(woken, patience, () => promisedToOthers(dishId, "cas"));
      return true;
    } catch {
      return false;
    } finally {
      leave();
    }
  }
}

function promisedToOthers(dishId: string, tier: "cas" | "redis"): EngineError {
  return new EngineError("OVERLOADED", `The last portions of dish ${dishId} are promised to orders in flight.`, { tier, retryAfterMs: 1_000 });
}

function answerOf(record: TransactionRecord): TryAnswer {
  return {
    txId: record.txId,
    state: record.state,
    lines: record.lines.map(({ dishId, quantity, freezeId }) => ({ dishId, quantity, freezeId })),
    expiresAtMs: record.expiresAtMs,
    replayed: true,
  };
}
