/**
 * A Link is the network between one simulated instance and one store: it delays, loses, repeats and reorders messages, and
 * lets the instance die around a call. What happens is decided by a plan, by dice, or not at all; by the seed alone.
 */
import type { Clock } from "../kernel/clock.ts";
import { integerBetween, type Random } from "../kernel/random.ts";
import type { LiveFeed, FeedConsumer } from "../feed/live-feed.ts";
import type { SharedCells } from "../tiers/cas/shared-cells.ts";
import { LedgerFailure, type Ledger, type LedgerBatch } from "../tiers/tcc/ledger.ts";
import type { Ambush } from "./ambush.ts";
import type { PlannedFault, Phase } from "./fault-plan.ts";
import type { Life } from "./life.ts";

/** Chances per call, 0 … 1, and delays in milliseconds one way: for tests that want one fault, always. */
export interface Faults {
  delayMs: [least: number, most: number];
  /** The request never arrives; the caller sees a lost connection. */
  requestLost: number;
  /** It was carried out, and its answer is lost. */
  answerLost: number;
  /** The instance dies after the store has carried the call out and before it hears so. */
  diesBeforeAnswer: number;
}

export const NO_FAULTS: Faults = { delayMs: [0, 2], requestLost: 0, answerLost: 0, diesBeforeAnswer: 0 };

export interface LinkOptions {
  world: Clock;
  random: Random;
  life: Life;
  /** Asked at each call, so that faults can stop. */
  faults: () => Faults;
  /** Who waits for this link's messages; null: dice alone. */
  ambush?: Ambush | null;
  /** After this long the caller gives up; the message may still arrive. Infinite: it waits for ever. */
  timeoutMs?: number;
  /** Lets the instance die, to be started again. */
  die?: (forMs: number) => void;
}

/** Of the conflicts of batches: those that come so often that the engine takes one request for their cause. */
const STUBBORN_SHARE = 0.4;
const STUBBORN_TIMES = 5;

/** What will become of one message. */
interface Fate {
  requestMs: number;
  answerMs: number;
  requestLost: boolean;
  answerLost: boolean;
  /** Carried out a second time so long after the first; null: once. */
  againAfterMs: number | null;
  /** The connection breaks, and so much later it is carried out all the same; null: it does not break. */
  orphanAfterMs: number | null;
  dies: "no" | "at once" | "before the answer";
  restartMs: number;
  refusal: "conflict" | "unavailable" | null;
}

/** A step in the life of a link: a restarted server answers nobody who was connected before. */
export interface Server {
  readonly epoch: number;
}

const ALWAYS_UP: Server = { epoch: 0 };

export class Link {
  /** How often each of the dice's faults happened. */
  readonly met = { requestLost: 0, answerLost: 0, diedBeforeAnswer: 0 };
  private sent = 0;
  private lastArrived = 0;
  /** Batches that will be rolled back, and how often yet, however often they are sent again. */
  private readonly stubborn = new Map<string, number>();

  constructor(private readonly options: LinkOptions) {}

  /** @param batchId of a batch, so that it is known when it is sent again. */
  call<T>(phases: readonly Phase[], action: () => Promise<T>, lost: () => Error, server: Server = ALWAYS_UP, batchId = ""): Promise<T> {
    const { world, life, ambush } = this.options;
    const fate = this.fateOf(batchId) ?? this.fate(phases, batchId);
    const message = ++this.sent;
    const { epoch } = server;
    const landed = ambush?.depart(life, phases, fate.requestMs + fate.answerMs);
    if (fate.dies === "at once") this.die(fate.restartMs);
    return new Promise<T>((resolve, reject) => {
      const answer = (give: () => void): void => {
        world.schedule(fate.answerMs, () => {
          landed?.();
          life.reach(give);
        });
      };
      const timeoutMs = this.options.timeoutMs ?? Number.POSITIVE_INFINITY;
      if (fate.requestMs + fate.answerMs > timeoutMs) world.schedule(timeoutMs, () => life.reach(() => reject(lost())));
      world.schedule(fate.requestMs, () => {
        if (fate.requestLost || server.epoch !== epoch) {
          if (fate.requestLost) this.met.requestLost++;
          return answer(() => reject(lost()));
        }
        if (fate.orphanAfterMs !== null) {
          world.schedule(fate.orphanAfterMs, () => {
            if (server.epoch === epoch) action().catch(() => {});
          });
          return answer(() => reject(lost()));
        }
        if (message < this.lastArrived) ambush?.overtaken(phases);
        else this.lastArrived = message;
        if (fate.refusal) return answer(() => reject(new LedgerFailure(fate.refusal as "conflict", "planned")));
        action().then(
          (value) => {
            if (fate.againAfterMs !== null) world.schedule(fate.againAfterMs, () => void action().catch(() => {}));
            if (fate.dies === "before the answer") {
              this.met.diedBeforeAnswer++;
              landed?.();
              this.die(fate.restartMs);
            } else if (fate.answerLost || server.epoch !== epoch) {
              this.met.answerLost++;
              answer(() => reject(lost()));
            } else answer(() => (server.epoch === epoch ? resolve(value) : reject(lost())));
          },
          (error) => answer(() => reject(error)),
        );
      });
    });
  }

  /** A message nobody answers. */
  carry(phases: readonly Phase[], deliver: () => void): void {
    const { world, life, ambush } = this.options;
    const fate = this.fate(phases);
    const message = ++this.sent;
    const landed = ambush?.depart(life, phases, fate.requestMs);
    const arrive = (): void => {
      landed?.();
      if (fate.requestLost) {
        this.met.requestLost++;
        return;
      }
      if (message < this.lastArrived) ambush?.overtaken(phases);
      else this.lastArrived = message;
      life.reach(deliver);
    };
    world.schedule(fate.requestMs, arrive);
    if (fate.againAfterMs !== null && !fate.requestLost) world.schedule(fate.requestMs + fate.againAfterMs, () => life.reach(deliver));
  }

  private die(forMs: number): void {
    if (this.options.die) this.options.die(forMs);
    else this.options.life.end();
  }

  /** What a batch has coming that was doomed before; null: nothing. */
  private fateOf(batchId: string): Fate | null {
    const left = this.stubborn.get(batchId) ?? 0;
    if (left === 0) return null;
    if (left === 1) this.stubborn.delete(batchId);
    else this.stubborn.set(batchId, left - 1);
    return { ...this.goodFate(), refusal: "conflict" };
  }

  private fate(phases: readonly Phase[], batchId = ""): Fate {
    const planned = this.options.ambush?.messageFault(phases) ?? null;
    if (planned?.fault === "conflict" && planned.die < STUBBORN_SHARE && batchId !== "") this.stubborn.set(batchId, STUBBORN_TIMES - 1);
    if (planned) return this.plannedFate(planned);
    const { random } = this.options;
    const faults = this.options.faults();
    const fate = this.goodFate();
    // No dice are cast for what cannot happen: a plan's run draws nothing here but delays.
    fate.requestLost = faults.requestLost > 0 && random.next() < faults.requestLost;
    if (fate.requestLost) return fate;
    if (faults.diesBeforeAnswer > 0 && random.next() < faults.diesBeforeAnswer) fate.dies = "before the answer";
    else fate.answerLost = faults.answerLost > 0 && random.next() < faults.answerLost;
    return fate;
  }

  private plannedFate({ fault, forMs, die }: PlannedFault): Fate {
    const fate = this.goodFate();
    const timeoutMs = this.options.timeoutMs ?? 1_000;
    switch (fault) {
      case "request lost":
        return { ...fate, requestLost: true };
      case "answer lost":
        return { ...fate, answerLost: true };
      case "carried out late":
        return { ...fate, requestMs: timeoutMs + forMs };
      case "cut off, carried out later":
        return { ...fate, orphanAfterMs: forMs };
      case "carried out twice":
        return { ...fate, againAfterMs: forMs };
      case "overtaken":
        return { ...fate, requestMs: fate.requestMs + forMs };
      case "sender dies at once":
        // Half the time the server notices that nobody listens any more, and drops it.
        return { ...fate, dies: "at once", restartMs: forMs, requestLost: die < 0.5 };
      case "sender dies before the answer":
        return { ...fate, dies: "before the answer", restartMs: forMs };
      case "conflict":
        return { ...fate, refusal: "conflict" };
      case "turned away":
        return { ...fate, refusal: "unavailable" };
      default:
        throw new Error(`${fault} does not happen to a message`);
    }
  }

  private goodFate(): Fate {
    return {
      requestMs: this.delayMs(),
      answerMs: this.delayMs(),
      requestLost: false,
      answerLost: false,
      againAfterMs: null,
      orphanAfterMs: null,
      dies: "no",
      restartMs: 0,
      refusal: null,
    };
  }

  private delayMs(): number {
    const [least, most] = this.options.faults().delayMs;
    return integerBetween(this.options.random, least, most);
  }
}

export function linkedLedger(ledger: Ledger, link: Link, server?: Server): Ledger {
  const lost = (): Error => new LedgerFailure("unknown", "the connection was lost");
  return {
    runBatch: (batch) => link.call(phasesOf(batch), () => ledger.runBatch(batch), lost, server, batch.batchId),
    findTransactions: (txIds) => link.call(["look-up"], () => ledger.findTransactions(txIds), lost, server),
    readDishes: (dishIds) => link.call(["stock read"], () => ledger.readDishes(dishIds), lost, server),
    look: (txIds, dishIds) => link.call(["look-up", "stock read"], () => ledger.look(txIds, dishIds), lost, server),
    findDue: (withinMs) => link.call(["sweep"], () => ledger.findDue(withinMs), lost, server),
    findExpired: (limit) => link.call(["sweep"], () => ledger.findExpired(limit), lost, server),
    findBranches: (txIds) => link.call(["look-up"], () => ledger.findBranches(txIds), lost, server),
    claimBranches: (limit) => link.call(["claim"], () => ledger.claimBranches(limit), lost, server),
    settleBranches: (reports) => link.call(["report"], () => ledger.settleBranches(reports), lost, server),
    hastenBranches: (txIds) => link.call(["claim"], () => ledger.hastenBranches(txIds), lost, server),
    createDish: (dish) => link.call(["change"], () => ledger.createDish(dish), lost, server),
    createCoupon: (coupon) => link.call(["change"], () => ledger.createCoupon(coupon), lost, server),
  };
}

const MOVE_PHASES = { CONFIRMED: "confirm", CANCELLED: "cancel", REVERSED: "reverse", EXPIRED: "expire" } as const;

/** A batch is of every phase that is in it. */
export function phasesOf({ trys, moves, changes }: LedgerBatch): Phase[] {
  const phases: Phase[] = trys.length > 0 ? ["try"] : [];
  for (const { to } of moves) {
    const phase = MOVE_PHASES[to];
    if (!phases.includes(phase)) phases.push(phase);
  }
  if (changes.length > 0) phases.push("change");
  return phases;
}

export function linkedCells(cells: SharedCells, link: Link): SharedCells {
  const lost = (): Error => new Error("the connection was lost");
  return {
    take: (...args) => link.call(["take"], () => cells.take(...args), lost),
    settle: (...args) => link.call(["settle"], () => cells.settle(...args), lost),
  };
}

export interface FeedEnds {
  /** Whether what another instance publishes can reach this one. */
  hears?(from: string): boolean;
  subscribed?(consumer: FeedConsumer): void;
  /** Whether heartbeats are sent at all: they decide nothing, and copying them is a tenth of a long run. */
  announces?: boolean;
}

/** Messages may come late, twice, or never. */
export function linkedFeed(feed: LiveFeed, link: Link, life: Life, { hears = () => true, subscribed = () => {}, announces = true }: FeedEnds = {}): LiveFeed {
  return {
    get dropped() {
      return feed.dropped;
    },
    publish: (entry) => {
      if (life.alive) feed.publish(entry);
    },
    announce: (heartbeat) => {
      if (life.alive && announces) feed.announce(heartbeat);
    },
    subscribe: (consumer) => {
      const linked: FeedConsumer = {
        entry: (entry) => {
          if (hears(entry.instance)) link.carry(["feed"], () => consumer.entry(entry));
        },
        heartbeat: (heartbeat) => {
          if (hears(heartbeat.instance)) link.carry([], () => consumer.heartbeat(heartbeat));
        },
        gap: () => link.carry([], () => consumer.gap()),
      };
      subscribed(linked);
      const leave = feed.subscribe(linked);
      life.onDeath(leave);
      return leave;
    },
  };
}
