/**
 * DueWatch asks the ledger, in one question for everything that waits in it, what is due soon, and tells those who do it. What an
 * instance set going itself it knows; this is for what others left behind, and for its own former lives.
 * Of several instances one asks: a question that found nothing due is told around, and the others put theirs off. One that found
 * something is not, so they look too, and help. An instance that died, or a feed that is away, is only somebody who says nothing.
 */
import type { Clock } from "../kernel/clock.ts";
import type { Random } from "../kernel/random.ts";
import { Rounds } from "../kernel/rounds.ts";
import type { Due } from "../tiers/tcc/ledger.ts";

/**
 * From one question to the next. Expired reservations are EXPIRED within 5 s: 3.6 for the question, if who asked last has died, a
 * quarter for the beat of the sweep, and one for a pass that has to be repeated.
 */
export const DUE_LOOK_MS = 3_000;

/** Who has heard of another's question waits up to so much longer than that one will, so that it stays the one who asks. */
const SPREAD_MS = 400;

/** However often others ask, each asks itself this often: what somebody says is worth no more than that. */
export const DUE_OWN_LOOK_MS = 15_000;

/** How far ahead an answer looks: past the next question, also when that one fails. */
const AHEAD_MS = 2 * DUE_LOOK_MS;

/** How often this asks itself whether it is time: so much later than planned may a question come. */
const BEAT_MS = 100;

/** The longest time without a question of anybody, while any instance lives. */
export const DUE_LOOK_MS_MAX = DUE_LOOK_MS + SPREAD_MS + 2 * BEAT_MS;

export interface DueWatchPorts {
  clock: Clock;
  random: Random;
  /** What is due within so long. */
  ask(withinMs: number): Promise<Due>;
  /** Tells those who do the work. */
  tell(due: Due): void;
  /** Tells the other instances that nothing is due. */
  announce(): void;
}

export class DueWatch {
  private readonly rounds: Rounds;
  private nextAtMs = Number.NEGATIVE_INFINITY;
  private askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly ports: DueWatchPorts) {
    const { clock } = ports;
    this.rounds = new Rounds({ clock, everyMs: BEAT_MS, wanted: () => clock.monotonicMs() >= this.nextAtMs, pass: () => this.look() });
  }

  start(): void {
    this.rounds.start();
  }

  stop(): Promise<void> {
    return this.rounds.stop();
  }

  /** Another instance has asked just now, and nothing was due. */
  heard(): void {
    const { clock, random } = this.ports;
    const atMs = clock.monotonicMs() + DUE_LOOK_MS + BEAT_MS + random.next() * SPREAD_MS;
    this.nextAtMs = Math.max(this.nextAtMs, Math.min(atMs, this.askedAtMs + DUE_OWN_LOOK_MS));
  }

  private async look(): Promise<void> {
    const { clock, ask, tell, announce } = this.ports;
    this.askedAtMs = clock.monotonicMs();
    this.nextAtMs = this.askedAtMs + DUE_LOOK_MS;
    const due = await ask(AHEAD_MS);
    tell(due);
    // What is told to people is not everybody's business: where nobody wants to be told, tickets wait for good.
    const { tellings: _, ...work } = due;
    if (Object.values(work).every((inMs) => inMs === null || inMs > 0)) announce();
  }
}
