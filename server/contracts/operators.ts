/**
 * What the page /operators and its routes say to each other: people who sign in, and the API keys of programs. Plain data.
 */
import { z } from "zod";
import { emailField, ROLES, type Role } from "./console.ts";
import { ID_PATTERN, REASON_LENGTH_MAX } from "./limits.ts";
import { SCOPES, type Scope } from "./scopes.ts";

const actionKey = z.string().regex(ID_PATTERN).optional();
/** Why: whoever reads the audit in a year was not there. */
const reason = z.string().trim().max(REASON_LENGTH_MAX).optional();
const name = z.string().trim().min(1).max(80);

/** Far above what one instance serves; a rate is there to protect the others. */
export const KEY_RATE_MAX = 100_000;

export const createOperatorSchema = z.strictObject({ actionKey, name, email: emailField.regex(/^[^\s@]+@[^\s@]+$/), role: z.enum(ROLES), reason });
export const setRoleSchema = z.strictObject({ actionKey, role: z.enum(ROLES), reason });
export const operatorVerbSchema = z.strictObject({ actionKey, reason });
export const OPERATOR_VERBS = ["disable", "enable", "reset-password"] as const;
export type OperatorVerb = (typeof OPERATOR_VERBS)[number];

export const createKeySchema = z.strictObject({
  actionKey,
  name,
  scopes: z.array(z.enum(SCOPES)).min(1).max(SCOPES.length).transform((scopes) => SCOPES.filter((scope) => scopes.includes(scope))),
  ratePerSecond: z.int().min(1).max(KEY_RATE_MAX).nullish(),
  reason,
});
export const keyVerbSchema = z.strictObject({ actionKey, reason });
export const KEY_VERBS = ["rotate", "revoke"] as const;
export type KeyVerb = (typeof KEY_VERBS)[number];

export interface OperatorRow {
  operatorId: string;
  name: string;
  email: string;
  role: Role;
  disabledAtMs: number | null;
  createdAtMs: number;
  /** Browsers that are signed in. */
  sessions: number;
  /** Open tickets that this person has. */
  tickets: number;
  /** Lists of transactions that go on in this person's name. */
  bulks: number;
  /** The latest sign-in or renewal that still stands; null: none does. */
  seenAtMs: number | null;
}

export interface KeyRow {
  keyId: string;
  name: string;
  scopes: Scope[];
  /** Null: the installation's usual limit. */
  ratePerSecond: number | null;
  createdAtMs: number;
  revokedAtMs: number | null;
  /** To the minute. */
  lastUsedAtMs: number | null;
}

export interface OperatorsPage {
  atMs: number;
  operators: OperatorRow[];
  keys: KeyRow[];
  /** RATE_LIMIT_PER_SECOND. */
  usualRatePerSecond: number;
}

export interface OperatorResult {
  operatorId: string;
  /** Shown once. Null: nothing new was made, or this action key had made it before. */
  password: string | null;
  replayed: boolean;
}

export interface KeyResult {
  keyId: string;
  /** As `password`. */
  secret: string | null;
  replayed: boolean;
}
