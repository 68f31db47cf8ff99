/**
 * A World is several engine instances on one virtual clock, one Postgres, one Redis and one feed, with faulty links in between.
 * It plays no workload and checks nothing: `simulate.ts` does.
 */
import { Engine } from "../engine.ts";
import type { FeedConsumer } from "../feed/live-feed.ts";
import { MemoryFeedBus } from "../feed/memory-feed.ts";
import { pick, seededRandom, type Random } from "../kernel/random.ts";
import { HOLD_MS } from "../paths/batch-flight.ts";
import type { MemorySharedCells } from "../tiers/cas/memory-shared-cells.ts";
import { MemoryLedger } from "../tiers/tcc/memory-ledger.ts";
import { MemoryParticipants, ParticipantTown, townDirectory } from "../tiers/tcc/memory-participants.ts";
import { Ambush } from "./ambush.ts";
import type { Disaster, FaultPlan, PlannedFault } from "./fault-plan.ts";
import { Life } from "./life.ts";
import { Link, linkedCells, linkedFeed, linkedLedger, NO_FAULTS, type Faults } from "./links.ts";
import { watchedCells, watchedLedger, type Watcher } from "./watcher.ts";
import { SimulatedPostgres } from "./simulated-postgres.ts";
import { SimulatedRedis } from "./simulated-redis.ts";
import { PARTICIPANTS, SenderTown } from "./town.ts";
import { VirtualClock } from "./virtual-clock.ts";

export interface Instance {
  name: string;
  engine: Engine;
  life: Life;
  links: { ledger: Link; cells: Link; feed: Link };
}

export interface WorldFaults {
  ledger: Faults;
  cells: Faults;
  feed: Faults;
}

/** Small, so that evictions happen and an engine costs little to make. */
const CAPACITY = { cells: 64, baskets: 64 };

/** More than there are, so none is forgotten; a table for the usual thousand was two fifths of what an engine cost to make. */
const PARTICIPANTS_MAX = 64;

/** When callers give up, as the adapters do: LEDGER_CALL_MS_MAX of `postgres-calls.ts`, REDIS_COMMAND_MS_MAX of `create-engine.ts`. */
const TIMEOUT_MS = { ledger: 1_000, cells: 100, feed: Number.POSITIVE_INFINITY };

/** How often Redis saves what a roll-back brings back. */
const SNAPSHOT_MS = 1_500;

/** How far a clock jumps at most. */
const JUMP_MS_MAX = 600_000;

export const CALM: WorldFaults = { ledger: NO_FAULTS, cells: NO_FAULTS, feed: NO_FAULTS };

export interface WorldOptions {
  /** What goes wrong, and when. Without it: dice, see `faults`, and nobody gives up waiting. */
  plan?: FaultPlan;
  /** Is shown everything at the moment it happens. */
  watcher?: Watcher;
  log?: (line: string) => void;
}

export class World {
  readonly random: Random;
  readonly clock: VirtualClock;
  readonly ledger: MemoryLedger;
  readonly postgres: SimulatedPostgres;
  readonly redis: SimulatedRedis;
  readonly bus: MemoryFeedBus;
  /** The participants, whoever calls them. */
  readonly town: ParticipantTown;
  readonly ambush: Ambush | null;
  instances: Instance[] = [];
  faults: WorldFaults = CALM;
  private readonly plan: FaultPlan | null;
  private readonly watcher: Watcher | null;
  private readonly log: (line: string) => void;
  private readonly consumers = new Map<string, FeedConsumer>();
  /** What became of the links of instances that died. */
  private readonly buried: Instance[] = [];
  private births = 0;

  constructor(seed: number, { plan, watcher, log }: WorldOptions = {}) {
    this.random = seededRandom(seed);
    this.clock = new VirtualClock({ random: seededRandom(seed ^ 0x5eed), closed: plan !== undefined });
    this.plan = plan ?? null;
    this.watcher = watcher ?? null;
    this.log = log ?? (() => {});
    this.ledger = new MemoryLedger(this.clock);
    this.postgres = new SimulatedPostgres(this.clock, this.random, this.ledger, () => this.watcher);
    this.redis = new SimulatedRedis(this.clock, HOLD_MS);
    this.bus = new MemoryFeedBus(this.clock);
    this.town = new ParticipantTown(this.clock, this.random);
    this.ambush = plan ? new Ambush(this.clock, plan.faults, (...disaster) => this.strike(...disaster), this.log) : null;
    if (plan) {
      const delay = (mostMs: number): Faults => ({ ...NO_FAULTS, delayMs: [0, mostMs] });
      this.faults = { ledger: delay(plan.delayMs.ledger), cells: delay(plan.delayMs.cells), feed: delay(plan.delayMs.feed) };
      this.saveNowAndThen();
    }
  }

  /** What the instances share in Redis, while it is whole. */
  get cells(): MemorySharedCells {
    return this.redis.primary;
  }

  start(): Instance {
    const { clock, random, ambush, plan, watcher } = this;
    const name = `i${++this.births}`;
    const life = new Life();
    life.skewMs = plan?.skewMs[(this.births - 1) % plan.skewMs.length] ?? 0;
    const link = (kind: keyof WorldFaults): Link =>
      new Link({
        world: clock,
        random,
        life,
        ambush,
        faults: () => this.faults[kind],
        ...(plan && { timeoutMs: TIMEOUT_MS[kind], die: (forMs: number) => this.kill(instance, forMs) }),
      });
    const links = { ledger: link("ledger"), cells: link("cells"), feed: link("feed") };
    const view = this.bus.view(name);
    const ledger = linkedLedger(this.postgres.ledger(name), links.ledger, this.postgres);
    const cells = linkedCells(watcher ? watchedCells(this.redis, name, watcher) : this.redis.cells(name), links.cells);
    const own = life.clock(clock);
    const town = new SenderTown(this.town, { world: clock, life, ambush, die: (forMs) => this.kill(instance, forMs) }, random);
    const engine = new Engine({
      instance: name,
      clock: own,
      random,
      ledger: watcher ? watchedLedger(ledger, name, watcher) : ledger,
      cells,
      participants: new MemoryParticipants({ town, directory: townDirectory(...PARTICIPANTS), clock: own, participantsMax: PARTICIPANTS_MAX }),
      feed: linkedFeed(view, links.feed, life, {
        hears: (from) => this.redis.connects(from, name),
        subscribed: (consumer) => this.consumers.set(name, consumer),
        announces: plan === null,
      }),
      capacity: CAPACITY,
    });
    const instance: Instance = { name, engine, life, links };
    engine.start();
    this.instances.push(instance);
    watcher?.started(name, engine);
    life.onDeath(() => {
      this.instances = this.instances.filter((other) => other !== instance);
      this.consumers.delete(name);
      this.buried.push(instance);
      watcher?.died(name);
    });
    return instance;
  }

  /** An instance dies, and is started anew, under another name, after a while. */
  kill(instance: Instance, forMs: number): void {
    if (!instance.life.alive) return;
    this.log(`${instance.name} dies`);
    instance.life.end();
    this.clock.schedule(forMs, () => this.log(`${this.start().name} starts`));
  }

  /** The end of all faults: what is broken is mended, nothing new breaks. */
  heal(): void {
    if (this.ambush) this.ambush.active = false;
    this.mendSplit(false);
    for (const { life } of this.instances) if (life.isPaused) life.resume(this.clock);
    for (const participant of this.town.all().values()) participant.behave();
  }

  /** How often each of the dice's faults was met, over all instances that ever lived. */
  faultsMet(): { requestLost: number; answerLost: number; diedBeforeAnswer: number } {
    const met = { requestLost: 0, answerLost: 0, diedBeforeAnswer: 0 };
    for (const { links } of [...this.instances, ...this.buried]) {
      for (const link of Object.values(links)) {
        met.requestLost += link.met.requestLost;
        met.answerLost += link.met.answerLost;
        met.diedBeforeAnswer += link.met.diedBeforeAnswer;
      }
    }
    return met;
  }

  private strike(disaster: Disaster, { forMs, die }: PlannedFault, nearest: Life): Life[] {
    const everybody = this.instances.map(({ life }) => life);
    const victim = this.instances.find(({ life }) => life === nearest);
    this.log(`${disaster}${forMs > 0 ? ` for ${forMs} ms` : ""}`);
    switch (disaster) {
      case "an instance dies":
        if (victim) this.kill(victim, forMs);
        return victim ? [nearest] : [];
      case "an instance pauses":
        nearest.pause();
        this.clock.schedule(forMs, () => nearest.resume(this.clock));
        return [nearest];
      case "a clock jumps":
        nearest.skewMs += Math.round((die - 0.5) * 2 * JUMP_MS_MAX);
        return [nearest];
      case "Redis is wiped":
        this.redis.wipe();
        this.watcher?.redisLost();
        if (die < 0.5) this.gap(); // a restart; FLUSHALL is silent
        return everybody;
      case "Redis is rolled back":
        this.redis.rollBack();
        this.watcher?.redisLost();
        this.gap();
        return everybody;
      case "Redis splits": {
        this.redis.split(this.instances.filter((_, position) => position % 2 === (die < 0.5 ? 0 : 1)).map(({ name }) => name));
        this.clock.schedule(forMs, () => this.mendSplit((die * 16) % 1 < 0.5));
        return everybody;
      }
      case "Redis is away":
        this.redis.goAway(forMs);
        this.clock.schedule(forMs, () => this.gap());
        return everybody;
      case "the clock of Redis jumps":
        this.redis.jump(Math.round((die - 0.5) * 2 * JUMP_MS_MAX));
        this.watcher?.redisLost();
        return everybody;
      case "Postgres restarts":
        this.postgres.restart();
        return everybody;
      case "Postgres is away":
        this.postgres.restart();
        if (die < 0.5) this.ledger.failOver();
        this.postgres.goAway(forMs);
        return everybody;
      case "a participant is away": {
        const participant = this.town.participant(pick(this.random, PARTICIPANTS));
        participant.behave({ temper: die < 0.3 ? "down" : die < 0.6 ? "503" : die < 0.8 ? "hang" : "425" });
        this.clock.schedule(forMs, () => participant.behave());
        return everybody;
      }
      case "the disk is slow":
        this.postgres.slowDown(Math.min(forMs, TIMEOUT_MS.ledger - 300));
        return everybody;
    }
  }

  private mendSplit(otherWins: boolean): void {
    if (!this.redis.isSplit) return;
    this.log("Redis is one again");
    const losers = this.redis.heal(otherWins, this.instances.map(({ name }) => name));
    this.watcher?.redisLost();
    for (const name of losers) this.consumers.get(name)?.gap();
  }

  /** Every reader of the feed notices that its connection was gone. */
  private gap(): void {
    for (const consumer of this.consumers.values()) consumer.gap();
  }

  private saveNowAndThen(): void {
    this.redis.save();
    this.clock.schedule(SNAPSHOT_MS, () => this.saveNowAndThen());
  }
}
