/**
 * An Ambush lets a plan's faults loose, each at the message it waits for, and counts what met what.
 * It knows no stores and no engines: message faults are carried out by links, disasters by the world.
 */
import type { Clock } from "../kernel/clock.ts";
import { canMeet, MESSAGE_FAULTS, PHASES, type Disaster, type Fault, type MessageFault, type Phase, type PlannedFault } from "./fault-plan.ts";
import type { Life } from "./life.ts";

/** How often each fault met each phase: "fault × phase". */
export type Coverage = Record<string, number>;

export const pairName = (fault: Fault, phase: Phase): string => `${fault} × ${phase}`;

const isMessageFault = (fault: Fault): fault is MessageFault => (MESSAGE_FAULTS as readonly Fault[]).includes(fault);

/** Which messages of which process are on their way. */
type InFlight = Map<Life, number[]>;

export class Ambush {
  readonly coverage: Coverage = {};
  /** Set to false when the faults are over. */
  active = true;
  /** Messages of each phase so far. */
  readonly passed: number[] = PHASES.map(() => 0);
  private readonly waiting: PlannedFault[][] = PHASES.map(() => []);
  private readonly inFlight: InFlight = new Map();

  constructor(
    private readonly clock: Clock,
    faults: readonly PlannedFault[],
    /** Lets a disaster happen. @returns the processes it strikes. */
    private readonly strike: (disaster: Disaster, planned: PlannedFault, nearest: Life) => readonly Life[],
    private readonly log: (line: string) => void,
  ) {
    for (const planned of faults) this.waiting[PHASES.indexOf(planned.phase)]?.push(planned);
    for (const queue of this.waiting) queue.sort((a, b) => a.nth - b.nth);
  }

  /** The fault that has waited for this message; at most one. */
  messageFault(phases: readonly Phase[]): PlannedFault | null {
    let found: PlannedFault | null = null;
    for (const phase of phases) {
      const at = PHASES.indexOf(phase);
      const passed = ++(this.passed[at] as number);
      if (!this.active || found) continue;
      const queue = this.waiting[at] as PlannedFault[];
      const due = queue.findIndex(({ fault, nth }) => nth <= passed && isMessageFault(fault));
      if (due < 0) continue;
      this.passed[at] = passed;
      found = queue.splice(due, 1)[0] as PlannedFault;
    }
    if (found) {
      this.log(`${found.fault}: ${phases.join(" and ")}`);
      if (found.fault !== "overtaken") this.met(found.fault, phases);
    }
    return found;
  }

  /**
   * A message leaves. Disasters that waited for it strike while it is on its way.
   * @returns to be called when it has come back.
   */
  depart(life: Life, phases: readonly Phase[], travelMs: number): () => void {
    let counts = this.inFlight.get(life);
    if (!counts) {
      this.inFlight.set(life, (counts = PHASES.map(() => 0)));
      life.onDeath(() => this.inFlight.delete(life));
    }
    for (const phase of phases) counts[PHASES.indexOf(phase)]!++;
    for (const phase of phases) this.letDisastersLoose(life, phase, travelMs);
    let landed = false;
    return () => {
      if (landed) return;
      landed = true;
      for (const phase of phases) counts[PHASES.indexOf(phase)]!--;
    };
  }

  /** A message arrived after one that was sent later. */
  overtaken(phases: readonly Phase[]): void {
    if (this.active) this.met("overtaken", phases);
  }

  private letDisastersLoose(life: Life, phase: Phase, travelMs: number): void {
    if (!this.active) return;
    const at = PHASES.indexOf(phase);
    const queue = this.waiting[at] as PlannedFault[];
    const due = queue.findIndex(({ fault, nth }) => nth <= (this.passed[at] as number) && !isMessageFault(fault));
    if (due < 0) return;
    const planned = queue.splice(due, 1)[0] as PlannedFault;
    const disaster = planned.fault as Disaster;
    this.clock.schedule(travelMs * planned.die, () => {
      if (!this.active) return;
      const met = PHASES.map(() => 0);
      const before = new Map([...this.inFlight].map(([process, counts]) => [process, [...counts]]));
      for (const struck of this.strike(disaster, planned, life)) before.get(struck)?.forEach((count, index) => (met[index]! += count));
      this.met(disaster, PHASES.filter((_, index) => (met[index] as number) > 0));
    });
  }

  private met(fault: Fault, phases: readonly Phase[]): void {
    for (const phase of phases) {
      if (!canMeet(fault, phase)) continue;
      const pair = pairName(fault, phase);
      this.coverage[pair] = (this.coverage[pair] ?? 0) + 1;
    }
  }
}
