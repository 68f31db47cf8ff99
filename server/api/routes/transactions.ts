/**
 * Transactions: Try, Confirm, Cancel, Reverse, and looking at them. Stock is the engine's; nothing is decided here.
 */
import { z } from "zod";
import { BATCH_TRANSACTIONS_MAX } from "../../contracts/limits.ts";
import { Problem } from "../../contracts/errors.ts";
import {
  BatchBody,
  MoveAnswer,
  Transaction,
  TransactionsPage,
  TransactionsQuery,
  TryAnswer,
  TryBody,
  TxIdParams,
} from "../../contracts/transactions.ts";
import { fingerprint, mergeLines } from "../../engine/kernel/basket.ts";
import type { MoveAnswer as EngineMove, RemoteBranch, TryRequest } from "../../engine/kernel/types.ts";
import { ApiError, invalid } from "../problem.ts";
import { type Answer, type Call, route } from "../route.ts";
import { charge, parse, problemOf, within } from "../serve.ts";

const TRY_ERRORS = [
  "UNKNOWN_DISH",
  "UNKNOWN_COUPON",
  "SOLD_OUT",
  "DISH_PAUSED",
  "COUPON_UNAVAILABLE",
  "ORDER_CONFLICT",
  "LATE_TRY",
  "IN_PROGRESS",
  "PARTICIPANT_REFUSED",
  "PARTICIPANT_UNAVAILABLE",
  "IDEMPOTENCY_MISMATCH",
  "RATE_LIMITED",
] as const;

export const tryTransaction = route({
  method: "POST",
  path: "/api/v1/transactions",
  summary: "Try: freeze every line of a basket, its coupon and its order, or none.",
  scope: "orders",
  transactions: 1,
  isTry: true,
  body: TryBody,
  answers: {
    201: { description: "Reserved.", body: TryAnswer },
    200: { description: "A replay: the first answer, with the state as it is now.", body: TryAnswer },
  },
  errors: TRY_ERRORS,
  handle: (call) => tryOne(call, call.body),
});

export const tryBatch = route({
  method: "POST",
  path: "/api/v1/transactions/batch",
  summary: `Try up to ${BATCH_TRANSACTIONS_MAX} baskets at once. Each is answered for itself, in order.`,
  scope: "orders",
  idempotencyKey: "optional",
  isTry: true,
  body: BatchBody,
  documentedBody: z.strictObject({ transactions: z.array(TryBody).min(1).max(BATCH_TRANSACTIONS_MAX) }),
  answers: {
    207: {
      description: "What each would have been answered alone.",
      body: z.object({ results: z.array(z.object({ status: z.int(), body: z.union([TryAnswer, Problem]) })) }),
    },
  },
  errors: ["IDEMPOTENCY_MISMATCH", "RATE_LIMITED"],
  async handle(call) {
    const { transactions } = call.body;
    charge(call.rate, call.actor, transactions.length, call.ratePerSecond);
    const items = transactions.map((raw) => ({ raw, parsed: TryBody.safeParse(raw) }));
    if (call.idempotent) {
      const request = JSON.stringify(items.map(({ raw, parsed }) => parsed.data ?? raw));
      const action = { actionKey: call.actionKey, requestHash: fingerprint([request]), verb: "BATCH", actor: call.actor };
      if (!(await within(call, call.claims.claim(action)))) {
        throw new ApiError("IDEMPOTENCY_MISMATCH", "This Idempotency-Key was used for another batch.");
      }
    }
    const results = await Promise.all(
      items.map(async ({ raw, parsed }) => {
        const answer = await Promise.resolve()
          .then(() => tryOne(call, parsed.data ?? parse(TryBody, raw)))
          .catch((error: unknown) => problemOf(call, error, parsed.data?.txId));
        return { status: answer.status, body: answer.body };
      }),
    );
    return { status: 207, body: { results } };
  },
});

async function tryOne({ engine, context, directory }: Call, body: TryBody): Promise<Answer> {
  const { txId, state, lines, expiresAtMs, replayed } = await engine.try(requestOf(body, directory), context);
  const answer: TryAnswer = { txId, state, lines, expiresAt: new Date(expiresAtMs).toISOString() };
  return { status: replayed ? 200 : 201, body: answer };
}

function requestOf({ txId, storeId, lines, orderId, couponId, ttlSeconds, participants = [] }: TryBody, directory: Call["directory"]): TryRequest {
  const request = { txId, storeId, lines: mergeLines(lines), orderId: orderId ?? txId, couponId: couponId ?? null, ttlSeconds };
  return participants.length === 0 ? request : { ...request, participants: branchesOf(participants, directory) };
}

function branchesOf(wanted: NonNullable<TryBody["participants"]>, directory: Call["directory"]): RemoteBranch[] {
  const resolution = directory.resolve(wanted);
  if (!resolution.ok) throw invalid(resolution.errors);
  return resolution.participants.map(({ name, tryUrl, confirmUrl, cancelUrl }, index) => {
    const body = wanted[index]?.body ?? null;
    // Postgres stores no such character, neither in a text nor in JSON.
    if (JSON.stringify(body).includes("\\u0000")) throw invalid(`participants.${index}.body`, "must not contain the character U+0000");
    return { participant: name, tryUrl, confirmUrl, cancelUrl, body };
  });
}

const MOVE_ERRORS = ["UNKNOWN_TRANSACTION", "ILLEGAL_STATE", "IN_PROGRESS"] as const;

export const confirmTransaction = route({
  method: "POST",
  path: "/api/v1/transactions/{txId}/confirm",
  summary: "Confirm: the order is paid. An expired one reserves again, or gets a refund ticket.",
  scope: "orders",
  params: TxIdParams,
  answers: moveAnswers("CONFIRMED", "CONFIRMING"),
  errors: [...MOVE_ERRORS, "REFUND_DUE"],
  handle: async ({ engine, params, context }) => moved(await engine.confirm(params.txId, context)),
});

export const cancelTransaction = route({
  method: "POST",
  path: "/api/v1/transactions/{txId}/cancel",
  summary: "Cancel: give the portions back. An unknown txId is fenced, so that a late Try reserves nothing.",
  scope: "orders",
  params: TxIdParams,
  answers: moveAnswers("CANCELLED", "CANCELLING"),
  errors: MOVE_ERRORS,
  handle: async ({ engine, params, context }) => moved(await engine.cancel(params.txId, context)),
});

export const reverseTransaction = route({
  method: "POST",
  path: "/api/v1/transactions/{txId}/reverse",
  summary: "Reverse a confirmed transaction: refund and release.",
  scope: "orders",
  params: TxIdParams,
  answers: moveAnswers("REVERSED", "REVERSING"),
  errors: MOVE_ERRORS,
  handle: async ({ engine, params, context }) => moved(await engine.reverse(params.txId, context)),
});

function moveAnswers(done: string, underWay: string) {
  return {
    200: { description: `${done}, now or by an earlier call.`, body: MoveAnswer },
    202: { description: `${underWay}: decided; a remote branch is not done yet.`, body: MoveAnswer },
  };
}

function moved({ txId, state }: EngineMove): Answer {
  const answer: MoveAnswer = { txId, state };
  return { status: state.endsWith("ING") ? 202 : 200, body: answer };
}

export const getTransaction = route({
  method: "GET",
  path: "/api/v1/transactions/{txId}",
  summary: "One transaction with its branches and attempts.",
  scope: "orders",
  params: TxIdParams,
  answers: { 200: { description: "The transaction.", body: Transaction } },
  errors: ["UNKNOWN_TRANSACTION"],
  async handle(call) {
    const { txId } = call.params;
    const transaction = await within(call, call.reads.transaction(txId));
    if (!transaction) throw new ApiError("UNKNOWN_TRANSACTION", `There is no transaction ${txId}.`);
    return { status: 200, body: transaction };
  },
});

export const listTransactions = route({
  method: "GET",
  path: "/api/v1/transactions",
  summary: "Transactions, newest first.",
  scope: "orders",
  query: TransactionsQuery,
  answers: { 200: { description: "One page.", body: TransactionsPage } },
  handle: async (call) => ({ status: 200, body: await within(call, call.reads.transactions(call.query)) }),
});

export const TRANSACTION_ROUTES = [
  tryTransaction,
  tryBatch,
  confirmTransaction,
  cancelTransaction,
  reverseTransaction,
  getTransaction,
  listTransactions,
];
