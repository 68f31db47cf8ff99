/**
 * Sends the four verbs for customers and keeps asking, with the same txId, until an answer settles it.
 * It never decides what to ask: `customer.ts` does.
 */
import type { Random } from "../../server/engine/kernel/random.ts";
import type { Day } from "./day.ts";
import { type Attempt, certaintyOf, type History, isWorthAsking, type Verb } from "./history.ts";
import type { Recorder } from "./recorder.ts";
import type { Wire } from "./wire.ts";
import type { Sending } from "./workload.ts";

/** Asking again waits 50 ms, then twice as long each time, up to a second: a server that returns is found at once. */
const BACK_OFF_MS_MIN = 50;
const BACK_OFF_MS_MAX = 1_000;
/** A `Retry-After` is obeyed up to here. */
const RETRY_AFTER_MS_MAX = 3_000;
/** A customer whose order is certainly not placed walks away after so many "not now". */
const TURNED_AWAY_MAX = 4;

export interface TryPayload {
  txId: string;
  storeId: string;
  lines: { dishId: string; quantity: number }[];
  orderId?: string;
  couponId?: string;
  ttlSeconds: number;
  participants?: { tryUrl: string; confirmUrl: string; cancelUrl: string; body: unknown }[];
}

export class Till {
  private readonly wire: Wire;
  private readonly recorder: Recorder;
  private readonly day: Day;
  private readonly random: Random;

  constructor(parts: { wire: Wire; recorder: Recorder; day: Day; random: Random }) {
    this.wire = parts.wire;
    this.recorder = parts.recorder;
    this.day = parts.day;
    this.random = parts.random;
  }

  /** A Try, sent in the customer's way, until it is settled or the day is over. */
  async try(history: History, payload: TryPayload, sending: Sending = "once", hangUpAfterMs = 0, intendedAtMs?: number): Promise<Attempt> {
    return this.ask(history, "try", sending, hangUpAfterMs, payload, intendedAtMs);
  }

  async move(history: History, verb: Exclude<Verb, "try">, sending: Sending = "once", hangUpAfterMs = 0): Promise<Attempt> {
    return this.ask(history, verb, sending, hangUpAfterMs, null);
  }

  /** The txId with another payload, once. */
  async alteredTry(history: History, payload: TryPayload): Promise<Attempt> {
    return (await this.send(history, "try", payload, { altered: true })).attempt;
  }

  private async ask(
    history: History,
    verb: Verb,
    sending: Sending,
    hangUpAfterMs: number,
    payload: TryPayload | null,
    intendedAtMs?: number,
  ): Promise<Attempt> {
    if (sending === "doubleClick") {
      const [one, two] = await Promise.all([
        this.untilSettled(history, verb, payload, intendedAtMs),
        this.untilSettled(history, verb, payload, intendedAtMs),
      ]);
      return certaintyOf(one) === "done" ? one : two;
    }
    if (sending === "lostAnswer") {
      const first = await this.send(history, verb, payload, { abortAfterMs: hangUpAfterMs, intendedAtMs });
      if (certaintyOf(first.attempt) !== "unknown") return first.attempt;
      return this.untilSettled(history, verb, payload);
    }
    return this.untilSettled(history, verb, payload, intendedAtMs);
  }

  private async untilSettled(history: History, verb: Verb, payload: TryPayload | null, intendedAtMs?: number): Promise<Attempt> {
    let inDoubt = false;
    for (let asked = 1; ; asked++) {
      const { attempt, retryAfterMs } = await this.send(history, verb, payload, asked === 1 ? { intendedAtMs } : {});
      if (!isWorthAsking(attempt) || this.day.over) return attempt;
      if (attempt.status === 202 && history.stuck) return attempt;
      inDoubt ||= certaintyOf(attempt) === "unknown";
      if (verb === "try" && !inDoubt && asked >= TURNED_AWAY_MAX) return attempt;
      const doubled = Math.min(BACK_OFF_MS_MAX, BACK_OFF_MS_MIN * 2 ** (asked - 1));
      const wanted = Math.max(doubled, Math.min(RETRY_AFTER_MS_MAX, retryAfterMs ?? 0));
      await this.day.backOff(wanted * (0.5 + this.random.next()));
      if (this.day.over) return attempt;
    }
  }

  private async send(
    history: History,
    verb: Verb,
    payload: TryPayload | null,
    how: { altered?: boolean; abortAfterMs?: number; intendedAtMs?: number },
  ): Promise<{ attempt: Attempt; retryAfterMs: number | null }> {
    const altered = how.altered ?? false;
    const mayReserve = this.recorder.sending(history, verb, altered);
    const path = payload ? "/api/v1/transactions" : `/api/v1/transactions/${history.txId}/${verb}`;
    const answer = await this.wire.send({ method: "POST", path, body: payload ?? undefined, abortAfterMs: how.abortAfterMs });
    return {
      attempt: this.recorder.note(history, verb, altered, mayReserve, answer, how.intendedAtMs),
      retryAfterMs: answer.kind === "answered" ? answer.retryAfterMs : null,
    };
  }
}
