/**
 * A route as data, and the one way every request goes: trace, key, scope, time, id, body, rate; then one verb; then the
 * answer or the problem. What a route does stands in `routes/`; nothing here knows a dish.
 */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { ErrorCode } from "../contracts/errors.ts";
import { REQUEST_TIMEOUT_MS_MAX } from "../contracts/limits.ts";
import { Id, wholeNumber } from "../contracts/scalars.ts";
import type { Scope } from "../contracts/scopes.ts";
import type { Clock } from "../engine/kernel/clock.ts";
import { Deadline } from "../engine/kernel/deadline.ts";
import type { CallContext } from "../engine/kernel/types.ts";
import { authenticate } from "./auth.ts";
import { type ApiContext, readBody, respond } from "./exchange.ts";
import type { ApiClaims, ApiDependencies, ApiEngine, ApiReads } from "./ports.ts";
import { ApiError, invalid, invalidBy, problemAnswer } from "./problem.ts";
import type { TransactionRate } from "./rate-limit.ts";
import type { ReadinessCheck } from "./readiness.ts";
import { traceIdOf } from "./trace.ts";

export interface Answer {
  status: number;
  body: unknown;
  /** The body, already serialised. */
  text?: string;
  contentType?: string;
  headers?: Record<string, string>;
}

/** What a handler is given. */
export interface Call<P = unknown, Q = unknown, B = unknown> {
  params: P;
  query: Q;
  body: B;
  engine: ApiEngine;
  reads: ApiReads;
  claims: ApiClaims;
  readiness: ReadinessCheck;
  rate: TransactionRate;
  /** The OpenAPI document of all routes, serialised. */
  openApi(): string;
  nowMs: number;
  /** The API key's id; "" on an open route. */
  actor: string;
  /** Unique in the installation: the caller's Idempotency-Key under its API key, or one of ours. */
  actionKey: string;
  /** Whether the caller sent an Idempotency-Key. */
  idempotent: boolean;
  deadline: Deadline;
  /** What the engine is told of the call. */
  context: CallContext;
  /** Gives a read up at the deadline; the work behind it goes on, its answer is dropped. @throws ApiError DEADLINE_EXCEEDED */
  within<T>(read: Promise<T>): Promise<T>;
  /** The problem an error stands for, as an answer: for calls that fail in parts. */
  problem(error: unknown, txId?: string): Answer;
}

export interface RouteSpec<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  method: "GET" | "POST";
  /** With `{name}` for what `params` names. */
  path: `/api/${string}`;
  /** One line for the documentation. */
  summary: string;
  /** Null: open to everybody. */
  scope: Scope | null;
  params?: P;
  query?: Q;
  /** Absent: the body must be empty (or an empty object). */
  body?: B;
  /** Another shape of the body for the documentation, where the handler looks at the parts itself. */
  documentedBody?: z.ZodType;
  bodyOptional?: boolean;
  idempotencyKey?: "required" | "optional";
  /** Transactions it starts, charged before the body is read; a batch charges itself, when it knows its size. */
  transactions?: number;
  answers: Record<number, { description: string; body: z.ZodType }>;
  /** Beside those that any route can give. */
  errors?: readonly ErrorCode[];
  handle(call: Call<z.output<P>, z.output<Q>, z.output<B>>): Answer | Promise<Answer>;
}

export type Route = RouteSpec<z.ZodType, z.ZodType, z.ZodType>;

/** Gives a route's handler the types of its schemas. */
export function route<P extends z.ZodType = z.ZodType, Q extends z.ZodType = z.ZodType, B extends z.ZodType = z.ZodType>(
  spec: RouteSpec<P, Q, B>,
): Route {
  return spec as unknown as Route;
}

export interface Pipeline extends Pick<ApiDependencies, "engine" | "reads" | "claims" | "keys" | "clock"> {
  rate: TransactionRate;
  readiness: ReadinessCheck;
  openApi(): string;
  /** Told of what nobody expected. */
  unexpected(error: unknown, traceId: string, route: string): void;
}

const TimeoutHeader = wholeNumber(1, 999_999_999_999);
const NoBody = z.strictObject({});

/** One request through one route. Never rejects. */
export async function serve(spec: Route, pipeline: Pipeline, c: ApiContext): Promise<Response> {
  const { clock } = pipeline;
  const startedAtMs = clock.monotonicMs();
  const header = (name: string) => c.req.raw.headers.get(name) ?? undefined;
  const traceId = traceIdOf(header("traceparent"));
  let txId: string | undefined;
  const problem = (error: unknown, about?: string) =>
    problemAnswer(error, {
      traceId,
      txId: about ?? txId,
      unexpected: (cause) => pipeline.unexpected(cause, traceId, spec.path),
    });
  let answer: Answer;
  try {
    const key = spec.scope ? await authenticate(pipeline.keys, header("authorization"), spec.scope) : null;
    const deadline = Deadline.after(clock, timeoutMs(header("x-request-timeout-ms")) - (clock.monotonicMs() - startedAtMs));
    const params = spec.params ? parse(spec.params, c.req.param()) : undefined;
    txId = (params as { txId?: string } | undefined)?.txId;
    const query = spec.query ? parse(spec.query, queryOf(c.req.raw.url)) : undefined;
    const idempotencyKey = spec.idempotencyKey ? keyOf(header("idempotency-key"), spec.idempotencyKey) : undefined;
    if (spec.transactions && key) charge(pipeline.rate, key.keyId, spec.transactions);
    const body = spec.method === "POST" ? await parsedBody(spec, c, header("content-type")) : undefined;
    txId ??= (body as { txId?: string } | undefined)?.txId;
    deadline.check("the engine was asked");
    answer = await spec.handle({
      params,
      query,
      body,
      engine: pipeline.engine,
      reads: pipeline.reads,
      claims: pipeline.claims,
      readiness: pipeline.readiness,
      rate: pipeline.rate,
      openApi: pipeline.openApi,
      nowMs: clock.nowMs(),
      actor: key?.keyId ?? "",
      actionKey: `${key?.keyId}:${idempotencyKey ?? randomUUID()}`,
      idempotent: idempotencyKey !== undefined,
      deadline,
      context: { timeoutMs: deadline.remainingMs, traceId, accessMs: clock.monotonicMs() - startedAtMs },
      within: (read) => within(read, deadline, clock),
      problem,
    });
  } catch (error) {
    answer = problem(error);
  }
  return respond(c, answer, traceId);
}

/** @throws ApiError RATE_LIMITED, with the time to wait. */
export function charge(rate: TransactionRate, keyId: string, transactions: number): void {
  const retryAfterMs = rate.take(keyId, transactions);
  if (retryAfterMs > 0) throw new ApiError("RATE_LIMITED", "This API key starts too many transactions a second.", { retryAfterMs });
}

function within<T>(read: Promise<T>, deadline: Deadline, clock: Clock): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.schedule(deadline.remainingMs, () =>
      reject(new ApiError("DEADLINE_EXCEEDED", "The database did not answer in time.")),
    );
    read.finally(() => timer.cancel()).then(resolve, reject);
  });
}

function timeoutMs(header: string | undefined): number {
  if (header === undefined) return REQUEST_TIMEOUT_MS_MAX;
  const parsed = TimeoutHeader.safeParse(header);
  if (!parsed.success) throw invalid("X-Request-Timeout-Ms", "must be a whole number of milliseconds");
  return Math.min(parsed.data, REQUEST_TIMEOUT_MS_MAX);
}

function keyOf(header: string | undefined, need: "required" | "optional"): string | undefined {
  if (header === undefined) {
    if (need === "required") throw invalid("Idempotency-Key", "is required");
    return undefined;
  }
  const parsed = Id.safeParse(header);
  if (!parsed.success) throw invalid("Idempotency-Key", "must be 1 to 64 characters of A-Z a-z 0-9 _ . : -");
  return parsed.data;
}

export function parse<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw invalidBy(parsed.error);
  return parsed.data;
}

/** Without a prototype, so that no name in a query means anything. A name given twice is a mistake, not a list. */
function queryOf(url: string): Record<string, string> {
  const query: Record<string, string> = Object.create(null);
  const start = url.indexOf("?");
  if (start === -1) return query;
  for (const [name, value] of new URLSearchParams(url.slice(start + 1))) {
    if (name in query) throw invalid(name, "is given twice");
    query[name] = value;
  }
  return query;
}

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

async function parsedBody(spec: Route, c: ApiContext, contentType: string | undefined): Promise<unknown> {
  const schema = spec.body ?? NoBody;
  const bytes = await readBody(c);
  if (bytes === null || bytes.length === 0) {
    if (spec.body && !spec.bodyOptional) throw invalid("", "needs a JSON body");
    return parse(schema, {});
  }
  if (contentType !== undefined && !JSON_TYPE.test(contentType)) throw invalid("Content-Type", "must be application/json");
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch {
    throw invalid("", "is not JSON");
  }
  return parse(schema, value);
}
