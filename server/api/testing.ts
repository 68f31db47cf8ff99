/**
 * An API for unit tests: real pipeline, everything behind it faked and replaceable. For tests only.
 */
import { expect } from "vitest";
import { ERRORS, type ErrorCode, Problem } from "../contracts/errors.ts";
import { SCOPES, type Scope } from "../contracts/scopes.ts";
import type { Clock } from "../engine/kernel/clock.ts";
import { realClock } from "../engine/kernel/clock.ts";
import { ParticipantDirectory } from "../engine/kernel/participant-directory.ts";
import type { EngineError } from "../engine/kernel/errors.ts";
import type { DishRow, TryRequest } from "../engine/kernel/types.ts";
import { World } from "../engine/simulation/world.ts";
import { type Api, createApi } from "./app.ts";
import type { ApiDependencies, ApiEngine, ApiEngineView, ApiKeyVerifier, ApiReads } from "./ports.ts";

export const KEY = "key-with-every-scope";

/** A key's text names its scopes: `only:orders`. */
export const fakeKeys: ApiKeyVerifier = {
  verify(secret) {
    if (secret === KEY) return { keyId: "k_all", scopes: SCOPES };
    if (secret.startsWith("only:")) return { keyId: `k_${secret.slice(5)}`, scopes: [secret.slice(5) as Scope] };
    return null;
  },
};

export const DISH: DishRow = {
  dishId: "noodles",
  storeId: "s1",
  supplied: 10,
  available: 6,
  frozen: 3,
  sold: 1,
  onSale: true,
  version: 7,
};

/** What an engine that has done nothing says of itself. */
export function fakeView(): ApiEngineView {
  const { engine } = new World(1).start();
  return {
    instance: engine.instance,
    profile: engine.profile,
    stats: () => engine.stats(),
    histograms: () => engine.histograms(),
    instances: () => engine.instances(),
    waitChains: (limit) => engine.waitChains(limit),
    suspects: () => engine.suspects(),
    participantStates: () => engine.participantStates(),
    setSampling: (every) => engine.setSampling(every),
    captureTrace: async (seconds) => ({ traceEvents: [], displayTimeUnit: "ms", otherData: { instance: engine.instance, seconds, dropped: 0 } }),
  };
}

/** Says yes to everything, and remembers what it was asked. */
export function fakeEngine(calls: unknown[][] = []): ApiEngine {
  return {
    ...fakeView(),
    async try(request: TryRequest, call) {
      calls.push(["try", request, call]);
      const lines = request.lines.map((line, index) => ({ ...line, freezeId: `${request.txId}.${index + 1}` }));
      return { txId: request.txId, state: "RESERVED", lines, expiresAtMs: 1_700_000_000_000, replayed: false };
    },
    async confirm(txId, call) {
      calls.push(["confirm", txId, call]);
      return { txId, state: "CONFIRMED" };
    },
    async cancel(txId, call) {
      calls.push(["cancel", txId, call]);
      return { txId, state: "CANCELLED" };
    },
    async reverse(txId, call) {
      calls.push(["reverse", txId, call]);
      return { txId, state: "REVERSED" };
    },
    async change(request, call) {
      calls.push(["change", request, call]);
      return { ...DISH, dishId: request.dishId };
    },
    async createDish(dish, call) {
      calls.push(["createDish", dish, call]);
      return { ...DISH, dishId: dish.dishId, storeId: dish.storeId };
    },
    async createCoupon(coupon, call) {
      calls.push(["createCoupon", coupon, call]);
    },
  };
}

export const fakeReads: ApiReads = {
  dish: async () => null,
  dishes: async () => ({ dishes: [], nextCursor: null }),
  dishFace: async () => ({ names: { en: "Noodles", "zh-CN": "面条" }, priceCents: 1_200, doneAtMs: 1_700_000_000_000 }),
  coupon: async () => null,
  transaction: async () => null,
  transactions: async () => ({ transactions: [], nextCursor: null }),
};

/** A clock that stands still until it is told to go on. Timers fire when their time has come. */
export class StandingClock implements Clock {
  private ms = 1_000;
  private timers: { atMs: number; task: () => void }[] = [];
  nowMs = () => 1_700_000_000_000 + this.ms;
  monotonicMs = () => this.ms;
  schedule(delayMs: number, task: () => void) {
    const timer = { atMs: this.ms + delayMs, task };
    this.timers.push(timer);
    return { cancel: () => void (this.timers = this.timers.filter((other) => other !== timer)) };
  }
  soon(task: () => void): void {
    queueMicrotask(task);
  }
  advance(ms: number): void {
    this.ms += ms;
    const due = this.timers.filter(({ atMs }) => atMs <= this.ms);
    this.timers = this.timers.filter(({ atMs }) => atMs > this.ms);
    for (const { task } of due) task();
  }
}

export interface Sent {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  body: any;
}

export interface SendOptions {
  /** Null: no Authorization header. */
  key?: string | null;
  headers?: Record<string, string>;
  /** An object is sent as JSON, a string or a stream as it is. */
  body?: unknown;
}

export interface TestApi {
  calls: unknown[][];
  logged: unknown[];
  fetch: Api["fetch"];
  send(method: string, path: string, options?: SendOptions): Promise<Sent>;
}

export function testApi(overrides: Partial<ApiDependencies> = {}): TestApi {
  const calls: unknown[][] = [];
  const logged: unknown[] = [];
  const api = createApi({
    engine: fakeEngine(calls),
    reads: fakeReads,
    claims: { claim: async () => true },
    payments: {
      accept: async (event) => {
        calls.push(["accept", event]);
        return { duplicate: false };
      },
      secrets: new Map(),
    },
    directory: new ParticipantDirectory(),
    keys: fakeKeys,
    probes: { postgres: async () => {}, redis: async () => {} },
    config: { rateLimitPerSecond: 1_000_000 },
    log: { warn: (fields) => logged.push(fields), error: (fields) => logged.push(fields) },
    clock: realClock,
    ...overrides,
  });
  return {
    calls,
    logged,
    fetch: api.fetch,
    async send(method, path, options = {}) {
      const response = await api.fetch(requestOf("http://test.invalid", method, path, options));
      return sentOf(response);
    },
  };
}

export function requestOf(origin: string, method: string, path: string, { key = KEY, headers = {}, body }: SendOptions): Request {
  const raw = body === undefined || typeof body === "string" || body instanceof ReadableStream || body instanceof Uint8Array;
  return new Request(`${origin}${path}`, {
    method,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    body: raw ? (body as BodyInit | null) : JSON.stringify(body),
    ...(body instanceof ReadableStream ? { duplex: "half" } : {}),
  });
}

export async function sentOf(response: Response): Promise<Sent> {
  const text = await response.text();
  const isJson = /json/.test(response.headers.get("content-type") ?? "");
  return { status: response.status, headers: response.headers, body: text === "" ? null : isJson ? JSON.parse(text) : text };
}

export const BASKET = { txId: "t1", storeId: "s1", lines: [{ dishId: "noodles", quantity: 2 }] };

/** A request that each route accepts. */
const GOOD: Record<string, { path: string; options: SendOptions }> = {
  "POST /api/v1/transactions": { path: "/api/v1/transactions", options: { body: BASKET } },
  "POST /api/v1/transactions/batch": { path: "/api/v1/transactions/batch", options: { body: { transactions: [BASKET] } } },
  "POST /api/v1/transactions/{txId}/confirm": { path: "/api/v1/transactions/t1/confirm", options: {} },
  "POST /api/v1/transactions/{txId}/cancel": { path: "/api/v1/transactions/t1/cancel", options: {} },
  "POST /api/v1/transactions/{txId}/reverse": { path: "/api/v1/transactions/t1/reverse", options: {} },
  "GET /api/v1/transactions/{txId}": { path: "/api/v1/transactions/t1", options: {} },
  "GET /api/v1/transactions": { path: "/api/v1/transactions?state=RESERVED&limit=5", options: {} },
  "GET /api/v1/dishes": { path: "/api/v1/dishes?q=noodles", options: {} },
  "GET /api/v1/dishes/{dishId}": { path: "/api/v1/dishes/noodles", options: {} },
  "POST /api/v1/dishes": {
    path: "/api/v1/dishes",
    options: { body: { dishId: "noodles", storeId: "s1", names: { en: "Noodles", "zh-CN": "面条" }, priceCents: 1_200, supplied: 10 } },
  },
  "POST /api/v1/dishes/{dishId}/restock": {
    path: "/api/v1/dishes/noodles/restock",
    options: { body: { quantity: 3, reason: "delivery" }, headers: { "idempotency-key": "a1" } },
  },
  "POST /api/v1/dishes/{dishId}/write-off": {
    path: "/api/v1/dishes/noodles/write-off",
    options: { body: { quantity: 3, reason: "spilt" }, headers: { "idempotency-key": "a2" } },
  },
  "POST /api/v1/dishes/{dishId}/pause": { path: "/api/v1/dishes/noodles/pause", options: {} },
  "POST /api/v1/dishes/{dishId}/resume": { path: "/api/v1/dishes/noodles/resume", options: { body: { reason: "back" } } },
  "GET /api/v1/coupons/{couponId}": { path: "/api/v1/coupons/c1", options: {} },
  "POST /api/v1/coupons": { path: "/api/v1/coupons", options: { body: { couponId: "c1", amountCents: 500 } } },
  "POST /api/v1/payments/callbacks": {
    path: "/api/v1/payments/callbacks",
    options: { body: { source: "bank", orderId: "o1", eventId: "e1", status: "PAID", occurredAt: "2026-11-22T11:45:00.000Z" } },
  },
  "GET /api/health": { path: "/api/health", options: {} },
  "GET /api/ready": { path: "/api/ready", options: {} },
  "GET /api/metrics": { path: "/api/metrics", options: {} },
  "GET /api/debug/pprof/mutex": { path: "/api/debug/pprof/mutex?seconds=30", options: {} },
  "GET /api/debug/pprof/block": { path: "/api/debug/pprof/block", options: {} },
  "GET /api/debug/trace": { path: "/api/debug/trace?seconds=1", options: {} },
  "GET /api/debug/locks": { path: "/api/debug/locks", options: {} },
  "POST /api/debug/sampling": { path: "/api/debug/sampling", options: { body: { every: 5 } } },
  "GET /api/v1/openapi.json": { path: "/api/v1/openapi.json", options: {} },
};

export function goodRequest(method: string, path: string): { path: string; options: SendOptions } {
  const good = GOOD[`${method} ${path}`];
  if (!good) throw new Error(`No request for ${method} ${path} in the table.`);
  return good;
}

/** The answer is this problem, in every detail that its code decides. */
export function expectProblem(sent: { status: number; headers: Headers; body: unknown }, code: ErrorCode): Problem {
  const problem = Problem.parse(sent.body);
  expect(problem.code).toBe(code);
  expect(sent.status).toBe(ERRORS[code].status);
  expect(problem.status).toBe(sent.status);
  expect(problem.retryable).toBe(ERRORS[code].retryable);
  expect(sent.headers.get("content-type")).toBe("application/problem+json");
  expect(sent.headers.get("x-trace-id")).toBe(problem.traceId);
  expect(sent.headers.has("retry-after")).toBe(sent.status === 429 || sent.status === 503);
  return problem;
}

/** An engine whose every verb fails in one way. */
export function failingEngine(error: EngineError | Error): ApiEngine {
  const fail = () => Promise.reject(error);
  return { ...fakeView(), try: fail, confirm: fail, cancel: fail, reverse: fail, change: fail, createDish: fail, createCoupon: fail };
}
