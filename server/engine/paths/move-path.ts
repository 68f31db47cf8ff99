/**
 * MovePath finishes transactions: confirm, cancel, reverse, expire. Each repeats safely: who finds it done hears so.
 * It finds the dishes of a transaction before it asks for their locks, because a batch may only touch what it locked.
 */
import { EngineError, isEngineError } from "../kernel/errors.ts";
import type { Deadline } from "../kernel/deadline.ts";
import { Flights } from "../kernel/flights.ts";
import { canMove, isEnd, isUnfinished, targetOf, VERB_TARGETS, type CancelCause, type TransactionState, type Verb } from "../kernel/states.ts";
import type { MoveAnswer, TransactionRecord } from "../kernel/types.ts";
import type { MoveVerdict } from "../tiers/tcc/ledger.ts";
import { failureOf, notTheLastWord, type BasketKeys, type EngineCore } from "./engine-core.ts";
import { Operation } from "./operation.ts";
import type { RemotePath } from "./remote-path.ts";

/** A transaction's dishes never change, so one new look settles NOT_LOCKED; more means that something else is wrong. */
const LOOKS_MAX = 4;

/** Kept of a caller's time to answer "decided, not done yet". */
const ANSWER_MS = 50;

const NO_KEYS: BasketKeys = { dishIds: [], couponId: null };

export interface MoveCounters {
  confirmed: number;
  cancelled: number;
  expired: number;
  reversed: number;
}

interface Flight {
  /** When it last asked, among all calls of this instance: its answer is true for who arrived before that. */
  asked: number;
  answer: Promise<MoveAnswer>;
}

export class MovePath {
  readonly counters: MoveCounters = { confirmed: 0, cancelled: 0, expired: 0, reversed: 0 };
  private readonly flights = new Flights<Flight>();
  private arrivals = 0;

  constructor(
    private readonly core: EngineCore,
    private readonly remote: RemotePath,
  ) {}

  /**
   * Concurrent callers of one verb on one transaction share one flight. Its answer is true for those who came before it asked:
   * since then the transaction may have moved. That it has come to its end stays true.
   */
  async run(verb: Verb, txId: string, deadline: Deadline, traceId: string, cause: CancelCause | null = null): Promise<MoveAnswer> {
    const key = `${verb} ${txId}`;
    const arrived = ++this.arrivals;
    for (;;) {
      const earlier = this.flights.get(key);
      if (!earlier) return this.lead(key, (flight) => this.fly(flight, verb, txId, deadline, traceId, cause));
      try {
        const answer = await this.core.inTime(earlier.answer, deadline, "an earlier call ended");
        if (earlier.asked > arrived || isEnd(answer.state)) return answer;
      } catch (error) {
        if (earlier.asked > arrived || !isEngineError(error) || error.retryable) throw error;
      }
    }
  }

  private async lead(key: string, fly: (flight: Flight) => Promise<MoveAnswer>): Promise<MoveAnswer> {
    const flight: Flight = { asked: 0, answer: Promise.resolve() as Promise<never> };
    flight.answer = fly(flight);
    this.flights.begin(key, flight);
    try {
      return await flight.answer;
    } finally {
      this.flights.end(key, flight);
    }
  }

  private async fly(flight: Flight, verb: Verb, txId: string, deadline: Deadline, traceId: string, cause: CancelCause | null): Promise<MoveAnswer> {
    const { core } = this;
    const to = VERB_TARGETS[verb];
    let keys = core.baskets.get(txId) ?? null;
    for (let look = 0; look < LOOKS_MAX; look++) {
      deadline.check(`${verb} was decided`);
      if (!keys) {
        flight.asked = ++this.arrivals;
        const record = await core.findTransaction(txId, deadline);
        if (record && !canMove(record.state, targetOf(to, record.remoteBranches))) return judge(verb, record);
        if (!record && verb !== "cancel") throw unknownTransaction(txId);
        keys = record ? keysOf(record) : NO_KEYS; // an unknown txId is cancelled too: the tombstone fences a late Try
      }
      const request = { kind: "move", move: { txId, to, cause } } as const;
      const operation = new Operation(request, keys.dishIds, keys.couponId, deadline, core.clock.monotonicMs());
      flight.asked = ++this.arrivals;
      const outcome = await core.submit(operation);
      if (outcome.kind === "failed" || outcome.kind === "late" || outcome.kind === "short") throw failureOf(outcome);
      if (outcome.kind !== "move") throw new Error(`a ${verb} was answered as a ${outcome.kind}`);
      const answer = await this.answer(outcome.verdict, verb, txId, deadline, traceId).catch((error: unknown) => {
        throw outcome.resent && isEngineError(error) && !error.retryable ? notTheLastWord(error) : error;
      });
      if (answer) return answer;
      keys = null;
    }
    throw new EngineError("OVERLOADED", `Transaction ${txId} kept changing.`, { txId, retryAfterMs: 1_000 });
  }

  /** @returns null when the transaction must be looked at again. */
  private async answer(verdict: MoveVerdict, verb: Verb, txId: string, deadline: Deadline, traceId: string): Promise<MoveAnswer | null> {
    switch (verdict) {
      case "MOVED":
      case "FENCED":
        this.count(verb);
        return { txId, state: VERB_TARGETS[verb] };
      case "DECIDED":
        this.count(verb);
        return { txId, state: await this.tell(txId, targetOf(VERB_TARGETS[verb], 1), deadline, traceId) };
      case "UNKNOWN":
        throw unknownTransaction(txId);
      case "NOT_LOCKED":
        return null;
      case "REFUND_DUE":
      case "NOT_MOVED": {
        const record = await this.core.lookAgain(this.core.findTransaction(txId, deadline));
        if (!record) throw unknownTransaction(txId);
        if (verdict === "REFUND_DUE") throw refundDue(record);
        return judge(verb, record);
      }
    }
  }

  /** Phase two begins at once and goes on without the caller, who hears of its end if it comes in time. */
  private async tell(txId: string, decided: TransactionState, deadline: Deadline, traceId: string): Promise<TransactionState> {
    const told = this.remote.tell(txId, traceId);
    this.remote.track(told);
    const patience = deadline.narrowedTo(Math.max(0, deadline.remainingMs - ANSWER_MS));
    const state = await this.core.watch.race(told, patience, () => new Error("not done in time")).catch(() => null);
    return state ?? decided;
  }

  private count(verb: Verb): void {
    if (verb === "confirm") this.counters.confirmed++;
    else if (verb === "cancel") this.counters.cancelled++;
    else if (verb === "expire") this.counters.expired++;
    else this.counters.reversed++;
  }
}

/** What a verb means to a transaction that it cannot move: done already, or not allowed. */
function judge(verb: Verb, record: TransactionRecord): MoveAnswer {
  const { txId, state, ticketId } = record;
  if (state === VERB_TARGETS[verb] || (isUnfinished(state) && state === targetOf(VERB_TARGETS[verb], 1))) return { txId, state };
  throw new EngineError("ILLEGAL_STATE", `Transaction ${txId} is ${state}: it cannot ${verb}.`, { txId, ticketId: ticketId ?? undefined });
}

function refundDue({ txId, ticketId }: TransactionRecord): EngineError {
  const message = `Transaction ${txId} expired and its portions or coupon are gone: the payment must be returned.`;
  return new EngineError("REFUND_DUE", message, { txId, ticketId: ticketId ?? undefined });
}

function unknownTransaction(txId: string): EngineError {
  return new EngineError("UNKNOWN_TRANSACTION", `There is no transaction ${txId}.`, { txId });
}

function keysOf(record: TransactionRecord): BasketKeys {
  return { dishIds: record.lines.map(({ dishId }) => dishId), couponId: record.couponId };
}
