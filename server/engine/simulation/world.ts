/**
 * A World is several engine instances on one virtual clock, one ledger twin, one set of shared cells and one feed,
 * with faulty links in between. It plays no workload and checks nothing: `random-run.ts` does.
 */
import { Engine } from "../engine.ts";
import { MemoryFeedBus } from "../feed/memory-feed.ts";
import { seededRandom, type Random } from "../kernel/random.ts";
import { HOLD_MS } from "../paths/batch-flight.ts";
import { MemorySharedCells } from "../tiers/cas/memory-shared-cells.ts";
import { MemoryLedger } from "../tiers/tcc/memory-ledger.ts";
import { Life, Link, linkedCells, linkedFeed, linkedLedger, NO_FAULTS, type Faults } from "./links.ts";
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

export const CALM: WorldFaults = { ledger: NO_FAULTS, cells: NO_FAULTS, feed: NO_FAULTS };

export class World {
  readonly random: Random;
  readonly clock: VirtualClock;
  readonly ledger: MemoryLedger;
  readonly cells: MemorySharedCells;
  readonly bus: MemoryFeedBus;
  instances: Instance[] = [];
  faults: WorldFaults = CALM;
  /** What became of the links of instances that died. */
  private readonly buried: Instance[] = [];
  private births = 0;

  constructor(seed: number) {
    this.random = seededRandom(seed);
    this.clock = new VirtualClock(undefined, seededRandom(seed ^ 0x5eed));
    this.ledger = new MemoryLedger(this.clock);
    this.cells = new MemorySharedCells(this.clock, HOLD_MS);
    this.bus = new MemoryFeedBus(this.clock);
  }

  start(): Instance {
    const name = `i${++this.births}`;
    const life = new Life();
    const link = (kind: keyof WorldFaults): Link => new Link(this.clock, this.random, life, () => this.faults[kind]);
    const links = { ledger: link("ledger"), cells: link("cells"), feed: link("feed") };
    const engine = new Engine({
      instance: name,
      clock: life.clock(this.clock),
      random: this.random,
      ledger: linkedLedger(this.ledger, links.ledger),
      cells: linkedCells(this.cells, links.cells),
      feed: linkedFeed(this.bus.view(name), links.feed, life),
      capacity: CAPACITY,
    });
    const instance = { name, engine, life, links };
    engine.start();
    this.instances.push(instance);
    life.onDeath(() => {
      this.instances = this.instances.filter((other) => other !== instance);
      this.buried.push(instance);
    });
    return instance;
  }

  /** How often each fault was met, over all instances that ever lived. */
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
}
