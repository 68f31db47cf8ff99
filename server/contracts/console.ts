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
/** The time zone that a person chose; absent: the installation's. */
export const TIME_ZONE_COOKIE = "eightysix.zone";

export const THEMES = ["light", "dark", "system"] as const;
export type Theme = (typeof THEMES)[number];

/** A person's own, in every browser. Null: as the browser (language, theme) or the installation (time zone) has it. */
export interface Preferences {
  locale: Locale | null;
  theme: Theme | null;
  timeZone: string | null;
}

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

export const PASSWORD_LENGTH_MIN = 12;
export const PASSWORD_LENGTH_MAX = 128;
export const emailField = z.string().trim().toLowerCase().min(3).max(254);

export const signInSchema = z.strictObject({
  email: emailField,
  password: z.string().min(1).max(PASSWORD_LENGTH_MAX),
});

/** What the sign-in page takes over. */
export interface SignedIn {
  operator: Operator;
  preferences: Preferences;
}

// ---- actions on a transaction ---------------------------------------------------------------------------------------

/** What a person can ask of a transaction by hand; where each is legal: engine/kernel/hand-verbs.ts. Force-end has two people, and words of its own. */
export const MANUAL_VERBS = ["retry", "confirm", "cancel", "reverse"] as const;
export type ManualVerb = (typeof MANUAL_VERBS)[number];

export function isManualVerb(value: unknown): value is ManualVerb {
  return (MANUAL_VERBS as readonly unknown[]).includes(value);
}

export const VERB_ROLES = { retry: "operator", confirm: "operator", cancel: "operator", reverse: "lead", "force-end": "lead" } as const satisfies Record<string, Role>;

/** Whoever moves stock or money says why. */
export const REASONED_VERBS: ReadonlySet<ManualVerb> = new Set(["confirm", "cancel", "reverse"]);

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
  | "UNDER_WAY" // it is decided so, and participants are being told
  | "DECIDED" // it ended, or was decided, the other way
  | "STILL_TRYING"
  | "NOT_ENOUGH_STOCK" // it expired, and its portions are gone
  | "NOTHING_TO_RETRY" // no branch waits for a call
  | "NOT_CONFIRMED" // only a sale can be taken back
  | "NO_TICKET" // nobody has been called to help yet
  | "ROLE";

/** What becomes of one participant's part. */
export interface BranchEffect {
  branchId: string;
  participant: string;
  kind: "local" | "remote";
  from: TransactionState;
  becomes: TransactionState;
  /** The call that a remote participant gets; null: it is done in the commit, or nothing is left to do. */
  call: "confirm" | "cancel" | "reverse" | null;
}

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
  /** Where the transaction ends; with remote branches it is on its way there until each of them has answered. */
  becomes: TransactionState | null;
  lines: LineEffect[];
  coupon: { couponId: string; amountCents: number; becomes: "USED" | "AVAILABLE" } | null;
  branches: BranchEffect[];
  /** The same database clock as every other time here. */
  atMs: number;
}

export interface ActionResult {
  txId: string;
  state: TransactionState;
  /** True when this action key had been used for the same request before. */
  replayed: boolean;
}
