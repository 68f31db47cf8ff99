/**
 * MemoryParticipants is the twin of `http-participants.ts`: the same gate, and behind it services in memory, on a virtual
 * clock, with a temper for every way in which a service and its network fail.
 * A ParticipantTown outlives the instances that call it: its books are durable, and what is on its way arrives even when the
 * sender has died. It runs no real time and opens no socket.
 */
import type { Clock } from "../../kernel/clock.ts";
import { ParticipantDirectory } from "../../kernel/participant-directory.ts";
import { integerBetween, type Random } from "../../kernel/random.ts";
import { failed, type Heard, judge } from "./participant-answers.ts";
import { amountOf, branchIdOf, ParticipantBook } from "./participant-book.ts";
import { ParticipantGate, type ParticipantWire } from "./participant-gate.ts";
import type { BranchAnswer, BranchCall, BranchOperation, Participants, ParticipantState } from "./participants.ts";

/** What can go wrong with one call. The first six touch nothing; the others carry the call out. */
export const MEMORY_TEMPERS = [
  "409", // says no
  "425", // says not yet
  "503", // says that it is out of order
  "hang", // takes the call and never answers
  "garbage", // answers in no HTTP
  "down", // cannot be reached
  "slow", // carries it out and answers `delayMs` later than usual
  "lose", // carries it out; the answer never comes
  "duplicate", // the request arrives twice, the second time `delayMs` later
  "late", // the request arrives `delayMs` later, when nobody waits for it any more: a try may come after its cancel
] as const;
export type MemoryTemper = (typeof MEMORY_TEMPERS)[number];

export interface Behaviour {
  temper: MemoryTemper;
  /** Of the calls it concerns, 0 … 1; absent: all. */
  share?: number;
  /** Absent: every operation. */
  operations?: readonly BranchOperation[];
  /** After so many calls it is over; absent: never. */
  times?: number;
  /** For slow, duplicate and late; absent: `DELAY_MS`. */
  delayMs?: [least: number, most: number];
}

/** One way, when nothing is wrong: enough for two calls to overtake each other. */
const TRANSIT_MS: [number, number] = [0, 2];

/** Around a call's own time limit, on both sides of it, so that a delayed request meets every later one. */
export const DELAY_MS: [number, number] = [50, 4_000];

/** One service. Its book survives everything. */
export class MemoryParticipant {
  readonly book = new ParticipantBook();
  /** How often each temper was met: a run that met none has proved nothing. */
  readonly met: Partial<Record<MemoryTemper, number>> = {};
  /** Requests that have arrived, repeated ones too. */
  arrived = 0;
  private behaviours: Behaviour[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  /** From now on; none: it does as it should. The first behaviour that concerns a call and wins its draw decides. */
  behave(...behaviours: readonly Behaviour[]): void {
    this.behaviours = behaviours.map((behaviour) => ({ ...behaviour }));
  }

  /** Draws how one call will go. */
  draw(operation: BranchOperation): Behaviour | null {
    for (const behaviour of this.behaviours) {
      if (behaviour.times === 0 || (behaviour.operations && !behaviour.operations.includes(operation))) continue;
      if (behaviour.share !== undefined && this.random.next() >= behaviour.share) continue;
      if (behaviour.times !== undefined) behaviour.times -= 1;
      this.met[behaviour.temper] = (this.met[behaviour.temper] ?? 0) + 1;
      return behaviour;
    }
    return null;
  }

  /** Carries one call out. */
  serve(call: BranchCall): Heard {
    this.arrived += 1;
    const { status, refusal } = this.book.apply(call.txId, branchIdOf(call.branchNo), call.operation, amountOf(call.body), this.clock.nowMs());
    return judge(status, refusal ?? "", call.txId);
  }
}

/** Every participant of a simulated world, and the network to them. */
export class ParticipantTown {
  private readonly participants = new Map<string, MemoryParticipant>();

  /** @param clock the world's: it goes on when an instance dies. */
  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  /** The participant of this name, from the first time it is asked for. */
  participant(name: string): MemoryParticipant {
    let participant = this.participants.get(name);
    if (!participant) {
      participant = new MemoryParticipant(this.clock, this.random);
      this.participants.set(name, participant);
    }
    return participant;
  }

  all(): ReadonlyMap<string, MemoryParticipant> {
    return this.participants;
  }

  /** Brings one call to its participant. @param answer is called when an answer leaves, at most once. */
  deliver(call: BranchCall, answer: (heard: Heard) => void): void {
    const participant = this.participant(call.participant);
    const behaviour = participant.draw(call.operation);
    this.after(TRANSIT_MS, () => this.arrive(participant, call, behaviour, answer));
  }

  transitMs(): number {
    return integerBetween(this.random, ...TRANSIT_MS);
  }

  private arrive(participant: MemoryParticipant, call: BranchCall, behaviour: Behaviour | null, answer: (heard: Heard) => void): void {
    const later = (task: () => void): void => this.after(behaviour?.delayMs ?? DELAY_MS, task);
    const name = call.participant;
    switch (behaviour?.temper) {
      case undefined:
        answer(participant.serve(call));
        break;
      case "409":
        answer(judge(409, "told to refuse", call.txId));
        break;
      case "425":
        answer(judge(425, "told to say not yet", call.txId));
        break;
      case "503":
        answer(judge(503, "told to be out of order", call.txId));
        break;
      case "hang":
        break;
      case "garbage":
        answer(failed("INVALID_RESPONSE", `${name} did not answer in HTTP.`));
        break;
      case "down":
        answer(failed("UNREACHABLE", `${name} cannot be reached.`));
        break;
      case "slow":
        later(() => answer(participant.serve(call)));
        break;
      case "lose":
        participant.serve(call);
        answer(failed("UNREACHABLE", `${name} broke the connection.`));
        break;
      case "duplicate":
        later(() => participant.serve(call));
        answer(participant.serve(call));
        break;
      case "late":
        later(() => participant.serve(call));
        break;
    }
  }

  private after(delayMs: [number, number], task: () => void): void {
    this.clock.schedule(integerBetween(this.random, ...delayMs), task);
  }
}

export interface MemoryParticipantsParts {
  town: ParticipantTown;
  directory: ParticipantDirectory;
  /** The instance's own: it falls silent when the instance dies, and then no answer is heard. */
  clock: Clock;
  /** Participants whose circuits it remembers; the gate's own bound unless told. */
  participantsMax?: number;
}

/** One instance's way to the town. */
export class MemoryParticipants implements Participants {
  private readonly gate: ParticipantGate;

  constructor({ town, directory, clock, participantsMax }: MemoryParticipantsParts) {
    const wire: ParticipantWire = {
      send: (call, _target, timeoutMs) =>
        new Promise((resolve) => {
          const timer = clock.schedule(timeoutMs, () => resolve(failed("TIMEOUT", `No answer from ${call.participant} within ${timeoutMs} ms.`)));
          town.deliver(call, (heard) => {
            clock.schedule(town.transitMs(), () => {
              timer.cancel();
              resolve(heard);
            });
          });
        }),
    };
    this.gate = new ParticipantGate(clock, directory, wire, participantsMax);
  }

  call(call: BranchCall, timeoutMs: number): Promise<BranchAnswer> {
    return this.gate.call(call, timeoutMs);
  }

  states(): ParticipantState[] {
    return this.gate.states();
  }
}

/** A directory of participants that a town plays: their URLs lead nowhere. */
export function townDirectory(...names: string[]): ParticipantDirectory {
  return new ParticipantDirectory(
    names.map((name) => ({ name, tryUrl: `http://${name}/try`, confirmUrl: `http://${name}/confirm`, cancelUrl: `http://${name}/cancel` })),
  );
}
