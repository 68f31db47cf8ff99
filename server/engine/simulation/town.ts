/**
 * SenderTown is one instance's way to the participants that all instances share: it lets the plan's faults meet its calls, and
 * the instance die around one. What a participant does is its twin's.
 */
import type { Clock } from "../kernel/clock.ts";
import type { Random } from "../kernel/random.ts";
import type { BranchCall } from "../tiers/tcc/participants.ts";
import { ParticipantTown, type MemoryParticipant } from "../tiers/tcc/memory-participants.ts";
import type { Ambush } from "./ambush.ts";
import { TEMPERS, type Phase } from "./fault-plan.ts";
import type { Life } from "./life.ts";

export const PARTICIPANTS = ["wallet", "courier"] as const;

/** A call whose answer never comes is not on its way any more after this. */
const ON_ITS_WAY_MS_MAX = 3_000;

interface Sender {
  world: Clock;
  life: Life;
  ambush: Ambush | null;
  die(forMs: number): void;
}

type Answer = Parameters<ParticipantTown["deliver"]>[1];

export class SenderTown extends ParticipantTown {
  constructor(
    private readonly shared: ParticipantTown,
    private readonly sender: Sender,
    random: Random,
  ) {
    super(sender.world, random);
  }

  override participant(name: string): MemoryParticipant {
    return this.shared.participant(name);
  }

  override deliver(call: BranchCall, answer: Answer): void {
    const { world, life, ambush, die } = this.sender;
    const phases: Phase[] = [`remote ${call.operation}`];
    const planned = ambush?.messageFault(phases) ?? null;
    const landed = ambush?.depart(life, phases, 2);
    if (landed) world.schedule(ON_ITS_WAY_MS_MAX, landed);
    const heard: Answer = (what) => {
      landed?.();
      if (planned?.fault === "sender dies before the answer") die(planned.forMs);
      else life.reach(() => answer(what));
    };
    if (planned && planned.fault in TEMPERS) {
      const temper = TEMPERS[planned.fault as keyof typeof TEMPERS];
      this.participant(call.participant).behave({ temper, times: 1, ...(planned.forMs > 0 && { delayMs: [planned.forMs, planned.forMs] }) });
    }
    super.deliver(call, heard);
    if (planned?.fault === "sender dies at once") die(planned.forMs);
  }
}
