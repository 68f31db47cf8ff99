/**
 * ParticipantGate stands before every call to a participant: is the host allowed, is its circuit closed, is a connection
 * free. Both adapters are a gate with a wire behind it, so the simulator meets the same breakers as production.
 * It knows neither HTTP (the wire does) nor when to ask again (`phase-two`).
 */
import { LRUCache } from "lru-cache";
import type { Clock } from "../../kernel/clock.ts";
import type { CallTarget, ParticipantDirectory } from "../../kernel/participant-directory.ts";
import { CircuitBreaker, FAILURES_TO_OPEN } from "../../guards/circuit-breaker.ts";
import { type Heard, notSent } from "./participant-answers.ts";
import type { BranchAnswer, BranchCall, Participants, ParticipantState } from "./participants.ts";

/** Calls under way to one origin: at 10 ms an answer 6 400 a second, and still a modest guest of a small service. */
export const CONNECTIONS_MAX = 64;

/** Calls that wait for one of these: at 10 ms an answer the last one waits 160 ms, a fifth of a request's time. */
export const WAITING_MAX = 1_024;

/** A participant that was given less time than this is not blamed for being late: its caller was. */
export const PATIENCE_MS_MIN = 100;

/** Far more than anybody configures; a state that is dropped starts again with a closed circuit. */
const PARTICIPANTS_MAX = 1_000;

export interface ParticipantWire {
  /** Sends at once, and hears within `timeoutMs`. Never rejects. */
  send(call: BranchCall, target: CallTarget, timeoutMs: number): Promise<Heard>;
}

interface Known {
  breaker: CircuitBreaker;
  inFlight: number;
  calls: number;
  failures: number;
}

/** Thrown inside a breaker to tell it that the participant failed; never leaves this file. */
const FAILED = Symbol("the participant failed");

export class ParticipantGate implements Participants {
  private readonly known: LRUCache<string, Known>;
  /** By origin. The directory bounds them: no other origin comes this far. */
  private readonly lines = new Map<string, Line>();

  constructor(
    private readonly clock: Clock,
    private readonly directory: ParticipantDirectory,
    private readonly wire: ParticipantWire,
    participantsMax = PARTICIPANTS_MAX,
  ) {
    this.known = new LRUCache({ max: participantsMax });
  }

  async call(call: BranchCall, timeoutMs: number): Promise<BranchAnswer> {
    const startedAtMs = this.clock.monotonicMs();
    const heard = await this.hear(call, startedAtMs + timeoutMs);
    return { ...heard, durationMs: this.clock.monotonicMs() - startedAtMs };
  }

  states(): ParticipantState[] {
    return [...this.known.entries()]
      .map(([participant, { breaker, inFlight, calls, failures }]) => ({ participant, circuit: breaker.state, inFlight, calls, failures }))
      .sort((a, b) => (a.participant < b.participant ? -1 : 1));
  }

  private async hear(call: BranchCall, untilMs: number): Promise<Heard> {
    const target = this.directory.target(call.participant, call.url);
    if (typeof target === "string") return notSent("FORBIDDEN_HOST", `The ${call.operation} URL ${target}.`);
    const known = this.knownOf(call.participant);
    if (!known.breaker.allows()) return circuitOpen(call);
    const isProbe = known.breaker.state !== "closed";

    const line = this.lineOf(target.origin);
    if (!(await line.enter(untilMs))) {
      if (isProbe) await learn(known.breaker, true); // a probe that cannot even leave leaves the circuit open
      return notSent("OVERLOADED", `Too many calls to ${target.origin} wait already.`);
    }
    try {
      // It opened while this call waited: so did everybody in the line hear, at once.
      if (!isProbe && known.breaker.state !== "closed") return circuitOpen(call);
      return await this.send(known, isProbe, call, target, untilMs);
    } finally {
      line.leave();
    }
  }

  private async send(known: Known, isProbe: boolean, call: BranchCall, target: CallTarget, untilMs: number): Promise<Heard> {
    const timeoutMs = untilMs - this.clock.monotonicMs();
    known.calls += 1;
    known.inFlight += 1;
    const heard = await this.wire.send(call, target, timeoutMs);
    known.inFlight -= 1;
    if (heard.outcome === "FAILED") known.failures += 1;
    const wasImpatient = heard.errorClass === "TIMEOUT" && timeoutMs < PATIENCE_MS_MIN;
    if (isProbe || !wasImpatient) await learn(known.breaker, isFailureOfService(heard));
    return heard;
  }

  private knownOf(participant: string): Known {
    let known = this.known.get(participant);
    if (!known) {
      known = { breaker: new CircuitBreaker(this.clock), inFlight: 0, calls: 0, failures: 0 };
      this.known.set(participant, known);
    }
    return known;
  }

  private lineOf(origin: string): Line {
    let line = this.lines.get(origin);
    if (!line) {
      line = new Line(this.clock);
      this.lines.set(origin, line);
    }
    return line;
  }
}

/**
 * Does the service itself ail? A 409 and a 425 are answers, and so is another 4xx: one transaction's bad body must not keep
 * the others away. 408 and 429 say that it cannot keep up.
 */
function isFailureOfService({ outcome, errorClass, httpStatus }: Heard): boolean {
  if (outcome !== "FAILED") return false;
  return errorClass !== "HTTP_CLIENT" || httpStatus === 408 || httpStatus === 429;
}

async function learn(breaker: CircuitBreaker, hasFailed: boolean): Promise<void> {
  await breaker.call(() => (hasFailed ? Promise.reject(FAILED) : Promise.resolve())).catch(() => {});
}

function circuitOpen(call: BranchCall): Heard {
  return notSent("CIRCUIT_OPEN", `${call.participant} failed ${FAILURES_TO_OPEN} times in a row; only probes are sent.`);
}

/** Who may call one origin now, and who waits for that; first come, first served. */
class Line {
  private busy = 0;
  private readonly waiting = new Set<(hasTurn: boolean) => void>();

  constructor(private readonly clock: Clock) {}

  /** @returns false: the line is full, or the time is up. True: call `leave` afterwards. */
  enter(untilMs: number): boolean | Promise<boolean> {
    const waitMs = untilMs - this.clock.monotonicMs();
    if (waitMs <= 0) return false;
    if (this.busy < CONNECTIONS_MAX) {
      this.busy += 1;
      return true;
    }
    if (this.waiting.size >= WAITING_MAX) return false;
    return new Promise((resolve) => {
      const go = (hasTurn: boolean): void => {
        this.waiting.delete(go);
        timer.cancel();
        resolve(hasTurn);
      };
      const timer = this.clock.schedule(waitMs, () => go(false));
      this.waiting.add(go);
    });
  }

  leave(): void {
    const [next] = this.waiting;
    if (next) next(true);
    else this.busy -= 1;
  }
}
