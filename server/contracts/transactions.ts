/**
 * Transactions on the wire. A line's dishes may repeat in a request; in an answer they are merged.
 */
import { z } from "zod";
import { BATCH_TRANSACTIONS_MAX, LINES_MAX, PARTICIPANTS_MAX, TTL_SECONDS_DEFAULT, TTL_SECONDS_MAX } from "./limits.ts";
import { Id, Instant, NextCursor, PageQuery, Quantity, Search, wholeNumber } from "./scalars.ts";

export const TransactionState = z.enum([
  "TRYING",
  "RESERVED",
  "CONFIRMING",
  "CONFIRMED",
  "CANCELLING",
  "CANCELLED",
  "EXPIRED",
  "REVERSING",
  "REVERSED",
]);

export const CancelCause = z.enum(["REQUESTED", "EXPIRED", "FAILED"]).describe("Why the transaction was cancelled.");

export const TxIdParams = z.strictObject({ txId: Id });

const ParticipantUrl = z.url({ protocol: /^https?$/ }).max(2_000);
/** A participant named in the configuration, or given by its three URLs. Its `body` is passed on as it is. */
export const Participant = z.union(
  [
    z.strictObject({ name: Id, body: z.unknown().optional() }),
    z.strictObject({ tryUrl: ParticipantUrl, confirmUrl: ParticipantUrl, cancelUrl: ParticipantUrl, body: z.unknown().optional() }),
  ],
  { error: "must be {name, body?} or {tryUrl, confirmUrl, cancelUrl, body?} with http or https URLs" },
);

export const TryBody = z.strictObject({
  txId: Id,
  storeId: Id,
  lines: z
    .array(z.strictObject({ dishId: Id, quantity: Quantity }))
    .min(1)
    .max(LINES_MAX),
  couponId: Id.nullish(),
  orderId: Id.nullish().describe("`txId` when absent."),
  ttlSeconds: z.int().min(1).max(TTL_SECONDS_MAX).default(TTL_SECONDS_DEFAULT),
  participants: z.array(Participant).max(PARTICIPANTS_MAX).optional(),
});
export type TryBody = z.output<typeof TryBody>;

/** Items are looked at one by one: a malformed one gets its own 400 and spoils no other. */
export const BatchBody = z.strictObject({ transactions: z.array(z.unknown()).min(1).max(BATCH_TRANSACTIONS_MAX) });

const ReservedLine = z.object({
  dishId: Id,
  quantity: z.int().min(1).describe("Portions, lines of one dish added up."),
  freezeId: z.string(),
});

export const TryAnswer = z.object({
  txId: Id,
  state: TransactionState,
  lines: z.array(ReservedLine),
  expiresAt: Instant,
});
export type TryAnswer = z.infer<typeof TryAnswer>;

export const MoveAnswer = z.object({ txId: Id, state: TransactionState });
export type MoveAnswer = z.infer<typeof MoveAnswer>;

const Branch = z.object({
  branchId: z.string(),
  participant: z.string(),
  kind: z.enum(["local", "remote"]),
  state: TransactionState,
  attempts: z.int().min(0).describe("Number of its latest call in this state; 0 for local branches, which need none."),
  lastError: z.string().nullable(),
  nextAttemptAt: Instant.nullable(),
});

const Attempt = z.object({
  branchId: z.string(),
  operation: z.enum(["try", "confirm", "cancel", "reverse"]),
  at: Instant,
  durationMs: z.number(),
  outcome: z.string(),
  httpStatus: z.int().nullable(),
  errorClass: z.string().nullable(),
});

const Stages = z
  .object({
    accessMs: z.number().nullable(),
    casMs: z.number().nullable(),
    lockMs: z.number().nullable(),
    redisMs: z.number().nullable(),
    ledgerMs: z.number().nullable(),
  })
  .describe("Where the Try's time went.");

export const Transaction = z.object({
  txId: Id,
  storeId: Id.nullable().describe("Null for the fence of a cancel that came before its Try."),
  orderId: Id.nullable(),
  couponId: Id.nullable(),
  state: TransactionState,
  cause: CancelCause.nullable(),
  lines: z.array(ReservedLine.extend({ state: TransactionState })),
  branches: z.array(Branch),
  attempts: z.array(Attempt),
  ticketId: z.string().nullable(),
  createdAt: Instant,
  updatedAt: Instant,
  expiresAt: Instant,
  traceId: z.string().nullable(),
  stages: Stages,
});
export type Transaction = z.infer<typeof Transaction>;

export const TransactionsQuery = z.strictObject({
  state: z
    .string()
    .transform((states) => states.split(","))
    .pipe(z.array(TransactionState).min(1).max(TransactionState.options.length))
    .optional()
    .describe("One state, or several with commas."),
  storeId: Id.optional(),
  dishId: Id.optional(),
  orderId: Id.optional(),
  q: Search.optional().describe("Part of a txId, orderId or couponId."),
  minAgeSeconds: wholeNumber(0, 999_999_999).optional(),
  minAttempts: wholeNumber(0, 999_999).optional(),
  cause: CancelCause.optional(),
  fingerprint: z
    .string()
    .regex(/^[A-Za-z0-9_.:/[\]-]{1,300}$/)
    .optional()
    .describe("Of a group of failures: participant/operation/error class. Finds what is still undone."),
  ...PageQuery,
});
export type TransactionsQuery = z.output<typeof TransactionsQuery>;

export const TransactionsPage = z.object({ transactions: z.array(Transaction), nextCursor: NextCursor });
export type TransactionsPage = z.infer<typeof TransactionsPage>;
