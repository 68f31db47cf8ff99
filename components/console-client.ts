/**
 * Calls to the console's own routes. Every failure becomes a ConsoleError with a code that messages/ has a sentence for.
 */
import type { ActionPreview, ActionResult, ManualVerb, Operator, Preferences, SignedIn } from "@/server/contracts/console";
import type { DishActionResult, DishVerb } from "@/server/contracts/dish-page";
import type { Problem } from "@/server/contracts/errors";

export class ConsoleError extends Error {
  readonly code: string;
  readonly retryAfterSeconds: number | null;
  readonly ticketId: string | null;
  /** What is wrong in which field: path and fault. */
  readonly fields: ReadonlyMap<string, string>;

  /** The same request, sent again unchanged, may succeed; so is every request that nobody answered. */
  readonly retryable: boolean;

  constructor(code: string, { retryAfterSeconds = null, ticketId = null, fields = new Map(), retryable = true }: Partial<Pick<ConsoleError, "retryAfterSeconds" | "ticketId" | "fields" | "retryable">> = {}) {
    super(code);
    this.name = "ConsoleError";
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
    this.ticketId = ticketId;
    this.fields = fields;
    this.retryable = retryable;
  }
}

/** Of whatever a call threw: what is no answer of the console's is as good as none. */
export function codeOf(error: unknown): string {
  return error instanceof ConsoleError ? error.code : "UNREACHABLE";
}

/** A person's own choices; what is not named stays. */
export function savePreferences(change: Partial<Preferences>): Promise<Preferences> {
  return call("/api/console/settings/own", { method: "POST", body: change });
}

export function signIn(email: string, password: string): Promise<SignedIn> {
  return call("/api/auth/sign-in", { method: "POST", body: { email, password } });
}

/** Who is signed in; asking renews the session when that is due. */
export function readSession(): Promise<{ operator: Operator }> {
  return call("/api/auth/session", {});
}

let leaving = false;

/** True once this tab asked to sign out: that its session ended is no news to it. */
export function isLeaving(): boolean {
  return leaving;
}

export async function signOut(): Promise<void> {
  leaving = true;
  try {
    await call("/api/auth/sign-out", { method: "POST" });
  } catch (error) {
    leaving = false;
    throw error;
  }
}

export function previewAction(txId: string, verb: ManualVerb, signal: AbortSignal): Promise<ActionPreview> {
  return call(`/api/console/transactions/${encodeURIComponent(txId)}/preview?verb=${verb}`, { signal });
}

/** @param actionKey made once per intent: a repeat of it, after a lost answer, gets the first answer. */
export function act(txId: string, verb: ManualVerb, actionKey: string, reason: string): Promise<ActionResult> {
  return post(`/api/console/transactions/${encodeURIComponent(txId)}/${verb}`, actionKey, reason === "" ? {} : { reason });
}

/** @param actionKey as in `act`. */
export function actOnDish(dishId: string, verb: DishVerb, actionKey: string, body: { quantity?: number; reason?: string }): Promise<DishActionResult> {
  return post(`/api/console/dishes/${encodeURIComponent(dishId)}/${verb}`, actionKey, body);
}

interface Call {
  method?: "POST";
  headers?: Record<string, string>;
  body?: unknown;
  signal?: AbortSignal;
}

/** @throws ConsoleError for a no, and for an answer that did not arrive whole. */
export async function call<T>(path: string, asked: Call): Promise<T> {
  return (await read(await request(path, asked))) as T;
}

/** An act: @param actionKey as in `act`. */
export function post<T>(path: string, actionKey: string, body: unknown): Promise<T> {
  return call(path, { method: "POST", headers: { "Idempotency-Key": actionKey }, body });
}

/** @throws ConsoleError for every answer that is a no. */
export async function request(path: string, { method, headers, body, signal }: Call): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, {
      method: method ?? "GET",
      headers: { Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
      credentials: "same-origin",
    });
  } catch (error) {
    throw lost(error);
  }
  if (response.ok) return response;
  const answer: unknown = await response.json().catch(() => null); // a proxy's no is a no without words
  const { code = "UNREACHABLE", retryable = true, ticketId = null, errors = [] } = (answer ?? {}) as Partial<Problem>;
  const retryAfter = Number(response.headers.get("retry-after"));
  throw new ConsoleError(code, {
    retryAfterSeconds: retryAfter > 0 ? retryAfter : null,
    ticketId,
    fields: new Map(errors.map(({ path: field, message }) => [field, message])),
    retryable,
  });
}

/** An answer may end half way, or because nobody waits for it any more: then it is no answer, not an empty one. */
async function read(response: Response): Promise<unknown> {
  try {
    const text = await response.text();
    return text === "" ? null : JSON.parse(text);
  } catch (error) {
    throw lost(error);
  }
}

/** Who called a request off hears that; to everybody else nobody answered. */
function lost(error: unknown): Error {
  return error instanceof Error && error.name === "AbortError" ? error : new ConsoleError("UNREACHABLE");
}
