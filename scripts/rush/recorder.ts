/**
 * Writes down every answer: per transaction for the audit, in numbers for the report. It judges nothing but whether an
 * answer repeats the first one; `audit/` does the rest.
 */
import { Histogram } from "./histogram.ts";
import { type Attempt, certaintyOf, type History, type Verb } from "./history.ts";
import { Pulse } from "./pulse.ts";
import { type Slack, StockBound } from "./stock-bound.ts";
import type { Answer } from "./wire.ts";

/** Everything that is timed: the verbs, and what the rush asks beside them. */
export type Call = Verb | "menu" | "restock" | "coupon";

/** A SOLD_OUT for portions that were certainly there. */
export interface DoubtfulRefusal extends Slack {
  txId: string;
  /** Since the rush began. */
  atMs: number;
}

/** The server names a shortage that its own figures deny. */
export interface OddShortage {
  txId: string;
  dishId: string;
  wanted: number;
  available: number;
}

export interface AcknowledgedRestock {
  actionKey: string;
  dishId: string;
  quantity: number;
  acknowledged: boolean;
  /** Answers that differ from the first one. */
  contradiction: string | null;
}

/** Enough to see what is wrong; the rest is counted. */
const KEPT_MAX = 1_000;
/** A confirm may be on its way for as long as a request may wait (8 s), and find its reservation expired. */
const LATE_MS = 8_000;

export class Recorder {
  readonly startedAtMs = performance.now();
  readonly pulse = new Pulse();
  readonly histories = new Map<string, History>();
  readonly bound = new StockBound();
  readonly latencies = new Map<Call, Histogram>();
  /** Answers by call and by status or problem code. */
  readonly answers = new Map<Call, Map<string, number>>();
  /** 5xx by code, and losses by reason that the rush did not cause itself. */
  readonly errors = new Map<string, number>();
  readonly doubtful: DoubtfulRefusal[] = [];
  doubtfulCount = 0;
  readonly odd: OddShortage[] = [];
  readonly restocks = new Map<string, AcknowledgedRestock>();
  readonly coupons = new Set<string>();
  orders = 0;
  /** Open loop: arrivals that found every customer busy. */
  dropped = 0;
  /** Customers' hang-ups: lost on purpose. */
  hungUp = 0;
  requests = 0;
  accepted = 0;
  replayed = 0;
  confirmed = 0;
  cancelled = 0;
  reversed = 0;
  refundsDue = 0;
  begin(order: Pick<History, "txId" | "storeId" | "orderId" | "couponId" | "lines" | "ttlSeconds">): History {
    const history: History = { ...order, firstTryAtMs: null, attempts: [], reserved: null, contradictions: null };
    this.histories.set(history.txId, history);
    return history;
  }

  /** Before a request is sent. @returns whether it may reserve portions: `note` wants to know. */
  sending(history: History, verb: Verb, altered: boolean): boolean {
    const nowMs = performance.now();
    if (verb === "try" && !altered) {
      history.firstTryAtMs ??= nowMs;
      this.bound.sent(history);
      return true;
    }
    const isLate = history.firstTryAtMs !== null && nowMs + LATE_MS >= history.firstTryAtMs + history.ttlSeconds * 1000;
    if (verb !== "confirm" || !isLate) return false;
    this.bound.lateConfirmSent(history);
    return true;
  }

  /** @param intendedAtMs when the request should have been sent: a late client must not flatter the server. */
  note(
    history: History,
    verb: Verb,
    altered: boolean,
    mayReserve: boolean,
    answer: Answer,
    intendedAtMs = answer.sentAtMs,
  ): Attempt {
    this.time(verb, answer, intendedAtMs);
    const body = answer.kind === "answered" ? asRecord(answer.body) : {};
    const yes = answer.kind === "answered" && answer.status >= 200 && answer.status < 300;
    const attempt: Attempt = {
      verb,
      altered,
      sentAtMs: answer.sentAtMs,
      doneAtMs: answer.doneAtMs,
      status: answer.kind === "answered" ? answer.status : 0,
      code: answer.kind === "lost" ? answer.reason : yes ? null : textOf(body.code),
      state: yes ? textOf(body.state) : null,
      ticketId: textOf(body.ticketId),
    };
    this.count(history, attempt);
    history.attempts.push(attempt);
    if (yes) this.compare(history, attempt, body);
    if (!altered) this.bound.answered(history, attempt, mayReserve);
    if (attempt.code === "SOLD_OUT" && verb === "try" && !altered) this.weigh(history, attempt, body);
    return attempt;
  }

  /** Notes a call that belongs to no transaction. */
  time(call: Call, answer: Answer, intendedAtMs = answer.sentAtMs): void {
    this.requests += 1;
    let label: string;
    if (answer.kind === "answered") {
      const code = textOf(asRecord(answer.body).code);
      label = answer.status < 300 ? String(answer.status) : (code ?? `HTTP ${answer.status}`);
      if (answer.status < 500) {
        let histogram = this.latencies.get(call);
        if (!histogram) this.latencies.set(call, (histogram = new Histogram()));
        histogram.record(answer.doneAtMs - intendedAtMs);
        this.pulse.good(answer.doneAtMs);
      } else {
        this.fail(`${answer.status} ${code ?? ""}`.trim(), answer.doneAtMs);
      }
    } else if (answer.reason === "aborted") {
      label = "hung up";
      this.hungUp += 1;
    } else {
      label = `lost: ${answer.reason}`;
      this.fail(`${answer.reason}: ${answer.detail}`, answer.doneAtMs);
    }
    let labels = this.answers.get(call);
    if (!labels) this.answers.set(call, (labels = new Map()));
    labels.set(label, (labels.get(label) ?? 0) + 1);
  }

  private fail(error: string, atMs: number): void {
    this.pulse.bad(atMs);
    this.errors.set(error, (this.errors.get(error) ?? 0) + 1);
  }

  private count(history: History, attempt: Attempt): void {
    if (attempt.code === "REFUND_DUE" && !history.attempts.some(({ code }) => code === "REFUND_DUE")) this.refundsDue += 1;
    if (certaintyOf(attempt) !== "done" || attempt.altered) return;
    const first = !history.attempts.some((earlier) => earlier.verb === attempt.verb && earlier.status === 200);
    if (attempt.verb === "try") {
      if (history.reserved === null) this.accepted += 1;
      if (attempt.status === 200) this.replayed += 1;
    } else if (attempt.status === 200 && first) {
      if (attempt.verb === "confirm") this.confirmed += 1;
      else if (attempt.verb === "cancel") this.cancelled += 1;
      else this.reversed += 1;
    }
  }

  private compare(history: History, attempt: Attempt, body: Record<string, unknown>): void {
    if (body.txId !== history.txId) contradict(history, `${attempt.verb} was answered for txId ${JSON.stringify(body.txId)}`);
    if (attempt.verb !== "try" || attempt.altered) return;
    const lines = Array.isArray(body.lines) ? body.lines.map(asRecord) : [];
    const asked = history.lines.map((line) => `${line.quantity} × ${line.dishId}`).join(", ");
    const told = lines.map((line) => `${line.quantity} × ${line.dishId}`).join(", ");
    if (told !== asked) contradict(history, `asked for ${asked}, was told ${told}`);
    const reserved = { freezeIds: lines.map((line) => String(line.freezeId)), expiresAt: String(body.expiresAt) };
    if (history.reserved === null) {
      history.reserved = reserved;
      return;
    }
    if (reserved.freezeIds.join() !== history.reserved.freezeIds.join()) {
      contradict(history, `freezeIds ${history.reserved.freezeIds.join(" ")}, then ${reserved.freezeIds.join(" ")}`);
    }
    if (reserved.expiresAt !== history.reserved.expiresAt) {
      contradict(history, `expiresAt ${history.reserved.expiresAt}, then ${reserved.expiresAt}`);
    }
  }

  private weigh(history: History, attempt: Attempt, body: Record<string, unknown>): void {
    const shortages = (Array.isArray(body.dishes) ? body.dishes : []).map(asRecord);
    for (const { dishId, wanted, available } of shortages) {
      if (typeof wanted === "number" && typeof available === "number" && available >= wanted && this.odd.length < KEPT_MAX) {
        this.odd.push({ txId: history.txId, dishId: String(dishId), wanted, available });
      }
    }
    const there = this.bound.certainlyThere(history, attempt.sentAtMs);
    // Justified as soon as one dish it names, or could mean, may have been short.
    const named = shortages.length > 0 ? shortages.map((shortage) => String(shortage.dishId)) : history.lines.map((line) => line.dishId);
    const unjustified = there.filter((slack) => named.includes(slack.dishId));
    if (unjustified.length < new Set(named).size) return;
    this.doubtfulCount += 1;
    if (this.doubtful.length >= KEPT_MAX) return;
    // The least slack decides: if that one was there after all that others took, all were.
    const least = unjustified.reduce((a, b) => (a.slack <= b.slack ? a : b));
    this.doubtful.push({ ...least, txId: history.txId, atMs: attempt.doneAtMs - this.startedAtMs });
  }
}

function contradict(history: History, what: string): void {
  history.contradictions ??= [];
  if (history.contradictions.length < 5) history.contradictions.push(what);
}

export function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

export function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
