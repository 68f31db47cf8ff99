/**
 * A route as data: what it takes, what it answers, and the one verb it calls. What every request goes through on its way is
 * `serve.ts`; what each route does stands in `routes/`.
 */
import type { z } from "zod";
import type { ErrorCode } from "../contracts/errors.ts";
import type { Scope } from "../contracts/scopes.ts";
import type { Clock } from "../engine/kernel/clock.ts";
import type { Deadline } from "../engine/kernel/deadline.ts";
import type { CallContext } from "../engine/kernel/types.ts";
import type { ApiClaims, ApiDependencies, ApiEngine, ApiPayments, ApiReads } from "./ports.ts";
import type { TransactionRate } from "./rate-limit.ts";
import type { ReadinessCheck } from "./readiness.ts";
import type { RequestTimes } from "./request-times.ts";
import type { TraceFile } from "./exports/trace-file.ts";

export interface Answer {
  status: number;
  body: unknown;
  /** The body, already serialised: as text, or as bytes. */
  text?: string;
  bytes?: Uint8Array<ArrayBuffer>;
  contentType?: string;
  headers?: Record<string, string>;
}

/** What a handler is given. */
export interface Call<P = unknown, Q = unknown, B = unknown> {
  params: P;
  query: Q;
  body: B;
  /** The body as it was sent, and what X-Signature says of it; on routes that say `signed`. */
  bytes: Uint8Array | null;
  signature: string | undefined;
  engine: ApiEngine;
  reads: ApiReads;
  claims: ApiClaims;
  payments: ApiPayments;
  directory: ApiDependencies["directory"];
  readiness: ReadinessCheck;
  rate: TransactionRate;
  /** Told how requests fare. */
  requests: RequestTimes;
  /** This process' metrics, as Prometheus text. */
  metrics(): Promise<string>;
  traces: TraceFile;
  /** The OpenAPI document of all routes, serialised. */
  openApi(): string;
  /** The API key's id; "" on an open route. */
  actor: string;
  /** Transactions a second that this key may start; absent: the usual limit. */
  ratePerSecond: number | undefined;
  /** Unique in the installation: the caller's Idempotency-Key under its API key, or one of ours. */
  actionKey: string;
  /** Whether the caller sent an Idempotency-Key. */
  idempotent: boolean;
  clock: Clock;
  deadline: Deadline;
  /** What the engine is told of the call. */
  context: CallContext;
  /** The route's path, for reports. */
  route: string;
  /** Told of what nobody expected. */
  unexpected(error: unknown, traceId: string, route: string): void;
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
  /** Whoever sends it may have to sign the bytes of its body. */
  signed?: true;
  idempotencyKey?: "required" | "optional";
  /** Transactions it starts, charged before the body is read; a batch charges itself, when it knows its size. */
  transactions?: number;
  /** What it refuses counts as refused Trys. */
  isTry?: true;
  /** JSON, unless `contentType` says otherwise. */
  answers: Record<number, { description: string; body: z.ZodType; contentType?: string }>;
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
