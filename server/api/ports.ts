/**
 * What the API needs of the rest of the process. Small interfaces: a test gives fakes, `server/main.ts` the real ones.
 */
import type { Coupon } from "../contracts/coupons.ts";
import type { Dish, DishesPage, DishesQuery } from "../contracts/dishes.ts";
import type { Scope } from "../contracts/scopes.ts";
import type { Transaction, TransactionsPage, TransactionsQuery } from "../contracts/transactions.ts";
import type { InstanceView } from "../engine/feed/instances.ts";
import type { Clock } from "../engine/kernel/clock.ts";
import type { Deadline } from "../engine/kernel/deadline.ts";
import type { ParticipantDirectory } from "../engine/kernel/participant-directory.ts";
import type { Trace } from "../engine/kernel/trace-recorder.ts";
import type {
  CallContext,
  DishRow,
  EngineHistograms,
  EngineStats,
  MoveAnswer,
  StockChangeRequest,
  TryAnswer,
  TryRequest,
} from "../engine/kernel/types.ts";
import type { PaymentEvent } from "../engine/payments/payment-ledger.ts";
import type { PaymentCounters } from "../engine/payments/payments.ts";
import type { ContentionProfile } from "../engine/tiers/lock/contention-profile.ts";
import type { Flight, WaitChain } from "../engine/tiers/lock/dish-locks.ts";
import type { NewCoupon, NewDish } from "../engine/tiers/tcc/ledger.ts";
import type { ParticipantState } from "../engine/tiers/tcc/participants.ts";

/** What an engine says of itself. Nothing here waits, but for the trace. */
export interface ApiEngineView {
  readonly instance: string;
  readonly profile: Pick<ContentionProfile, "sampleEvery" | "window">;
  stats(): EngineStats;
  histograms(): EngineHistograms;
  /** Everyone on this stock, this one too. */
  instances(): InstanceView[];
  waitChains(limit: number): WaitChain[];
  suspects(): Flight[];
  /** Every participant that this instance has called. */
  participantStates(): ParticipantState[];
  captureTrace(seconds: number): Promise<Trace>;
  /** In every instance. */
  setSampling(every: number): void;
}

/** The part of `Engine` that callers outside reach. Every verb rejects with an EngineError. */
export interface ApiEngine extends ApiEngineView {
  try(request: TryRequest, call: CallContext): Promise<TryAnswer>;
  confirm(txId: string, call: CallContext): Promise<MoveAnswer>;
  cancel(txId: string, call: CallContext): Promise<MoveAnswer>;
  reverse(txId: string, call: CallContext): Promise<MoveAnswer>;
  change(request: StockChangeRequest, call: CallContext): Promise<DishRow>;
  createDish(dish: NewDish, call: CallContext): Promise<DishRow>;
  createCoupon(coupon: NewCoupon, call: CallContext): Promise<void>;
}

/** What does not come from the engine's row: the words around the stock, and when an action was done. */
export interface DishFace {
  names: Dish["names"];
  priceCents: number;
  /** When the action was done; null when it left no record. */
  doneAtMs: number | null;
}

/** How reads fare without the database. */
export interface FallbackView {
  /** Reads answered from the last snapshot. */
  readonly answered: number;
  /** Dishes that could be answered so. */
  readonly remembered: number;
  readonly circuit: "closed" | "open" | "halfOpen";
}

/** Read models over the database. A rejection means that it does not answer; an EngineError tells of the deadline. */
export interface ApiReads {
  /** `stale` when it comes from a snapshot. */
  dish(dishId: string, deadline: Deadline): Promise<Dish | null>;
  dishes(query: DishesQuery, deadline: Deadline): Promise<DishesPage>;
  dishFace(dishId: string, actionKey: string): Promise<DishFace | null>;
  coupon(couponId: string): Promise<Coupon | null>;
  transaction(txId: string): Promise<Transaction | null>;
  transactions(query: TransactionsQuery): Promise<TransactionsPage>;
  /** Absent: there is no fallback. */
  readonly fallback?: FallbackView;
}

export interface ActionClaim {
  actionKey: string;
  /** 32 hex digits over the request. */
  requestHash: string;
  verb: string;
  actor: string;
}

/** Remembers what an idempotency key was used for, where the effect itself is idempotent already. */
export interface ApiClaims {
  /** Durable when it resolves: true for the first use and for the same request again, false for another request. */
  claim(action: ActionClaim): Promise<boolean>;
}

/** Payment callbacks. */
export interface ApiPayments {
  /** Durable when it resolves. @throws EngineError, and then it has to be sent again. */
  accept(event: PaymentEvent): Promise<{ duplicate: boolean }>;
  /** By source. */
  secrets: ReadonlyMap<string, string>;
  /** For metrics. Absent: they stay at 0. */
  counters?(): PaymentCounters;
}

/** Messages to people outside, by what they were about. */
export interface TellingCounters {
  readonly sent: Readonly<Record<string, number>>;
  readonly failed: Readonly<Record<string, number>>;
}

export interface ApiKeyIdentity {
  keyId: string;
  scopes: readonly Scope[];
  /** Transactions a second; absent: the installation's limit. */
  ratePerSecond?: number | undefined;
}

export interface ApiKeyVerifier {
  /** Null: no such key, or revoked. A promise only when the key list has to be read first; it rejects when that fails. */
  verify(secret: string): ApiKeyIdentity | null | Promise<ApiKeyIdentity | null>;
}

/** Resolves when the dependency answers. May hang: the caller sets the limit. */
export type Probe = () => Promise<unknown>;

export interface ApiLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface ApiDependencies {
  engine: ApiEngine;
  reads: ApiReads;
  claims: ApiClaims;
  payments: ApiPayments;
  /** For metrics: what was told outside. Absent: nobody is told. */
  tellings?(): TellingCounters;
  /** Who may take part in a transaction. */
  directory: Pick<ParticipantDirectory, "resolve">;
  keys: ApiKeyVerifier;
  probes: Record<"postgres" | "redis", Probe>;
  config: {
    /** Transactions per second and API key, where the key has no limit of its own. */
    rateLimitPerSecond: number;
  };
  log: ApiLog;
  clock: Clock;
}

