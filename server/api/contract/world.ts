/**
 * A server that the contract suites talk to, over HTTP and nothing else: whatever mounts the API can be held to them.
 * They make their own dishes under ids of their own, so a server may be used twice.
 */
import { randomBytes } from "node:crypto";
import { expect } from "vitest";
import { Dish } from "../../contracts/dishes.ts";
import { ERRORS, type ErrorCode, Problem } from "../../contracts/errors.ts";
import { Transaction, TryAnswer } from "../../contracts/transactions.ts";
import { requestOf, type SendOptions, type Sent, sentOf } from "../testing.ts";

export interface Server {
  /** Without a slash at its end. */
  baseUrl: string;
  /** With every scope. */
  key: string;
  /** A service that may take part in transactions: `npm run participant`. */
  participant: { url: string };
}

/** An expired reservation is EXPIRED within this. */
export const EXPIRED_WITHIN_MS = 5_000;

export class World {
  /** Reservations whose time runs out while other tests run; see `prepareExpired`. */
  private readonly expiring: { supplied: number; quantity: number; dish: Dish; txId: string }[] = [];
  private readonly server: () => Server;
  private ids = 0;
  private readonly run = randomBytes(4).toString("hex");

  constructor(server: () => Server) {
    this.server = server;
  }

  id(prefix: string): string {
    return `${prefix}-${this.run}-${++this.ids}`;
  }

  async send(method: string, path: string, options: SendOptions = {}): Promise<Sent> {
    const { baseUrl, key } = this.server();
    return sentOf(await fetch(requestOf(baseUrl, method, path, { key, ...options })));
  }

  get(path: string): Promise<Sent> {
    return this.send("GET", path);
  }

  post(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Sent> {
    return this.send("POST", path, { body, headers });
  }

  async dish(supplied: number, storeId = this.id("s")): Promise<Dish> {
    const body = { dishId: this.id("d"), storeId, names: { en: "Noodles", "zh-CN": "面条" }, priceCents: 1_200, supplied };
    const sent = await this.post("/api/v1/dishes", body);
    expect(sent.status).toBe(201);
    return Dish.parse(sent.body);
  }

  async coupon(storeId?: string): Promise<string> {
    const couponId = this.id("c");
    expect((await this.post("/api/v1/coupons", { couponId, storeId, amountCents: 500 })).status).toBe(201);
    return couponId;
  }

  /** `[available, frozen, sold]`; the rest of the dish is checked on the way. */
  async stock({ dishId }: { dishId: string }): Promise<[number, number, number]> {
    const dish = Dish.parse((await this.get(`/api/v1/dishes/${dishId}`)).body);
    expect(dish.supplied).toBe(dish.available + dish.frozen + dish.sold);
    return [dish.available, dish.frozen, dish.sold];
  }

  try(basket: { txId?: string; storeId: string; lines: [Pick<Dish, "dishId">, number][]; [more: string]: unknown }): Promise<Sent> {
    const lines = basket.lines.map(([{ dishId }, quantity]) => ({ dishId, quantity }));
    return this.post("/api/v1/transactions", { txId: this.id("t"), ...basket, lines });
  }

  /** A reservation of `quantity` portions of `dish`. */
  async reserved(dish: Dish, quantity = 1, more: Record<string, unknown> = {}): Promise<TryAnswer> {
    const sent = await this.try({ storeId: dish.storeId, lines: [[dish, quantity]], ...more });
    expect(sent.status).toBe(201);
    return TryAnswer.parse(sent.body);
  }

  move(txId: string, verb: "confirm" | "cancel" | "reverse"): Promise<Sent> {
    return this.post(`/api/v1/transactions/${txId}/${verb}`);
  }

  async transaction(txId: string): Promise<Transaction> {
    const sent = await this.get(`/api/v1/transactions/${txId}`);
    expect(sent.status).toBe(200);
    return Transaction.parse(sent.body);
  }

  /** Makes dishes with a reservation that ends a second later: before the tests, so that they end together, meanwhile. */
  async prepareExpired(wanted: readonly (readonly [supplied: number, quantity: number])[]): Promise<void> {
    for (const [supplied, quantity] of wanted) {
      const dish = await this.dish(supplied);
      const { txId } = await this.reserved(dish, quantity, { ttlSeconds: 1 });
      this.expiring.push({ supplied, quantity, dish, txId });
    }
  }

  /** One of those that were prepared, when it is EXPIRED; in time, by the ledger's clock. */
  async expired(supplied: number, quantity: number): Promise<{ dish: Dish; txId: string }> {
    const place = this.expiring.findIndex((one) => one.supplied === supplied && one.quantity === quantity);
    const [prepared] = this.expiring.splice(place, place < 0 ? 0 : 1);
    if (!prepared) throw new Error(`no reservation of ${quantity} out of ${supplied} was prepared`);
    await this.reaches(prepared.txId, "EXPIRED", 1_000 + EXPIRED_WITHIN_MS);
    const { expiresAt, updatedAt } = await this.transaction(prepared.txId);
    expect(Date.parse(updatedAt) - Date.parse(expiresAt)).toBeGreaterThanOrEqual(0);
    expect(Date.parse(updatedAt) - Date.parse(expiresAt)).toBeLessThanOrEqual(EXPIRED_WITHIN_MS);
    return prepared;
  }

  /** Asks until the transaction is in this state. */
  async reaches(txId: string, state: Transaction["state"], withinMs: number): Promise<void> {
    await expect.poll(async () => (await this.transaction(txId)).state, { timeout: withinMs, interval: 100 }).toBe(state);
  }
}

export function expectNo(sent: Sent, code: ErrorCode, more: Partial<Problem> = {}): Problem {
  const problem = Problem.parse(sent.body);
  expect(problem).toMatchObject({ code, status: sent.status, ...more });
  expect(sent.status).toBe(ERRORS[code].status);
  expect(sent.headers.get("content-type")).toBe("application/problem+json");
  expect(sent.headers.get("x-trace-id")).toBe(problem.traceId);
  return problem;
}
