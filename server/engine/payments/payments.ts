/**
 * Payments takes callbacks in and carries them out: PAID confirms, FAILED cancels. A callback is acknowledged when it is
 * durable, and carried out after that, by whoever has its lease: this instance at once, any other when the lease has passed.
 * It decides nothing about stock: the engine's verbs do, and the payment ledger moves the states.
 */
import { Dedup, type DedupCounters, type DedupFilter } from "../dedup/dedup.ts";
import type { Clock } from "../kernel/clock.ts";
import { EngineError } from "../kernel/errors.ts";
import { Gathering, insist } from "../kernel/gathering.ts";
import type { Random } from "../kernel/random.ts";
import { Rounds } from "../kernel/rounds.ts";
import { isLedgerFailure } from "../tiers/tcc/ledger.ts";
import { CARRY_OUT_TIMEOUT_MS, carryOut, type PaymentVerbs } from "./carry-out.ts";
import { PAYMENT_LEASE_MS, paymentKeyOf, type LeasedPayment, type PaymentEvent, type PaymentLedger, type PaymentReport, type SettledPayment } from "./payment-ledger.ts";
import { PAYMENT_OUTCOMES, type PaymentOutcome } from "./payment-states.ts";

/** How often this instance asks itself whether a payment that it knows of, or that the due watch found, is due. */
const LOOK_INTERVAL_MS = 250;

/** Payments of one claim; each is one confirm or cancel, and those leave in batches of the lock tier. */
const CLAIM_MAX = 128;

/** What is carried out at a time; the rest waits in the ledger. */
const CARRYING_MAX = 512;

/** Callbacks that wait to be written: more than a second's worth would not be answered in time anyway. */
const ACCEPTING_MAX = 8_192;

const NO_TRACE = "0".repeat(32);
const RETRY_MS = 1_000;

export interface PaymentPorts {
  clock: Clock;
  random: Random;
  ledger: PaymentLedger;
  verbs: PaymentVerbs;
  /** What was seen before, nearest first. Absent: every callback is asked of the ledger. */
  filters?: readonly DedupFilter[];
}

/** Since the process started, of what this instance did. */
export interface PaymentCounters {
  /** Callbacks, by who knew them: nobody, a filter, or only the ledger. */
  callbacks: Readonly<DedupCounters>;
  outcomes: Record<PaymentOutcome, number>;
  /** Attempts that failed; each is followed by another. */
  failed: number;
  /** Due payments that were taken up, its own and others'. */
  recovered: number;
  tickets: number;
  /** Payments that are being carried out now. */
  inFlight: number;
}

export type TicketListener = (txId: string, ticketId: string) => void;

export class Payments {
  private readonly dedup: Dedup<PaymentEvent>;
  private readonly accepting: Gathering<PaymentEvent, boolean>;
  /** A report that cannot be written is given up: the lease runs out, and the payment is due again. */
  private readonly reporting: Gathering<PaymentReport, SettledPayment | null>;
  private readonly underWay = new Set<Promise<unknown>>();
  private readonly listeners = new Set<TicketListener>();
  private readonly rounds: Rounds;
  private passing: Promise<number> | null = null;
  private stopped = false;
  private readonly counted = { outcomes: Object.fromEntries(PAYMENT_OUTCOMES.map((outcome) => [outcome, 0])) as Record<PaymentOutcome, number>, failed: 0, recovered: 0, tickets: 0 };

  constructor(private readonly ports: PaymentPorts) {
    const { clock } = ports;
    this.rounds = new Rounds({ clock, everyMs: LOOK_INTERVAL_MS, pass: () => this.pass() });
    this.dedup = new Dedup<PaymentEvent>(paymentKeyOf, ports.filters ?? []);
    this.accepting = new Gathering(clock, (events) => this.dedup.once(events, (fresh) => this.write(fresh)));
    this.reporting = new Gathering(clock, (reports) => this.report(reports));
  }

  get counters(): PaymentCounters {
    return { ...this.counted, callbacks: this.dedup.counters, inFlight: this.underWay.size };
  }

  /**
   * Resolves when the callback is durable; what it asks for is done afterwards.
   * @throws EngineError UNAVAILABLE, OVERLOADED, DEADLINE_EXCEEDED: send it again.
   */
  async accept(event: PaymentEvent): Promise<{ duplicate: boolean }> {
    if (this.stopped) throw new EngineError("UNAVAILABLE", "This instance is shutting down.", { tier: "access", retryAfterMs: RETRY_MS });
    if (this.accepting.size >= ACCEPTING_MAX) throw new EngineError("OVERLOADED", "Too many callbacks are waiting.", { tier: "access", retryAfterMs: RETRY_MS });
    try {
      return { duplicate: !(await this.accepting.add(event)) };
    } catch (error) {
      if (isLedgerFailure(error) && error.kind === "unknown") throw new EngineError("DEADLINE_EXCEEDED", "The ledger did not answer in time; send it again.", { cause: error });
      throw new EngineError("UNAVAILABLE", "The ledger cannot be reached.", { cause: error, retryAfterMs: RETRY_MS });
    }
  }

  /** Tells of refund and review tickets that this instance opened. A listener must not throw. @returns how to stop listening. */
  onTicket(listener: TicketListener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  start(): void {
    this.rounds.start();
  }

  /** A payment will be due then: the next pass comes no later. */
  expect(inMs: number): void {
    this.rounds.expect(inMs);
  }

  /** Claims what is due, as much as there is room for, and begins it. What a claim that failed left is found by the due watch. @returns how many. */
  pass(): Promise<number> {
    this.passing ??= this.claim().finally(() => {
      this.passing = null;
    });
    return this.passing;
  }

  /** One pass, until what it began is written down. @returns how many. */
  async passOnce(): Promise<number> {
    const claimed = await this.pass();
    await this.idle();
    return claimed;
  }

  /** Resolves when nothing is being carried out. */
  async idle(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  /** Takes in nothing new, finishes what is under way. Before the engine stops. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.rounds.stop();
    await this.idle();
  }

  private async claim(): Promise<number> {
    const limit = Math.min(CLAIM_MAX, CARRYING_MAX - this.underWay.size);
    const payments = limit > 0 ? await this.ports.ledger.claim(limit).catch(() => []) : [];
    if (limit <= 0 || payments.length === limit) this.expect(0); // more may be due
    this.counted.recovered += payments.length;
    for (const payment of payments) this.begin(payment);
    return payments.length;
  }

  /** One answer an event: was it new? New ones are ours to carry out. */
  private async write(events: readonly PaymentEvent[]): Promise<boolean[]> {
    const leased = await this.acceptTogether(events);
    const fresh = new Set(leased.map(({ paymentKey }) => paymentKey));
    for (const payment of leased) {
      if (this.underWay.size < CARRYING_MAX) this.begin(payment);
      else this.expect(PAYMENT_LEASE_MS); // which passes
    }
    return events.map((event) => fresh.has(paymentKeyOf(event)));
  }

  /** A conflict was rolled back whole, so the same events are written once more. */
  private async acceptTogether(events: readonly PaymentEvent[]): Promise<LeasedPayment[]> {
    return this.ports.ledger.accept(events).catch((error: unknown) => {
      if (isLedgerFailure(error) && error.kind === "conflict") return this.ports.ledger.accept(events);
      throw error;
    });
  }

  private begin(payment: LeasedPayment): void {
    const work = this.carryOut(payment)
      .catch(() => {}) // written nowhere: the lease runs out, and it is due again
      .finally(() => this.underWay.delete(work));
    this.underWay.add(work);
  }

  private async carryOut(payment: LeasedPayment): Promise<void> {
    const { verbs, random } = this.ports;
    const report = await carryOut(payment, verbs, { timeoutMs: CARRY_OUT_TIMEOUT_MS, traceId: NO_TRACE }, random);
    const settled = await this.reporting.add(report);
    if (!settled) return;
    if (settled.outcome !== null) this.counted.outcomes[settled.outcome]++;
    if (report.failed) this.counted.failed++;
    if (settled.openedTicketId !== null) this.counted.tickets++;
    if (settled.state !== "COMPLETED" && settled.state !== "FAILED" && settled.outcome === null) this.expect(report.outcome === null ? report.retryInMs : 0);
    if (settled.openedTicketId !== null) for (const listener of this.listeners) listener(settled.txId as string, settled.openedTicketId);
  }

  private async report(reports: readonly PaymentReport[]): Promise<(SettledPayment | null)[]> {
    const { clock, ledger } = this.ports;
    const settled = new Map((await insist(clock, () => ledger.settle(reports))).map((payment) => [payment.paymentKey, payment]));
    return reports.map(({ paymentKey }) => settled.get(paymentKey) ?? null);
  }
}
