/**
 * What the console's pages and its own routes (/api/console, /api/auth) say to each other. Plain data, no behaviour.
 * The public API has contracts of its own; nothing here is promised to order services.
 * Quantities are portions; `…AtMs` is since the epoch by the database's clock, which is the only clock the screen follows.
 */
import { z } from "zod";
import { ID_PATTERN, REASON_LENGTH_MAX } from "./limits.ts";
import type { TransactionState as TransactionStates } from "./transactions.ts";

export type TransactionState = z.infer<typeof TransactionStates>;

export const LOCALES = ["en", "zh-CN"] as const;
export type Locale = (typeof LOCALES)[number];
export const LOCALE_COOKIE = "eightysix.locale";

/** A dish's or a store's name in both languages. */
export type Names = Record<Locale, string>;

/** Each role may do what the one before it may. */
export const ROLES = ["viewer", "operator", "lead", "admin"] as const;
export type Role = (typeof ROLES)[number];

export function roleIncludes(held: Role, needed: Role): boolean {
  return ROLES.indexOf(held) >= ROLES.indexOf(needed);
}

export interface Operator {
  operatorId: string;
  name: string;
  email: string;
  role: Role;
}

// ---- sign-in --------------------------------------------------------------------------------------------------------

export const signInSchema = z.strictObject({
  email: z.string().trim().toLowerCase().min(3).max(254),
  password: z.string().min(1).max(128),
});

// ---- actions on a transaction ---------------------------------------------------------------------------------------

/** What an operator can ask of a pending transaction by hand. */
export const MANUAL_VERBS = ["confirm", "cancel"] as const;
export type ManualVerb = (typeof MANUAL_VERBS)[number];

export const manualActionSchema = z.strictObject({
  /** Or in the Idempotency-Key header. */
  actionKey: z.string().regex(ID_PATTERN).optional(),
  reason: z.string().trim().max(REASON_LENGTH_MAX).optional(),
});

/** Where portions of one line go. `before` is the dish as it is now, `after` as the action alone would leave it. */
export interface LineEffect {
  dishId: string;
  names: Names;
  quantity: number;
  before: { available: number; frozen: number; sold: number } | null;
  after: { available: number; frozen: number; sold: number } | null;
}

/** Why an action is not possible; each has a sentence in messages/. */
export type IllegalBecause =
  | "UNKNOWN_TRANSACTION"
  | "ALREADY_DONE" // it is in the state the verb leads to
  | "DECIDED" // it ended, or was decided, the other way
  | "STILL_TRYING"
  | "NOT_ENOUGH_STOCK" // it expired, and its portions are gone
  | "ROLE";

export interface ActionPreview {
  txId: string;
  verb: ManualVerb;
  legal: boolean;
  because: IllegalBecause | null;
  transaction: {
    state: TransactionState;
    storeId: string;
    storeNames: Names;
    orderId: string;
    createdAtMs: number;
    expiresAtMs: number;
    amountCents: number;
  } | null;
  lines: LineEffect[];
  coupon: { couponId: string; amountCents: number; becomes: "USED" | "AVAILABLE" } | null;
  /** The same database clock as every other time here. */
  atMs: number;
}

export interface ActionResult {
  txId: string;
  state: TransactionState;
  /** True when this action key had been used for the same request before. */
  replayed: boolean;
}
