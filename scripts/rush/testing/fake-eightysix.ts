/**
 * The contract in memory, just enough to rush against, with flaws on demand: what a broken server would answer.
 * It has no stores of its own, no limits and no authentication beyond "some key"; the real server has.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { mergedLines } from "../workload.ts";

export type Flaw =
  | "forgetsTrys" // every 10th acknowledged Try is dropped
  | "saysYesTwice" // a cancel after a confirm is answered 200
  | "servesLateTrys" // a Try after a cancel reserves
  | "takesOtherPayloads" // a txId with another payload is a replay
  | "refusesForNothing" // every 25th Try hears SOLD_OUT
  | "keepsExpired" // nothing expires
  | "newFreezeIds"; // a replay gives other freezeIds

interface Tx {
  txId: string;
  storeId: string;
  orderId: string;
  couponId: string | null;
  lines: { dishId: string; quantity: number; freezeId: string }[];
  state: string;
  payload: string;
  /** Where its remote branches confirm. */
  confirmUrls: string[];
  expiresAtMs: number;
  updatedAtMs: number;
  ticketId?: string;
}

interface FakeDish {
  dishId: string;
  storeId: string;
  supplied: number;
  frozen: number;
  sold: number;
}

const ID = (n: number) => `dish-${n}`;

export class FakeEightysix {
  private readonly flaw: Flaw | null;
  readonly dishes = new Map<string, FakeDish>();
  private readonly transactions = new Map<string, Tx>();
  private readonly orders = new Map<string, string>();
  private readonly coupons = new Map<string, { state: string; txId: string | null }>();
  private readonly actions = new Map<string, unknown>();
  private trys = 0;
  private readonly awaited: { trys: number; resolve(): void }[] = [];
  private readonly server = createServer((request, response) => void this.serve(request, response));
  private readonly sweeper: NodeJS.Timeout;

  /** Off: as a server whose PARTICIPANT_HOSTS has none. */
  takesParticipants = true;

  constructor(flaw: Flaw | null = null, dishes = 12, supplied = 40) {
    this.flaw = flaw;
    for (let n = 0; n < dishes; n++) {
      this.dishes.set(ID(n), { dishId: ID(n), storeId: `store-${n % 2}`, supplied, frozen: 0, sold: 0 });
    }
    this.sweeper = setInterval(() => this.sweep(), 100);
  }

  async listen(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(port, "127.0.0.1", resolve));
    return `http://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** As after `kill -9`: nobody is answered, nothing committed is lost. `listen` again to come back. */
  async vanish(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  /** Resolves when so many new Trys have come. */
  hasSeen(trys: number): Promise<void> {
    return new Promise((resolve) => void this.awaited.push({ trys, resolve }));
  }

  async stop(): Promise<void> {
    clearInterval(this.sweeper);
    if (this.server.listening) await this.vanish();
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const chunk of request) text += chunk;
    const [status, body] = request.headers.authorization
      ? await this.answerWithBranches(`${request.method} ${request.url?.split("?")[0]}`, text === "" ? {} : JSON.parse(text), request.headers["idempotency-key"])
      : problem(401, "UNAUTHENTICATED");
    response.writeHead(status, { "content-type": status < 300 ? "application/json" : "application/problem+json" });
    response.end(JSON.stringify(body));
  }

  /** Remote branches are called once, when the customer asks; one that fails leaves the transaction where it is. */
  private async answerWithBranches(call: string, body: Record<string, unknown>, key: unknown): Promise<[number, unknown]> {
    if (body.participants && !this.takesParticipants) return problem(400, "VALIDATION");
    if (Array.isArray(body.participants)) await Promise.all(body.participants.map(({ tryUrl }) => branchCall(tryUrl, "try", String(body.txId))));
    const tx = this.transactions.get(/\/transactions\/([^/]+)\/confirm$/.exec(call)?.[1] ?? "");
    if (tx && tx.confirmUrls.length > 0 && (tx.state === "RESERVED" || tx.state === "CONFIRMING")) {
      const done = await Promise.all(tx.confirmUrls.map((url) => branchCall(url, "confirm", tx.txId)));
      if (done.includes(false)) {
        tx.state = "CONFIRMING";
        return [202, { txId: tx.txId, state: tx.state }];
      }
    }
    return this.answer(call, body, key);
  }

  // biome-ignore lint/suspicious/noExplicitAny: the rush sends well-formed bodies.
  private answer(call: string, body: any, key: unknown): [number, unknown] {
    if (call === "GET /api/ready") return [200, { status: "ready" }];
    if (call === "GET /api/v1/dishes") return [200, { dishes: [...this.dishes.values()].map(shown), nextCursor: null }];
    if (call === "POST /api/v1/transactions") return this.try(body);
    if (call === "POST /api/v1/coupons") {
      this.coupons.set(body.couponId, this.coupons.get(body.couponId) ?? { state: "AVAILABLE", txId: null });
      return [201, { ...body, state: "AVAILABLE", txId: null }];
    }
    const [, kind, id, verb] = /^\w+ \/api\/v1\/(\w+)\/([^/]+)\/?(.*)$/.exec(call) ?? [];
    if (kind === "coupons") return [200, { couponId: id, ...this.coupons.get(id!) }];
    if (kind === "dishes" && verb === "restock") {
      const dish = this.dishes.get(id!)!;
      if (!this.actions.has(String(key))) {
        dish.supplied += body.quantity;
        this.actions.set(String(key), shown(dish));
      }
      return [200, this.actions.get(String(key))];
    }
    if (kind !== "transactions") return problem(404, "UNKNOWN_ROUTE");
    if (verb === "") {
      const tx = this.transactions.get(id!);
      return tx ? [200, { ...tx, lines: tx.lines.map((line) => ({ ...line, state: tx.state })), ticketId: tx.ticketId ?? null, ...times(tx) }] : problem(404, "UNKNOWN_TRANSACTION");
    }
    return this.move(id!, verb as "confirm" | "cancel" | "reverse");
  }

  // biome-ignore lint/suspicious/noExplicitAny: as above.
  private try(body: any): [number, unknown] {
    const { txId, storeId, orderId = txId, couponId = null, ttlSeconds, participants = [] } = body;
    const confirmUrls = participants.map((participant: { confirmUrl: string }) => participant.confirmUrl);
    const lines = mergedLines(body.lines).map((line, index) => ({ ...line, freezeId: `${txId}.${index + 1}` }));
    const payload = JSON.stringify([storeId, orderId, couponId, lines]);
    const known = this.transactions.get(txId);
    if (known && (known.state === "CANCELLED" || known.state === "EXPIRED") && this.flaw !== "servesLateTrys") return problem(409, "LATE_TRY");
    if (known && known.state !== "CANCELLED") {
      if (known.payload !== payload && this.flaw !== "takesOtherPayloads") return problem(422, "IDEMPOTENCY_MISMATCH");
      const answered = this.flaw === "newFreezeIds" ? known.lines.map((line) => ({ ...line, freezeId: `${line.freezeId}x` })) : known.lines;
      return [200, { txId, state: known.state, lines: answered, ...times(known) }];
    }
    this.trys += 1;
    for (const waiter of this.awaited) if (this.trys >= waiter.trys) waiter.resolve();
    if (this.flaw === "refusesForNothing" && this.trys % 25 === 0) return problem(409, "SOLD_OUT");
    if (this.transactions.get(this.orders.get(orderId) ?? "")?.state !== "CANCELLED" && this.orders.has(orderId)) return problem(409, "ORDER_CONFLICT");
    const short = lines.filter((line) => available(this.dishes.get(line.dishId)!) < line.quantity);
    if (short.length > 0) {
      const dishes = short.map(({ dishId, quantity }) => ({ dishId, wanted: quantity, available: available(this.dishes.get(dishId)!) }));
      return problem(409, "SOLD_OUT", { dishes });
    }
    const coupon = couponId === null ? null : this.coupons.get(couponId)!;
    if (coupon && coupon.state !== "AVAILABLE") return problem(409, "COUPON_UNAVAILABLE");
    const nowMs = Date.now();
    const tx: Tx = { txId, storeId, orderId, couponId, lines, payload, confirmUrls, state: "RESERVED", expiresAtMs: nowMs + ttlSeconds * 1000, updatedAtMs: nowMs };
    this.shift(tx, 1, 0);
    if (coupon) Object.assign(coupon, { state: "FROZEN", txId });
    this.orders.set(orderId, txId);
    if (this.flaw !== "forgetsTrys" || this.trys % 10 !== 0) this.transactions.set(txId, tx);
    return [201, { txId, state: "RESERVED", lines, ...times(tx) }];
  }

  private move(txId: string, verb: "confirm" | "cancel" | "reverse"): [number, unknown] {
    const tx = this.transactions.get(txId);
    const target = { confirm: "CONFIRMED", cancel: "CANCELLED", reverse: "REVERSED" }[verb];
    if (!tx) {
      if (verb !== "cancel") return problem(404, "UNKNOWN_TRANSACTION");
      const nowMs = Date.now();
      this.transactions.set(txId, { txId, storeId: "", orderId: "", couponId: null, lines: [], payload: "", confirmUrls: [], state: "CANCELLED", expiresAtMs: nowMs, updatedAtMs: nowMs });
      return [200, { txId, state: "CANCELLED" }];
    }
    if (tx.state === target) return [200, { txId, state: target }];
    if (this.flaw === "saysYesTwice" && verb === "cancel" && tx.state === "CONFIRMED") return [200, { txId, state: "CANCELLED" }];
    const late = tx.state === "EXPIRED";
    const isOpen = tx.state === "RESERVED" || late || (tx.state === "CONFIRMING" && verb === "confirm");
    if (verb === "reverse" ? tx.state !== "CONFIRMED" : !isOpen) return problem(409, "ILLEGAL_STATE");
    if (late && verb === "confirm") {
      const isShort = tx.lines.some((line) => available(this.dishes.get(line.dishId)!) < line.quantity);
      if (isShort || (this.couponOf(tx)?.state ?? "AVAILABLE") !== "AVAILABLE") tx.ticketId = `T-${txId}`;
      if (tx.ticketId) return problem(409, "REFUND_DUE", { ticketId: tx.ticketId });
      this.shift(tx, 1, 0);
    }
    if (verb === "confirm") this.shift(tx, -1, 1);
    else if (verb === "reverse") this.shift(tx, 0, -1);
    else if (!late) this.shift(tx, -1, 0);
    this.end(tx, target);
    return [200, { txId, state: target }];
  }

  private sweep(): void {
    if (this.flaw === "keepsExpired") return;
    for (const tx of this.transactions.values()) {
      if (tx.state !== "RESERVED" || tx.expiresAtMs > Date.now()) continue;
      this.shift(tx, -1, 0);
      this.end(tx, "EXPIRED");
    }
  }

  private end(tx: Tx, state: string): void {
    tx.state = state;
    tx.updatedAtMs = Date.now();
    const coupon = this.couponOf(tx);
    if (state === "CONFIRMED" && coupon) Object.assign(coupon, { state: "USED", txId: tx.txId });
    else if (coupon?.txId === tx.txId) Object.assign(coupon, { state: "AVAILABLE", txId: null });
  }

  private couponOf(tx: Tx): { state: string; txId: string | null } | undefined {
    return tx.couponId === null ? undefined : this.coupons.get(tx.couponId);
  }

  private shift(tx: Tx, frozen: number, sold: number): void {
    for (const { dishId, quantity } of tx.lines) {
      const dish = this.dishes.get(dishId)!;
      dish.frozen += frozen * quantity;
      dish.sold += sold * quantity;
    }
  }
}

async function branchCall(url: string, op: string, gid: string): Promise<boolean> {
  const answer = await fetch(`${url}?gid=${gid}&branch_id=01&trans_type=tcc&op=${op}`, { method: "POST" });
  await answer.arrayBuffer();
  return answer.status === 200;
}

function available(dish: FakeDish): number {
  return dish.supplied - dish.frozen - dish.sold;
}

function shown(dish: FakeDish): unknown {
  return { ...dish, available: available(dish), onSale: true, names: { en: dish.dishId, "zh-CN": dish.dishId } };
}

function times(tx: Tx): { expiresAt: string; updatedAt: string } {
  return { expiresAt: new Date(tx.expiresAtMs).toISOString(), updatedAt: new Date(tx.updatedAtMs).toISOString() };
}

function problem(status: number, code: string, more: object = {}): [number, unknown] {
  return [status, { status, code, ...more }];
}
