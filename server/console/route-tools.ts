/**
 * What the console's routes do alike: ask for a role, read a body within its bounds, find the action key, say no.
 * It knows nothing of sessions' making or of what a route is about.
 */
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { z } from "zod";
import { roleIncludes, type Role } from "../contracts/console.ts";
import type { ErrorCode } from "../contracts/errors.ts";
import { ID_PATTERN } from "../contracts/limits.ts";
import { isStorable } from "../contracts/scalars.ts";
import type { ConsoleEnv } from "./api.ts";

const ERRORS_TOLD_MAX = 20;

/** A no of the route itself; `api.ts` makes it a problem document. */
export class Refused extends Error {
  readonly code: ErrorCode;
  readonly more: Record<string, unknown>;

  constructor(code: ErrorCode, detail: string, more: Record<string, unknown> = {}) {
    super(detail);
    this.name = "Refused";
    this.code = code;
    this.more = more;
  }
}

export function needRole(held: Role, needed: Role): void {
  if (!roleIncludes(held, needed)) throw new Refused("FORBIDDEN", `This takes the role ${needed}.`);
}

export const atLeast = (role: Role) =>
  createMiddleware<ConsoleEnv>(async (c, next) => {
    needRole(c.var.session.operator.role, role);
    await next();
  });

/** @throws Refused VALIDATION, with what is wrong where. */
export function parsed<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues.slice(0, ERRORS_TOLD_MAX).map(({ path, message }) => ({ path: path.map(String).join("."), message }));
  throw new Refused("VALIDATION", "The request is not what this route takes.", { errors });
}

function storable(_name: string, value: unknown): unknown {
  if (typeof value === "string" && !isStorable(value)) throw new SyntaxError("not storable");
  return value;
}

/** The JSON body; none is an empty object. Its size is bounded before any route. @throws Refused VALIDATION. */
export async function bodyOf<S extends z.ZodType>(c: Context<ConsoleEnv>, schema: S): Promise<z.output<S>> {
  const text = await c.req.text();
  let value: unknown = {};
  if (text !== "") {
    try {
      value = JSON.parse(text, storable);
    } catch {
      throw new Refused("VALIDATION", "The body is not JSON, or has characters that cannot be kept.");
    }
  }
  return parsed(schema, value);
}

export interface Asked<Body> {
  body: Body;
  actionKey: string;
  operatorId: string;
  role: Role;
}

/** Who asks for what, and under which action key: the header's, else the body's. @throws Refused VALIDATION. */
export async function asked<S extends z.ZodType<{ actionKey?: string | undefined }>>(c: Context<ConsoleEnv>, schema: S): Promise<Asked<z.output<S>>> {
  const body = await bodyOf(c, schema);
  const actionKey = c.req.header("idempotency-key") ?? body.actionKey;
  if (actionKey === undefined || !ID_PATTERN.test(actionKey)) {
    throw new Refused("VALIDATION", "An action key is needed: the Idempotency-Key header, 1 to 64 characters.");
  }
  const { operatorId, role } = c.var.session.operator;
  return { body, actionKey, operatorId, role };
}

/** A path parameter that is an id. @throws Refused VALIDATION. */
export function idOf(c: Context<ConsoleEnv>, name: string): string {
  const id = c.req.param(name) ?? "";
  if (!ID_PATTERN.test(id)) throw new Refused("VALIDATION", `${name} is no id.`, { errors: [{ path: name, message: "RANGE" }] });
  return id;
}
