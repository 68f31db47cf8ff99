/** Callbacks through the engine on twins and a virtual clock: any order, any number of times, instances that die, a ledger that fails. */
import { beforeEach, describe, expect, test } from "vitest";
import { EngineError } from "../kernel/errors.ts";
import { integerBetween, pick, seededRandom, type Random } from "../kernel/random.ts";
import { DueWatch } from "../recovery/due-watch.ts";
import { World, type Instance } from "../simulation/world.ts";
import { LedgerFailure } from "../tiers/tcc/ledger.ts";
import { MemoryFilter } from "../dedup/memory-filter.ts";
import { carryOut, PAYMENT_FAILURES_MAX, UNPAID_WAIT_MS_MAX, type PaymentVerbs } from "./carry-out.ts";
import { MemoryPayments, ordersOf } from "./memory-payments.ts";
import type { PaymentEvent, PaymentStatus } from "./payment-ledger.ts";
import { Payments } from "./payments.ts";

const CALL = { timeoutMs: 5_000, traceId: "0".repeat(32) };

let world: World;
let instances: Instance[];
let ledger: MemoryPayments;
let services: Payments[];
let verbs: PaymentVerbs;
let opened: string[];

async function begin(seed: number, engines = 1): Promise<void> {
  world = new World(seed);
  instances = Array.from({ length: engines }, () => world.start());
  ledger = new MemoryPayments(world.clock, ordersOf(world.ledger));
  opened = [];
  const engineOf = (instance: Instance): PaymentVerbs => ({
    confirm: (...args) => instance.engine.confirm(...args),
    cancel: (...args) => instance.engine.cancel(...args),
  });
  verbs = engineOf(instances[0] as Instance);
  services = instances.map((instance, index) =>
    serviceOf(index === 0 ? { confirm: (...args) => verbs.confirm(...args), cancel: (...args) => verbs.cancel(...args) } : engineOf(instance)),
  );
  await run(world.ledger.createDish({ dishId: "rice", storeId: "s", names: { en: "rice", "zh-CN": "饭" }, priceCents: 1, supplied: 50, actor: "t", actionKey: "rice" }));
}

function serviceOf(own: PaymentVerbs): Payments {
  const service = new Payments({
    clock: world.clock,
    random: world.random,
    ledger,
    verbs: own,
    filters: [new MemoryFilter(10)],
  });
  service.onTicket((txId, ticketId) => opened.push(`${txId} ${ticketId}`));
  service.start();
  const watch = new DueWatch({
    clock: world.clock,
    random: world.random,
    ask: async () => {
      const times = ledger.inspect().payments.flatMap(({ nextAttemptAtMs }) => nextAttemptAtMs ?? []);
      return { reservations: null, branches: null, payments: times.length === 0 ? null : Math.min(...times) - world.clock.nowMs(), bulk: null, tellings: null };
    },
    tell: ({ payments }) => payments !== null && service.expect(payments),
    announce: () => {},
  });
  watch.start();
  return service;
}

const run = <T>(promise: Promise<T>): Promise<T> => world.clock.run(promise);
const order = (txId: string, orderId = txId, quantity = 1, ttlSeconds = 900) =>
  run((instances[0] as Instance).engine.try({ txId, storeId: "s", lines: [{ dishId: "rice", quantity }], orderId, couponId: null, ttlSeconds }, CALL));
const event = (orderId: string, eventId: string, status: PaymentStatus, more: Partial<PaymentEvent> = {}): PaymentEvent => ({
  source: "bank",
  orderId,
  eventId,
  status,
  occurredAtMs: 0,
  amountCents: null,
  ...more,
});
const send = (orderId: string, eventId: string, status: PaymentStatus = "PAID", service = services[0] as Payments) => run(service.accept(event(orderId, eventId, status)));
const payment = (eventId: string) => ledger.inspect().payments.find((row) => row.eventId === eventId);
const stateOf = (txId: string) => world.ledger.inspect().transactions.find((row) => row.txId === txId)?.state;
const openTickets = () => ledger.inspect().tickets.filter(({ open }) => open).map(({ kind, txId }) => `${kind} ${txId}`);

beforeEach(() => begin(1));

describe("payment callbacks", () => {
  test("PAID confirms, FAILED cancels; each is a duplicate from then on, and changes nothing", async () => {
    await order("a");
    await order("b");
    expect(await send("a", "1")).toEqual({ duplicate: false });
    expect(await send("b", "2", "FAILED")).toEqual({ duplicate: false });
    await world.clock.advance(500);
    expect([stateOf("a"), stateOf("b")]).toEqual(["CONFIRMED", "CANCELLED"]);
    expect([payment("1"), payment("2")]).toMatchObject([{ state: "COMPLETED", outcome: "SOLD" }, { state: "FAILED", outcome: "CANCELLED" }]);
    for (let i = 0; i < 30; i++) expect(await send("a", "1")).toEqual({ duplicate: true });
    expect(await send("a", "1", "FAILED")).toEqual({ duplicate: true });
    expect(stateOf("a")).toBe("CONFIRMED");
    expect(services[0]?.counters).toMatchObject({ callbacks: { first: 2, filtered: 31, repeated: 0 }, outcomes: { SOLD: 1, CANCELLED: 1, REFUND_DUE: 0 }, failed: 0, tickets: 0, inFlight: 0 });
  });

  test("an unknown order waits, and is sold within a second or two of its Try", async () => {
    await send("a", "1");
    await world.clock.advance(4_000);
    expect(payment("1")).toMatchObject({ state: "PENDING", txId: null, failures: 0 });
    await order("a");
    await world.clock.advance(2_000);
    expect([payment("1")?.outcome, stateOf("a")]).toEqual(["SOLD", "CONFIRMED"]);
  });

  test("a payment without an order waits longer the older it is, a minute at most; FAILED gives up after a day, PAID never does", async () => {
    const waiting = (status: PaymentStatus, ageMs: number) =>
      carryOut({ paymentKey: "k", orderId: "o", status, state: "PENDING", txId: null, attempt: 1, failures: 0, ageMs, overruled: false }, verbs, CALL, world.random);
    const pauses = await Promise.all([0, 10_000, 3_600_000, 30 * 86_400_000].map(async (ageMs) => (await waiting("PAID", ageMs)).retryInMs));
    expect(pauses).toEqual([300, 2_000, 60_000, 60_000]);
    expect(await waiting("FAILED", UNPAID_WAIT_MS_MAX)).toMatchObject({ to: "PENDING", outcome: null });
    expect(await waiting("FAILED", UNPAID_WAIT_MS_MAX + 1)).toMatchObject({ to: "FAILED", outcome: "NO_ORDER" });
  });

  test("PAID for a cancelled order opens a refund ticket, once, and says so", async () => {
    await order("a");
    await run((instances[0] as Instance).engine.cancel("a", CALL));
    await send("a", "1");
    await send("a", "2");
    await world.clock.advance(1_000);
    expect(payment("1")).toMatchObject({ state: "COMPENSATING", outcome: "REFUND_DUE", failures: 0 });
    expect(openTickets()).toEqual(["REFUND a"]);
    expect(opened).toHaveLength(1);
  });

  test("paid sticks: FAILED after PAID cancels nothing; FAILED before it has cancelled, and the money goes back", async () => {
    await order("a");
    await order("b");
    await send("a", "1");
    await send("a", "2", "FAILED");
    await send("b", "3", "FAILED");
    await world.clock.advance(500);
    await send("b", "4");
    await world.clock.advance(500);
    expect([stateOf("a"), payment("2")?.outcome]).toEqual(["CONFIRMED", "OVERRULED"]);
    expect([stateOf("b"), payment("4")?.outcome]).toEqual(["CANCELLED", "REFUND_DUE"]);
  });

  test("a late payment reserves again while there is stock, else it is refunded", async () => {
    await order("a", "a", 30, 1);
    await order("b", "b", 30, 1).catch(() => {});
    await world.clock.advance(7_000);
    expect(stateOf("a")).toBe("EXPIRED");
    await send("a", "1");
    await world.clock.advance(500);
    expect(stateOf("a")).toBe("CONFIRMED");
    await order("c", "c", 15, 1);
    await world.clock.advance(7_000);
    await order("d", "d", 10);
    await send("c", "2");
    await world.clock.advance(500);
    expect([stateOf("c"), payment("2")?.outcome, openTickets()]).toEqual(["EXPIRED", "REFUND_DUE", ["REFUND c"]]);
  });

  test(`more than ${PAYMENT_FAILURES_MAX} failures go to a person, and slow retries go on until it is sold`, async () => {
    await order("a");
    const real = verbs;
    const states = new Set<string | undefined>();
    verbs = { ...real, confirm: async () => Promise.reject(new EngineError("OVERLOADED", "told to")) };
    await send("a", "1");
    for (let i = 0; i < 60; i++) {
      await world.clock.advance(500);
      states.add(payment("1")?.state);
    }
    expect([...states]).toEqual(["COMPENSATING", "MANUAL_REVIEW"]);
    expect(payment("1")?.failures).toBeGreaterThan(PAYMENT_FAILURES_MAX);
    expect(openTickets()).toEqual(["REVIEW a"]);
    expect(opened).toHaveLength(1);
    verbs = real;
    await world.clock.advance(21_000);
    expect([payment("1")?.state, openTickets()]).toEqual(["COMPLETED", []]);
  });

  test("FAILED that cannot cancel is tried again, and disturbs nobody: what is not cancelled expires", async () => {
    await order("a");
    const real = verbs;
    verbs = { ...real, cancel: async () => Promise.reject(new EngineError("OVERLOADED", "told to")) };
    await send("a", "1", "FAILED");
    await world.clock.advance(60_000);
    expect([payment("1")?.state, openTickets()]).toEqual(["PENDING", []]);
    verbs = real;
    await world.clock.advance(21_000);
    expect([payment("1")?.state, stateOf("a")]).toEqual(["FAILED", "CANCELLED"]);
  });

  test("not paid, and confirmed by other means: it is recorded, nothing is reversed", async () => {
    await order("a");
    await run((instances[0] as Instance).engine.confirm("a", CALL));
    await send("a", "1", "FAILED");
    await world.clock.advance(500);
    expect([payment("1")?.outcome, stateOf("a")]).toEqual(["TOO_LATE", "CONFIRMED"]);
  });

  test("what one instance took in and did not carry out, another does", async () => {
    await begin(2, 2);
    await order("a");
    verbs = { confirm: () => new Promise(() => {}), cancel: () => new Promise(() => {}) };
    await send("a", "1");
    (services[0] as Payments).stop().catch(() => {}); // as good as dead: what it began never ends
    await world.clock.advance(4_000);
    expect(stateOf("a")).toBe("RESERVED");
    await world.clock.advance(5_000);
    expect([stateOf("a"), payment("1")]).toMatchObject(["CONFIRMED", { state: "COMPLETED", attempt: 2 }]);
  });

  test.each([
    ["before its confirm", { before: true, after: false }],
    ["after its confirm, before its report", { before: false, after: true }],
  ])("an instance that dies %s: another finds it undone, or done, and writes it down", async (_, dies) => {
    await begin(3, 2);
    await order("a");
    const real = verbs;
    const never = new Promise<never>(() => {});
    verbs = {
      ...real,
      confirm: async (...args) => {
        if (dies.before) return never;
        await real.confirm(...args);
        return never;
      },
    };
    await send("a", "1");
    (services[0] as Payments).stop().catch(() => {});
    await world.clock.advance(9_000);
    expect([stateOf("a"), payment("1")]).toMatchObject(["CONFIRMED", { state: "COMPLETED", outcome: "SOLD", attempt: 2, failures: 0 }]);
  });

  test("a report that is lost on its way is made again by whoever comes next", async () => {
    await order("a");
    const settle = ledger.settle.bind(ledger);
    let lost = 3;
    ledger.settle = async (reports) => (lost-- > 0 ? Promise.reject(new LedgerFailure("unknown", "told to")) : settle(reports));
    await send("a", "1");
    await world.clock.advance(9_000);
    expect([stateOf("a"), payment("1")]).toMatchObject(["CONFIRMED", { state: "COMPLETED", attempt: 2 }]);
  });

  test("a ledger that is away refuses callbacks; a conflict is tried again; nothing is acknowledged that is not durable", async () => {
    const accept = ledger.accept.bind(ledger);
    ledger.accept = async () => Promise.reject(new LedgerFailure("unavailable", "told to"));
    await expect(send("a", "1")).rejects.toMatchObject({ code: "UNAVAILABLE" });
    ledger.accept = async () => Promise.reject(new LedgerFailure("unknown", "told to"));
    await expect(send("a", "1")).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    let conflicts = 1;
    ledger.accept = async (events) => (conflicts-- > 0 ? Promise.reject(new LedgerFailure("conflict", "told to")) : accept(events));
    expect(await send("a", "1")).toEqual({ duplicate: false });
  });

  test("with nothing due the ledger is asked every few seconds", async () => {
    let claims = 0;
    const claim = ledger.claim.bind(ledger);
    ledger.claim = (limit) => {
      claims++;
      return claim(limit);
    };
    await world.clock.advance(60_000);
    expect(claims).toBeLessThanOrEqual(21);
  });

  test("a backlog is worked off without a pause between its claims", async () => {
    await Promise.all(Array.from({ length: 700 }, (_, i) => ledger.accept([event(`nobody-${i}`, "1", "FAILED")])));
    await world.clock.advance(5_000); // whoever took them in is dead
    let claims = 0;
    const claim = ledger.claim.bind(ledger);
    ledger.claim = (limit) => {
      claims++;
      return claim(limit);
    };
    await world.clock.advance(3_500);
    expect(ledger.inspect().payments.filter(({ attempt }) => attempt > 1).length).toBe(700);
    expect(claims).toBeLessThan(30);
  });

  test("after a stop nothing is taken in, and what was is finished", async () => {
    await order("a");
    await send("a", "1");
    await run((services[0] as Payments).stop());
    expect(payment("1")?.state).toBe("COMPLETED");
    await expect(send("a", "2")).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });
});

describe("any order, any number of times", () => {
  test("12 days of callbacks, Trys, cancels and expiries: every payment ends sold, refunded or waiting, and paid sticks", async () => {
    for (let seed = 1; seed <= 12; seed++) {
      await begin(seed, 2);
      await playDay(seededRandom(seed));
      checkDay(seed);
    }
  });
});

async function playDay(random: Random): Promise<void> {
  const orders = Array.from({ length: 8 }, (_, i) => `o${i}`);
  const later: PaymentEvent[] = [];
  for (let step = 0; step < 60; step++) {
    const orderId = pick(random, orders);
    const dice = random.next();
    if (dice < 0.3) await order(`${orderId}-${integerBetween(random, 1, 3)}`, orderId, integerBetween(random, 1, 9), pick(random, [1, 900])).catch(() => {});
    else if (dice < 0.4) await run((instances[0] as Instance).engine.cancel(`${orderId}-${integerBetween(random, 1, 3)}`, CALL)).catch(() => {});
    else if (dice < 0.45) await world.clock.advance(6_000);
    else {
      const sent = random.next() < 0.4 && later.length > 0 ? pick(random, later) : event(orderId, `e${step}`, random.next() < 0.6 ? "PAID" : "FAILED");
      later.push(sent);
      await run(pick(random, services).accept(sent));
      if (random.next() < 0.5) await world.clock.advance(integerBetween(random, 0, 800));
    }
  }
  await world.clock.advance(30_000);
}

function checkDay(seed: number): void {
  const { payments, tickets } = ledger.inspect();
  const { transactions } = world.ledger.inspect();
  for (const { paymentKey, status, state, outcome, txId, ticketId, orderId } of payments) {
    const where = `seed ${seed}: ${paymentKey}`;
    const transaction = transactions.find((row) => row.txId === txId);
    if (status === "FAILED") {
      const waits = state === "PENDING" && !transactions.some((row) => row.orderId === orderId);
      expect(waits || state === "FAILED", where).toBe(true);
    } else if (outcome === "REFUND_DUE") {
      expect(tickets, where).toContainEqual(expect.objectContaining({ ticketId, txId, kind: "REFUND", open: true }));
      expect(["CANCELLED", "EXPIRED"], where).toContain(transaction?.state);
    } else if (state === "PENDING") {
      expect(transactions.some((row) => row.orderId === orderId), where).toBe(false);
    } else {
      expect([state, outcome, transaction?.state], where).toEqual(["COMPLETED", "SOLD", "CONFIRMED"]);
    }
  }
  const cancelled = payments.filter(({ outcome }) => outcome === "CANCELLED").map(({ txId }) => txId);
  const sold = payments.filter(({ outcome }) => outcome === "SOLD").map(({ txId }) => txId);
  expect(sold.filter((txId) => cancelled.includes(txId)), `seed ${seed}`).toEqual([]);
}
