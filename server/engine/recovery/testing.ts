/**
 * A town of engines and participants on one virtual clock, for tests of what happens between them. Instances can be stopped
 * between two writes; what they had sent goes on.
 */
import { Engine } from "../engine.ts";
import { MemoryFeedBus } from "../feed/memory-feed.ts";
import type { Failpoint } from "../kernel/failpoints.ts";
import { seededRandom } from "../kernel/random.ts";
import type { CallContext, RemoteBranch, TryRequest } from "../kernel/types.ts";
import { HOLD_MS } from "../paths/batch-flight.ts";
import { checkConservation, checkLocalBranches, checkRemoteBranches } from "../simulation/checks/views.ts";
import { Life } from "../simulation/life.ts";
import { VirtualClock } from "../simulation/virtual-clock.ts";
import { MemorySharedCells } from "../tiers/cas/memory-shared-cells.ts";
import { MemoryLedger } from "../tiers/tcc/memory-ledger.ts";
import { MemoryParticipants, ParticipantTown, townDirectory, type MemoryParticipant } from "../tiers/tcc/memory-participants.ts";

export const CALL: CallContext = { timeoutMs: 800, traceId: "0af7651916cd43dd8448eb211c80319c" };

const ENDED = ["CONFIRMED", "CANCELLED", "EXPIRED", "REVERSED"];

/** What a participant's book must say at the end, by the transaction's state. NONE: it was never asked. */
const AT_THE_END: Record<string, readonly string[]> = {
  CONFIRMED: ["CONFIRMED"],
  REVERSED: ["REVERSED"],
  CANCELLED: ["CANCELLED", "FENCED"],
};

export class Neighbourhood {
  readonly clock: VirtualClock;
  readonly ledger: MemoryLedger;
  readonly town: ParticipantTown;
  private readonly cells: MemorySharedCells;
  private readonly bus: MemoryFeedBus;
  private births = 0;

  constructor(
    readonly seed = 1,
    private readonly names: readonly string[] = ["points", "gifts"],
  ) {
    this.clock = new VirtualClock({ random: seededRandom(seed) });
    this.ledger = new MemoryLedger(this.clock);
    this.cells = new MemorySharedCells(this.clock, HOLD_MS);
    this.bus = new MemoryFeedBus(this.clock);
    this.town = new ParticipantTown(this.clock, seededRandom(seed + 1));
  }

  /** @param dieAt the process stops there, the first time it comes by. */
  engine(dieAt?: Failpoint): Engine {
    const instance = `i${++this.births}`;
    const life = new Life();
    const clock = life.clock(this.clock);
    const participants = new MemoryParticipants({ town: this.town, directory: townDirectory(...this.names), clock });
    const engine = new Engine({
      instance,
      clock,
      random: seededRandom(this.seed + this.births),
      ledger: mortal(this.ledger, life),
      cells: mortal(this.cells, life),
      feed: this.bus.view(instance),
      participants: mortal(participants, life),
      failpoint: (failpoint) => {
        if (failpoint === dieAt) life.end();
      },
      capacity: { cells: 64, baskets: 1_024 },
    });
    engine.start();
    return engine;
  }

  participant(name: string): MemoryParticipant {
    return this.town.participant(name);
  }

  branch(participant: string, amount = 5): RemoteBranch {
    return { participant, tryUrl: `http://${participant}/try`, confirmUrl: `http://${participant}/confirm`, cancelUrl: `http://${participant}/cancel`, body: { amount } };
  }

  async supply(portions: number): Promise<void> {
    await this.ledger.createDish({ dishId: "rice", storeId: "s", names: { en: "Rice", "zh-CN": "米饭" }, priceCents: 1, supplied: portions, actor: "t", actionKey: "make" });
  }

  basket(txId: string, more: Partial<TryRequest> = {}): TryRequest {
    return { txId, storeId: "s", lines: [{ dishId: "rice", quantity: 1 }], orderId: txId, couponId: null, ttlSeconds: 900, participants: this.names.map((name) => this.branch(name)), ...more };
  }

  run<T>(promise: Promise<T>): Promise<T> {
    return this.clock.run(promise);
  }

  async state(txId: string): Promise<string | undefined> {
    return (await this.ledger.findTransactions([txId]))[0]?.state;
  }

  /** What is wrong now that everything should be over. */
  wrong(): string[] {
    const view = this.ledger.inspect();
    const wrong = [checkConservation, checkLocalBranches, checkRemoteBranches].flatMap((check) => check(view));
    for (const { txId, state } of view.transactions) if (!ENDED.includes(state)) wrong.push(`${txId} is still ${state}`);
    for (const { txId, branchNo, participant, state } of view.branches) {
      const book = this.participant(participant).book.find(txId, String(branchNo).padStart(2, "0"))?.state ?? "NONE";
      if (!AT_THE_END[state]?.includes(book)) wrong.push(`${participant} says ${book} of ${txId}, which is ${state}`);
    }
    return wrong;
  }
}

/** A dead process asks nothing and hears nothing. */
function mortal<T extends object>(port: T, life: Life): T {
  return new Proxy(port, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== "function") return member;
      return (...args: unknown[]): unknown => {
        if (!life.alive) return new Promise(() => {});
        const answer: unknown = member.apply(target, args);
        if (!(answer instanceof Promise)) return answer;
        return new Promise((resolve, reject) => {
          answer.then(
            (value) => life.reach(() => resolve(value)),
            (error: unknown) => life.reach(() => reject(error)),
          );
        });
      };
    },
  });
}

