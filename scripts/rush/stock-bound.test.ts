/**
 * The bound against a server that is always right: whatever the interleaving, it must never accuse a just refusal. And
 * against a server that forgets a restock: it must.
 */
import { describe, expect, it } from "vitest";
import { integerBetween, type Random, seededRandom } from "../../server/engine/kernel/random.ts";
import type { History, Verb } from "./history.ts";
import { StockBound } from "./stock-bound.ts";
import { attempt, history } from "./testing/histories.ts";

/** A dish at a server, in events on one time line; every request is decided some time after it is sent and answered later still. */
class Kitchen {
  readonly bound = new StockBound();
  readonly accused: string[] = [];
  refusals = 0;
  private available: number;
  private nowMs = 0;
  private readonly random: Random;
  /** How long a request may take to be decided, and how often customers come: each seed its own. */
  private readonly slowMs: number;
  private readonly everyMs: number;
  private readonly agenda: { atMs: number; run: () => void }[] = [];
  private readonly reserved = new Set<History>();
  private readonly fenced = new Set<History>();
  /** What a refusal is decided by: a reading up to 500 ms old. */
  private readonly past: { atMs: number; available: number }[] = [];

  constructor(seed: number, available: number) {
    this.random = seededRandom(seed);
    this.available = available;
    this.slowMs = integerBetween(this.random, 50, 3_000);
    this.everyMs = integerBetween(this.random, 20, 150);
  }

  private in(from: number, to: number, run: () => void): void {
    this.agenda.push({ atMs: this.nowMs + integerBetween(this.random, from, to), run });
  }

  private shift(portions: number): void {
    this.past.push({ atMs: this.nowMs, available: this.available });
    this.available += portions;
  }

  /** The lowest stock of the last 500 ms: refusing by it is allowed. */
  private leased(): number {
    const recent = this.past.filter(({ atMs }) => atMs >= this.nowMs - 500).map((mark) => mark.available);
    return Math.min(this.available, ...recent);
  }

  run(untilMs: number): void {
    for (let at = 0; at < untilMs; at += 500) this.agenda.push({ atMs: at, run: () => this.readMenu() });
    for (let at = 0; at < untilMs; at += this.everyMs) this.agenda.push({ atMs: at, run: () => this.order(at) });
    for (let at = 700; at < untilMs; at += 1_700) this.agenda.push({ atMs: at, run: () => this.shift(6) });
    while (this.agenda.length > 0) {
      this.agenda.sort((a, b) => a.atMs - b.atMs);
      const next = this.agenda.shift()!;
      this.nowMs = next.atMs;
      next.run();
    }
  }

  private readMenu(): void {
    const finish = this.bound.beginReading();
    this.in(0, 30, () => {
      const available = this.available;
      this.in(0, 30, () => finish([{ dishId: "noodles", available }], this.nowMs));
    });
  }

  private order(n: number): void {
    const one = history(`t${n}`, [], { lines: [{ dishId: "noodles", quantity: integerBetween(this.random, 1, 3) }] });
    this.sendTry(one, () => {
      if (this.random.next() < 0.4) this.sendCancel(one);
    });
    // A double click, and a cancel that may overtake its Try.
    if (this.random.next() < 0.2) this.in(0, 40, () => this.sendTry(one, () => undefined));
    if (this.random.next() < 0.1) this.in(0, 40, () => this.sendCancel(one));
  }

  private sendTry(one: History, onYes: () => void): void {
    const sentAtMs = this.nowMs;
    const quantity = one.lines[0]!.quantity;
    this.bound.sent(one);
    this.in(0, this.slowMs, () => {
      if (this.fenced.has(one)) return this.answer(one, "try", "409 LATE_TRY", sentAtMs);
      if (!this.reserved.has(one)) {
        if (Math.min(this.available, this.leased()) < quantity) return this.answer(one, "try", "409 SOLD_OUT", sentAtMs);
        this.shift(-quantity);
        this.reserved.add(one);
      }
      this.answer(one, "try", "201 RESERVED", sentAtMs, onYes);
    });
  }

  private sendCancel(one: History): void {
    const sentAtMs = this.nowMs;
    this.in(0, this.slowMs, () => {
      this.fenced.add(one);
      if (this.reserved.delete(one)) this.shift(one.lines[0]!.quantity);
      this.answer(one, "cancel", "200 CANCELLED", sentAtMs);
    });
  }

  private answer(one: History, verb: Verb, text: string, sentAtMs: number, then: () => void = () => undefined): void {
    const isLost = this.random.next() < 0.05;
    this.in(0, 200, () => {
      const told = attempt(verb, isLost ? "lost" : text, sentAtMs, { doneAtMs: this.nowMs });
      this.bound.answered(one, told, verb === "try");
      if (told.code === "SOLD_OUT") {
        this.refusals += 1;
        if (this.bound.certainlyThere(one, sentAtMs).length > 0) this.accused.push(`${one.txId} at ${this.nowMs} ms`);
      }
      if (!isLost) then();
    });
  }
}

describe("the lower bound on stock", () => {
  it.each(Array.from({ length: 40 }, (_, seed) => seed))("never accuses a just refusal (seed %i)", (seed) => {
    const kitchen = new Kitchen(seed, 20);
    kitchen.run(15_000);
    expect(kitchen.accused).toEqual([]);
    expect(kitchen.refusals).toBeGreaterThan(5);
  });

  const one = (txId: string, quantity: number) => history(txId, [], { lines: [{ dishId: "noodles", quantity }] });

  it("accuses a sold-out mark that sticks after portions came back", () => {
    const bound = new StockBound();
    bound.beginReading()([{ dishId: "noodles", available: 40 }], 1_000);
    const late = one("late", 2);
    bound.sent(late);
    expect(bound.certainlyThere(late, 1_500)).toEqual([]); // the refusal may rest on an older reading
    expect(bound.certainlyThere(late, 2_000)).toEqual([{ dishId: "noodles", slack: 38 }]);
  });

  it("believes no reading that is stale", () => {
    const bound = new StockBound();
    bound.beginReading()([{ dishId: "noodles", available: 40, stale: true }], 0);
    expect(bound.certainlyThere(one("x", 1), 9_000)).toEqual([]);
  });

  it("counts a refused Try as long as a copy of it is under way", () => {
    const bound = new StockBound();
    const twice = one("twice", 10);
    bound.sent(twice);
    bound.sent(twice);
    bound.answered(twice, attempt("try", "409 SOLD_OUT", 0), true);
    bound.beginReading()([{ dishId: "noodles", available: 12 }], 100);
    const asked = one("asked", 1);
    bound.sent(asked);
    expect(bound.certainlyThere(asked, 2_000)).toEqual([{ dishId: "noodles", slack: 1 }]);
  });

  it("leaves out what a lost Try, and a late confirm, may have taken", () => {
    const bound = new StockBound();
    const lost = one("lost", 10);
    bound.sent(lost);
    bound.answered(lost, attempt("try", "lost", 0), true);
    const expired = one("expired", 20);
    bound.sent(expired);
    bound.answered(expired, attempt("try", "201 RESERVED", 0), true);
    bound.beginReading()([{ dishId: "noodles", available: 40 }], 100);
    bound.lateConfirmSent(expired);
    const asked = one("asked", 3);
    bound.sent(asked);
    expect(bound.certainlyThere(asked, 5_000)).toEqual([{ dishId: "noodles", slack: 40 - 10 - 20 - 3 }]);
  });
});
