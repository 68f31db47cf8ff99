/**
 * What the API needs of the rest of the process. Small interfaces: a test gives fakes, `server/main.ts` the real ones.
 */
import type { Coupon } from "../contracts/coupons.ts";
import type { Dish, DishesPage, DishesQuery } from "../contracts/dishes.ts";
import type { Scope } from "../contracts/scopes.ts";
import type { Transaction, TransactionsPage, TransactionsQuery } from "../contracts/transactions.ts";
import type { Clock } from "../engine/kernel/clock.ts";
import type {
  CallContext,
  DishRow,
  MoveAnswer,
  StockChangeRequest,
  TryAnswer,
  TryRequest,
} from "../engine/kernel/types.ts";
import type { NewCoupon, NewDish } from "../engine/tiers/tcc/ledger.ts";

/** The part of `Engine` that callers outside reach. Every method rejects with an EngineError. */
export interface ApiEngine {
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

/** Read models over the database. Any rejection means: it does not answer. */
export interface ApiReads {
  dish(dishId: string): Promise<Dish | null>;
  dishes(query: DishesQuery): Promise<DishesPage>;
  dishFace(dishId: string, actionKey: string): Promise<DishFace | null>;
  coupon(couponId: string): Promise<Coupon | null>;
  transaction(txId: string): Promise<Transaction | null>;
  transactions(query: TransactionsQuery): Promise<TransactionsPage>;
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

export interface ApiKeyIdentity {
  keyId: string;
  scopes: readonly Scope[];
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
  keys: ApiKeyVerifier;
  probes: Record<"postgres" | "redis", Probe>;
  config: {
    /** Transactions per second and API key. */
    rateLimitPerSecond: number;
  };
  log: ApiLog;
  clock: Clock;
}

