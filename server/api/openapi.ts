/**
 * The OpenAPI 3.1 document, made from the route table and the same schemas that check requests: it cannot disagree with
 * them. What a code means in words stands in `docs/api.md`.
 */
import { z } from "zod";
import { Coupon, NewCouponBody } from "../contracts/coupons.ts";
import { Dish, DishesPage, NewDishBody, QuantityBody, ReasonBody } from "../contracts/dishes.ts";
import { ERRORS, type ErrorCode, FieldError, Problem } from "../contracts/errors.ts";
import { REQUEST_TIMEOUT_MS_MAX } from "../contracts/limits.ts";
import { Health, Readiness } from "../contracts/operating.ts";
import { SIGNATURE_PATTERN } from "../contracts/payments.ts";
import { Id } from "../contracts/scalars.ts";
import { MoveAnswer, Participant, Transaction, TransactionsPage, TransactionState, TryAnswer, TryBody } from "../contracts/transactions.ts";
import type { Route } from "./route.ts";

/** Schemas with a name of their own under `components`; all others stand where they are used. */
const NAMED: Record<string, z.ZodType> = {
  Id,
  Coupon,
  NewCouponBody,
  Dish,
  DishesPage,
  NewDishBody,
  QuantityBody,
  ReasonBody,
  FieldError,
  Problem,
  Health,
  Readiness,
  TryBody,
  TryAnswer,
  MoveAnswer,
  Participant,
  Transaction,
  TransactionState,
  TransactionsPage,
};

type Json = Record<string, unknown>;

export function openApiDocument(routes: readonly Route[]): Json {
  const schemas = new Components();
  const paths: Record<string, Json> = {};
  for (const spec of routes) {
    const operations = (paths[spec.path] ??= {});
    operations[spec.method.toLowerCase()] = operation(spec, schemas);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Eightysix",
      version: "1",
      description: "Stock deduction for food delivery: Try, Confirm, Cancel. Errors are problem details (RFC 9457) with a `code`.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    security: [{ bearer: [] }, { basic: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "An API key." },
        basic: { type: "http", scheme: "basic", description: "An API key as the password; any user name." },
      },
      headers: { TraceId: TRACE_HEADER, RetryAfter: RETRY_HEADER },
      parameters: { Traceparent: TRACEPARENT, TimeoutMs: TIMEOUT_MS },
      schemas: schemas.all(),
    },
  };
}

function operation(spec: Route, schemas: Components): Json {
  const codes = codesOf(spec);
  const responses: Record<string, Json> = {};
  for (const [status, { description, body, contentType = "application/json" }] of Object.entries(spec.answers)) {
    responses[status] = { description, headers: HEADERS, content: { [mediaTypeOf(contentType)]: { schema: schemas.of(body, "output") } } };
  }
  for (const status of new Set(codes.map((code) => ERRORS[code].status))) {
    const here = codes.filter((code) => ERRORS[code].status === status);
    const problem = {
      allOf: [schemas.of(Problem, "output"), { type: "object", properties: { code: { enum: here } } }],
    };
    const known = responses[status] as { description: string; content: Json } | undefined;
    const content = { ...known?.content, "application/problem+json": { schema: problem } };
    const words = here.map((code) => `${code}: ${ERRORS[code].title}.`).join(" ");
    responses[status] = {
      description: known ? `${known.description} ${words}` : words,
      headers: status === 429 || status === 503 ? HEADERS_LATER : HEADERS,
      content,
    };
  }
  const described: Json = {
    operationId: operationId(spec),
    summary: spec.summary,
    parameters: parametersOf(spec, schemas),
    responses,
  };
  if (spec.scope === null) described.security = [];
  else {
    described["x-scope"] = spec.scope;
    described.description = `Needs the scope \`${spec.scope}\`.`;
  }
  const body = spec.documentedBody ?? spec.body;
  if (body) {
    described.requestBody = { required: !spec.bodyOptional, content: { "application/json": { schema: schemas.of(body, "input") } } };
  }
  return described;
}

/** Without its parameters. */
function mediaTypeOf(contentType: string): string {
  return contentType.split(";")[0] as string;
}

const TRACE_HEADER = { description: "The trace id of this request.", schema: { type: "string" } };
const RETRY_HEADER = { description: "Seconds to wait.", schema: { type: "integer", minimum: 1 } };
const HEADERS = { "X-Trace-Id": { $ref: "#/components/headers/TraceId" } };
const HEADERS_LATER = { ...HEADERS, "Retry-After": { $ref: "#/components/headers/RetryAfter" } };

const TRACEPARENT = {
  name: "traceparent",
  in: "header",
  required: false,
  description: "W3C trace context: taken up and passed on.",
  schema: { type: "string" },
};
const TIMEOUT_MS = {
  name: "X-Request-Timeout-Ms",
  in: "header",
  required: false,
  description: `What the caller has left, in milliseconds; the lesser of it and ${REQUEST_TIMEOUT_MS_MAX} counts.`,
  schema: { type: "integer", minimum: 1 },
};

/** What any route with a key can answer, beside its own errors. An open one only meets what it names. */
function codesOf({ scope, errors = [] }: Route): ErrorCode[] {
  if (scope === null) return [...errors];
  const everywhere: ErrorCode[] = ["VALIDATION", "UNAUTHENTICATED", "FORBIDDEN", "BODY_TOO_LARGE", "UNAVAILABLE", "OVERLOADED", "DEADLINE_EXCEEDED"];
  return [...new Set([...everywhere, ...errors])].sort((a, b) => ERRORS[a].status - ERRORS[b].status);
}

function parametersOf(spec: Route, schemas: Components): Json[] {
  const parameters: Json[] = [];
  for (const [place, schema] of [["path", spec.params], ["query", spec.query]] as const) {
    if (!(schema instanceof z.ZodObject)) continue;
    for (const [name, field] of Object.entries(schema.shape as Record<string, z.ZodType>)) {
      const { description, ...rest } = schemas.of(field, "input") as Json;
      const required = place === "path";
      parameters.push({ name, in: place, required, ...(description ? { description } : {}), schema: rest });
    }
  }
  if (spec.idempotencyKey) {
    parameters.push({
      name: "Idempotency-Key",
      in: "header",
      required: spec.idempotencyKey === "required",
      description: "The same key with the same request answers as the first time and does nothing again; with another request: 422.",
      schema: schemas.of(Id, "input"),
    });
  }
  if (spec.signed) {
    parameters.push({
      name: "X-Signature",
      in: "header",
      required: false,
      description: "sha256= and the HMAC-SHA256 of the body's bytes in hexadecimal. Required of a source that has a secret here.",
      schema: { type: "string", pattern: SIGNATURE_PATTERN.source },
    });
  }
  if (spec.scope !== null) parameters.push({ $ref: "#/components/parameters/TimeoutMs" });
  parameters.push({ $ref: "#/components/parameters/Traceparent" });
  return parameters;
}

/** `POST /api/v1/dishes/{dishId}/write-off` → `postDishesWriteOff`. */
function operationId({ method, path }: Route): string {
  const words = path
    .replace(/^\/api\/(?:v1\/)?/, "")
    .split("/")
    .map((part) => (part.startsWith("{") ? "one" : part))
    .join("-")
    .split(/[-.]/);
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}

/** Turns schemas into JSON Schema, named ones into references. */
class Components {
  private readonly names = new Map<z.ZodType, string>(Object.entries(NAMED).map(([name, schema]) => [schema, name]));

  of(schema: z.ZodType, io: "input" | "output"): Json {
    const name = this.names.get(schema);
    return name ? { $ref: `#/components/schemas/${name}` } : this.convert(schema, io);
  }

  all(): Json {
    const io = (name: string) => (INPUTS.test(name) ? "input" : "output");
    return Object.fromEntries(Object.entries(NAMED).map(([name, schema]) => [name, this.convert(schema, io(name), true)]));
  }

  /** Named schemas inside this one become references; with `root`, the schema itself is written out. */
  private convert(schema: z.ZodType, io: "input" | "output", root = false): Json {
    const references = z.registry<{ id: string }>();
    for (const [named, name] of this.names) if (!(root && named === schema)) references.add(named, { id: name });
    const { $schema: _, $defs: __, ...json } = z.toJSONSchema(schema, {
      io,
      metadata: references,
      unrepresentable: "any",
      override: ({ zodSchema, jsonSchema }) => tidy(zodSchema as unknown as z.ZodType, jsonSchema as Json, io),
    }) as Json;
    return relocated(json) as Json;
  }
}

/** Sent to us, and checked strictly; everything else is an answer, which may grow. */
const INPUTS = /Body$|^Participant$/;

function tidy(schema: z.ZodType, json: Json, io: "input" | "output"): void {
  const documented = schema.meta()?.documented;
  if (documented) {
    for (const key of Object.keys(json)) delete json[key];
    Object.assign(json, documented);
  }
  if (schema.description !== undefined) json.description = schema.description;
  if (io === "output") delete json.additionalProperties;
  if (json.format === "date-time" || json.format === "uri") delete json.pattern;
  if (json.minimum === Number.MIN_SAFE_INTEGER) delete json.minimum;
  if (json.maximum === Number.MAX_SAFE_INTEGER) delete json.maximum;
}

/** Zod writes `#/$defs/Name`; OpenAPI keeps them under `components`. */
function relocated(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relocated);
  if (typeof value !== "object" || value === null) return value;
  const out: Json = {};
  for (const [key, inner] of Object.entries(value)) {
    if (key === "$ref" && typeof inner === "string") out[key] = inner.replace("#/$defs/", "#/components/schemas/");
    else if (key !== "id") out[key] = relocated(inner);
  }
  return out;
}
