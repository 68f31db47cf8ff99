/**
 * A FaultPlan is everything that will go wrong in a run, drawn from the seed before it starts, so that it can be printed first
 * and read without the run. Each entry waits for its moment: the nth message of one phase of the engine's work.
 * It does no harm by itself: `links.ts` and `disasters.ts` do.
 */
import { integerBetween, pick, type Random } from "../kernel/random.ts";
import type { MemoryTemper } from "../tiers/tcc/memory-participants.ts";

/** What the engine is doing when a message is on its way. */
export const PHASES = [
  // Batches in the ledger, by what is in them.
  "try", "confirm", "cancel", "reverse", "expire", "change",
  // Other calls of the ledger; reports and claims are of remote branches.
  "look-up", "stock read", "sweep", "report", "claim",
  // Redis.
  "take", "settle", "feed",
  // Participants.
  "remote try", "remote confirm", "remote cancel", "remote reverse",
] as const;
export type Phase = (typeof PHASES)[number];

/** What happens to one message. */
export const MESSAGE_FAULTS = [
  "request lost",
  "answer lost", // carried out, or committed, and nobody hears of it
  "carried out late", // after the caller has given up
  "cut off, carried out later", // the caller hears of a lost connection at once, and sends it again: then it is carried out twice
  "carried out twice",
  "overtaken", // held up until messages sent later have arrived
  "sender dies at once", // the message is out
  "sender dies before the answer",
  "conflict", // the ledger rolled it back; now and then five times in a row, and the batch is cut in two
  "turned away", // the ledger was not reached
  "participant refuses",
  "participant says not yet",
  "participant is out of order",
  "participant hangs",
  "participant answers garbage",
  "participant cannot be reached",
  "participant is slow",
  "participant's answer is lost",
  "participant is called twice",
  "participant is called late",
] as const;
export type MessageFault = (typeof MESSAGE_FAULTS)[number];

/** What happens to a machine while a message is on its way. */
export const DISASTERS = [
  "an instance dies",
  "an instance pauses",
  "a clock jumps",
  "Redis is wiped",
  "Redis is rolled back",
  "Redis splits",
  "Redis is away",
  "the clock of Redis jumps",
  "Postgres restarts",
  "Postgres is away", // half the time it is a standby that comes back, with everything that was committed, on a new timeline
  "the disk is slow",
  "a participant is away",
] as const;
export type Disaster = (typeof DISASTERS)[number];
export type Fault = MessageFault | Disaster;

/** How the faults of participants are called by their twin. */
export const TEMPERS = {
  "participant refuses": "409",
  "participant says not yet": "425",
  "participant is out of order": "503",
  "participant hangs": "hang",
  "participant answers garbage": "garbage",
  "participant cannot be reached": "down",
  "participant is slow": "slow",
  "participant's answer is lost": "lose",
  "participant is called twice": "duplicate",
  "participant is called late": "late",
} as const satisfies Partial<Record<MessageFault, MemoryTemper>>;

const WRITES: readonly Phase[] = ["try", "confirm", "cancel", "reverse", "expire", "change", "report", "claim"];
const READS: readonly Phase[] = ["look-up", "stock read", "sweep"];
const ONE_INSTANCE: readonly Fault[] = ["an instance dies", "an instance pauses", "a clock jumps"];
const DEATHS: readonly Fault[] = ["sender dies at once", "sender dies before the answer"];

/** Whether a fault can meet a phase at all. The feed's messages have no answer and die with nobody. */
export function canMeet(fault: Fault, phase: Phase): boolean {
  if ((DISASTERS as readonly Fault[]).includes(fault)) return true;
  if (phase === "feed") return fault === "request lost" || fault === "carried out twice" || fault === "overtaken";
  if (phase.startsWith("remote")) return fault in TEMPERS || DEATHS.includes(fault);
  if (fault in TEMPERS) return false;
  if (fault === "conflict") return WRITES.includes(phase);
  if (fault === "cut off, carried out later") return WRITES.includes(phase) || READS.includes(phase);
  if (fault === "carried out twice") return phase === "take" || phase === "settle"; // a database carries out what it was sent once
  if (fault === "turned away") return WRITES.includes(phase) || READS.includes(phase);
  return true;
}

/** Every pair that a campaign must have met. */
export const PAIRS: readonly (readonly [Fault, Phase])[] = [...MESSAGE_FAULTS, ...DISASTERS].flatMap((fault) =>
  PHASES.filter((phase) => canMeet(fault, phase)).map((phase) => [fault, phase] as const),
);

/**
 * Messages of each phase in a run of 300 operations, rounded down from a measurement: an entry waits for one of the first so many.
 * Too large, and its moment never comes; too small, and everything goes wrong at the beginning.
 */
const USUAL_MESSAGES: Record<Phase, number> = {
  try: 70,
  confirm: 25,
  cancel: 30,
  reverse: 8,
  expire: 10,
  change: 20,
  "look-up": 100,
  "stock read": 25,
  sweep: 8,
  report: 30,
  claim: 8,
  take: 70,
  settle: 120,
  feed: 180,
  "remote try": 20,
  "remote confirm": 6,
  "remote cancel": 15,
  "remote reverse": 2,
};

export interface PlannedFault {
  fault: Fault;
  phase: Phase;
  /** Counted over all instances, from 1. */
  nth: number;
  /** How long it lasts, for those that last; milliseconds. */
  forMs: number;
  /** Chooses among what is left open: which instance, which way a clock jumps. In [0, 1). */
  die: number;
}

export interface FaultPlan {
  instances: number;
  /** One way, milliseconds: most messages take less than the middle, a few take the longest. */
  delayMs: { ledger: number; cells: number; feed: number };
  /** How wrong each instance's wall clock is at first, milliseconds. */
  skewMs: number[];
  faults: PlannedFault[];
}

/** Faults of one run: enough that a thousand runs meet every pair a hundred times, few enough that a third of all Trys succeed. */
const MESSAGE_FAULTS_PER_RUN = 48;
const DISASTERS_PER_RUN = 20;

/** How long each disaster may last. A pause outlasts leases (500 ms) and now and then holds (3 s). */
const LASTS_MS: Partial<Record<Fault, [least: number, most: number]>> = {
  "an instance dies": [0, 1_500], // until it is started again
  "an instance pauses": [20, 4_000],
  "Redis splits": [50, 2_500],
  "Redis is away": [20, 1_500],
  "Postgres is away": [20, 900],
  "the disk is slow": [50, 900],
  "carried out late": [1, 800],
  overtaken: [5, 120],
  "cut off, carried out later": [0, 600], // a lock wait of 200 ms and a statement of 400
  "carried out twice": [0, 600],
  "participant is slow": [50, 4_000],
  "participant is called twice": [50, 4_000],
  "participant is called late": [50, 4_000],
  "a participant is away": [50, 3_000],
};

/** @param scale 1 for runs of 300 operations. */
export function drawPlan(random: Random, operations: number): FaultPlan {
  const scale = operations / 300;
  const instances = integerBetween(random, 2, 3);
  const plan: FaultPlan = {
    instances,
    delayMs: { ledger: pick(random, [2, 6, 20, 60]), cells: pick(random, [1, 3, 12]), feed: pick(random, [2, 40, 400, 1_500]) },
    skewMs: Array.from({ length: instances }, () => (random.next() < 0.3 ? 0 : integerBetween(random, -600_000, 600_000))),
    faults: [],
  };
  const message = PAIRS.filter(([fault]) => (MESSAGE_FAULTS as readonly string[]).includes(fault));
  const disasters = PAIRS.filter(([fault]) => (DISASTERS as readonly string[]).includes(fault));
  for (const [pairs, count] of [[message, MESSAGE_FAULTS_PER_RUN], [disasters, DISASTERS_PER_RUN]] as const) {
    for (let i = 0; i < Math.ceil(count * scale); i++) {
      const [fault, phase] = weighted(random, pairs, pairs === message ? 2 : 15);
      const nth = integerBetween(random, 1, Math.max(1, Math.floor(USUAL_MESSAGES[phase] * scale)));
      const [least, most] = LASTS_MS[fault] ?? [0, 0];
      plan.faults.push({ fault, phase, nth, forMs: Math.round(least + (most - least) * random.next() ** 2), die: random.next() });
    }
  }
  plan.faults.sort((a, b) => PHASES.indexOf(a.phase) - PHASES.indexOf(b.phase) || a.nth - b.nth);
  return plan;
}

/** Rare phases are waited for more often, up to `most` times: their moment may never come, and a disaster meets the common ones in passing. */
function weighted(random: Random, pairs: typeof PAIRS, most: number): (typeof PAIRS)[number] {
  const weightOf = ([fault, phase]: (typeof PAIRS)[number]): number => weightOfFault(fault, phase) * Math.min(most, Math.max(1, 36 / USUAL_MESSAGES[phase]));
  let left = random.next() * pairs.reduce((total, pair) => total + weightOf(pair), 0);
  for (const pair of pairs) {
    left -= weightOf(pair);
    if (left < 0) return pair;
  }
  return pairs.at(-1) as (typeof PAIRS)[number];
}

/** What strikes one instance meets only its messages; and to matter, what is carried out later needs a coincidence besides. */
function weightOfFault(fault: Fault, phase: Phase): number {
  if (fault === "cut off, carried out later" && WRITES.includes(phase)) return 3;
  return ONE_INSTANCE.includes(fault) ? 2 : 1;
}

/** For people, one fault a line. */
export function printPlan(plan: FaultPlan): string[] {
  const { instances, delayMs, skewMs, faults } = plan;
  return [
    `${instances} instances, wall clocks off by ${skewMs.map((ms) => `${ms} ms`).join(", ")}`,
    `messages take up to ${delayMs.ledger} ms to Postgres, ${delayMs.cells} ms to Redis, ${delayMs.feed} ms over the feed`,
    ...faults.map(({ fault, phase, nth, forMs }) => `${phase} ${nth}: ${fault}${forMs > 0 ? `, ${forMs} ms` : ""}`),
  ];
}
