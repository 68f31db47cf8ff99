/**
 * The one way every request goes: trace, key, scope, time, id, rate, body; then the route's verb; then the answer or the
 * problem. Nothing here knows a dish. It makes no closures on the way: this runs thousands of times a second.
 */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { REQUEST_TIMEOUT_MS_MAX } from "../contracts/limits.ts";
import { Id, wholeNumber } from "../contracts/scalars.ts";
import { Deadline } from "../engine/kernel/deadline.ts";
import { isEngineError } from "../engine/kernel/errors.ts";
import { authenticate } from "./auth.ts";
import { type ApiContext, readBody, respond } from "./exchange.ts";
import type { ApiDependencies } from "./ports.ts";
import { ApiError, invalid, invalidBy, problemAnswer } from "./problem.ts";
import type { TransactionRate } from "./rate-limit.ts";
import type { Answer, Call, Route } from "./route.ts";
import { traceIdOf } from "./trace.ts";

/** What all calls share. */
export interface Pipeline
  extends Pick<ApiDependencies, "engine" | "reads" | "claims" | "payments" | "directory" | "keys" | "clock">,
    Pick<Call, "rate" | "readiness" | "requests" | "metrics" | "traces" | "openApi" | "unexpected"> {}

const TimeoutHeader = wholeNumber(1, 999_999_999_999);
const NoBody = z.strictObject({});

/** One request through one route. Never rejects. */
export async function serve(spec: Route, pipeline: Pipeline, c: ApiContext): Promise<Response> {
  const { clock } = pipeline;
  const startedAtMs = clock.monotonicMs();
  const traceId = traceIdOf(header(c, "traceparent"));
  let txId: string | undefined;
  let answer: Answer;
  try {
    const key = spec.scope ? await authenticate(pipeline.keys, header(c, "authorization"), spec.scope) : null;
    const deadline = Deadline.after(clock, timeoutMs(header(c, "x-request-timeout-ms")) - (clock.monotonicMs() - startedAtMs));
    const params = spec.params ? parse(spec.params, c.req.param()) : undefined;
    txId = (params as { txId?: string } | undefined)?.txId;
    const query = spec.query ? parse(spec.query, queryOf(c.req.raw.url)) : undefined;
    const idempotencyKey = spec.idempotencyKey ? keyOf(header(c, "idempotency-key"), spec.idempotencyKey) : undefined;
    if (spec.transactions && key) charge(pipeline.rate, key.keyId, spec.transactions, key.ratePerSecond);
    const bytes = spec.method === "POST" ? await readBody(c, deadline.remainingMs) : null;
    const body = spec.method === "POST" ? parsedBody(spec, c, bytes) : undefined;
    txId ??= (body as { txId?: string } | undefined)?.txId;
    deadline.check("the engine was asked");
    answer = await spec.handle({
      params,
      query,
      body,
      bytes: spec.signed ? bytes : null,
      signature: spec.signed ? header(c, "x-signature") : undefined,
      engine: pipeline.engine,
      reads: pipeline.reads,
      claims: pipeline.claims,
      payments: pipeline.payments,
      directory: pipeline.directory,
      readiness: pipeline.readiness,
      rate: pipeline.rate,
      requests: pipeline.requests,
      metrics: pipeline.metrics,
      traces: pipeline.traces,
      openApi: pipeline.openApi,
      actor: key?.keyId ?? "",
      ratePerSecond: key?.ratePerSecond,
      actionKey: spec.idempotencyKey ? `${key?.keyId}:${idempotencyKey ?? randomUUID()}` : "",
      idempotent: idempotencyKey !== undefined,
      clock,
      deadline,
      context: { timeoutMs: deadline.remainingMs, traceId, accessMs: clock.monotonicMs() - startedAtMs },
      route: spec.path,
      unexpected: pipeline.unexpected,
    });
  } catch (error) {
    if (spec.isTry) pipeline.requests.refused(error);
    answer = problemAnswer(error, { traceId, txId, route: spec.path, mayHaveWritten: spec.method !== "GET", unexpected: pipeline.unexpected });
  }
  pipeline.requests.saw(spec, answer.status, clock.monotonicMs() - startedAtMs);
  return respond(c, answer, traceId);
}

function header(c: ApiContext, name: string): string | undefined {
  return c.req.raw.headers.get(name) ?? undefined;
}

/** The problem an error stands for, as an answer: for Trys that fail as a part of a call. */
export function problemOf(call: Call, error: unknown, txId: string | undefined): Answer {
  call.requests.refused(error);
  return problemAnswer(error, { traceId: call.context.traceId, txId, route: call.route, mayHaveWritten: true, unexpected: call.unexpected });
}

/**
 * A read, given up at the deadline; the work behind it goes on, its answer is dropped.
 * @throws ApiError DEADLINE_EXCEEDED, or UNAVAILABLE when the read failed; what the read itself says of time is passed on.
 */
export function within<T>(call: Call, read: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = call.clock.schedule(call.deadline.remainingMs, () =>
      reject(new ApiError("DEADLINE_EXCEEDED", "The database did not answer in time.")),
    );
    read.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (error: unknown) => {
        timer.cancel();
        if (isEngineError(error)) return reject(error);
        call.unexpected(error, call.context.traceId, call.route);
        reject(new ApiError("UNAVAILABLE", "The database does not answer."));
      },
    );
  });
}

/** @throws ApiError RATE_LIMITED, with the time to wait. */
export function charge(rate: TransactionRate, keyId: string, transactions: number, perSecond?: number): void {
  const retryAfterMs = rate.take(keyId, transactions, perSecond);
  if (retryAfterMs > 0) throw new ApiError("RATE_LIMITED", "This API key starts too many transactions a second.", { retryAfterMs });
}

function timeoutMs(sent: string | undefined): number {
  if (sent === undefined) return REQUEST_TIMEOUT_MS_MAX;
  const parsed = TimeoutHeader.safeParse(sent);
  if (!parsed.success) throw invalid("X-Request-Timeout-Ms", "must be a whole number of milliseconds");
  return Math.min(parsed.data, REQUEST_TIMEOUT_MS_MAX);
}

function keyOf(sent: string | undefined, need: "required" | "optional"): string | undefined {
  if (sent === undefined) {
    if (need === "required") throw invalid("Idempotency-Key", "is required");
    return undefined;
  }
  const parsed = Id.safeParse(sent);
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

function parsedBody(spec: Route, c: ApiContext, bytes: Buffer | null): unknown {
  const schema = spec.body ?? NoBody;
  if (bytes === null || bytes.length === 0) {
    if (spec.body && !spec.bodyOptional) throw invalid("", "needs a JSON body");
    return parse(schema, {});
  }
  const contentType = header(c, "content-type");
  if (contentType !== undefined && !JSON_TYPE.test(contentType)) throw invalid("Content-Type", "must be application/json");
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch {
    throw invalid("", "is not JSON");
  }
  return parse(schema, value);
}
