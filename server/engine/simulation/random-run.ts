/**
 * A seeded random run: customers, operators and faults against a World, then the checks of `checks.ts`.
 * The same seed plays the same run twice.
 */
import { isEngineError } from "../kernel/errors.ts";
import { integerBetween, pick, type Random } from "../kernel/random.ts";
import type { MoveAnswer, TryAnswer, TryRequest } from "../kernel/types.ts";
import { checkEnd, checkSellsAgain, type Acknowledged } from "./checks.ts";
import { World, type Instance, type WorldFaults } from "./world.ts";

const STORE = "store";
const DISHES = ["noodles", "rice", "soup", "tofu"];
const COUPONS = ["c1", "c2", "c3"];
const CALL = { timeoutMs: 800, traceId: "0".repeat(32) };

/** After this long everything that was reserved has expired, every hold has ended and every sweep has come round. */
const HEALING_MS = 60_000;

export interface RunReport {
  seed: number;
  operations: number;
  outcomes: Record<string, number>;
  faults: { requestLost: number; answerLost: number; diedBeforeAnswer: number; kills: number; wipes: number };
  violations: string[];
  /** What happened, one line each: the same for the same seed. */
  log: string[];
}

const TROUBLED: WorldFaults = {
  ledger: { delayMs: [0, 8], requestLost: 0.01, answerLost: 0.03, diesBeforeAnswer: 0.004 },
  cells: { delayMs: [0, 3], requestLost: 0.02, answerLost: 0.02, diesBeforeAnswer: 0.002 },
  feed: { delayMs: [0, 40], requestLost: 0.05, answerLost: 0, diesBeforeAnswer: 0 },
};

export async function randomRun(seed: number, operations = 300): Promise<RunReport> {
  const world = new World(seed);
  const run = new Run(world, seed);
  await run.play(operations);
  return run.report;
}

class Run {
  readonly report: RunReport;
  private readonly random: Random;
  private readonly acknowledged: Acknowledged = { trys: new Map(), moves: [] };
  private readonly requests: TryRequest[] = [];
  private snapshot: unknown = null;
  private pending = 0;

  constructor(
    private readonly world: World,
    seed: number,
  ) {
    this.random = world.random;
    const faults = { requestLost: 0, answerLost: 0, diedBeforeAnswer: 0, kills: 0, wipes: 0 };
    this.report = { seed, operations: 0, outcomes: {}, faults, violations: [], log: [] };
  }

  async play(operations: number): Promise<void> {
    const { world, report } = this;
    await this.stockUp();
    world.start();
    world.start();
    world.faults = TROUBLED;
    for (let i = 0; i < operations; i++) {
      report.operations++;
      this.someOperation();
      await world.clock.advance(integerBetween(this.random, 0, 12));
      while (world.instances.length < 2) world.start();
    }
    world.faults = { ledger: quiet(TROUBLED.ledger), cells: quiet(TROUBLED.cells), feed: quiet(TROUBLED.feed) };
    await world.clock.advance(HEALING_MS);
    Object.assign(report.faults, world.faultsMet());
    if (this.pending > 0) report.violations.push(`${this.pending} calls never ended`);
    report.violations.push(...checkEnd(world, this.acknowledged), ...(await checkSellsAgain(world, STORE, DISHES)));
  }

  private async stockUp(): Promise<void> {
    const { ledger, clock } = this.world;
    for (const dishId of DISHES) {
      const names = { en: dishId, "zh-CN": dishId };
      const supplied = integerBetween(this.random, 0, 40);
      await clock.run(ledger.createDish({ dishId, storeId: STORE, names, priceCents: 100, supplied, actor: "sim", actionKey: `make ${dishId}` }));
    }
    for (const couponId of COUPONS) {
      await clock.run(ledger.createCoupon({ couponId, storeId: null, amountCents: 50, actor: "sim", actionKey: `make ${couponId}` }));
    }
  }

  private someOperation(): void {
    const instance = pick(this.random, this.world.instances);
    const dice = this.random.next();
    if (dice < 0.5) this.tryBasket(instance, this.newRequest());
    else if (dice < 0.6 && this.requests.length > 0) this.tryBasket(instance, pick(this.random, this.requests));
    else if (dice < 0.75) this.move(instance, "confirm");
    else if (dice < 0.86) this.move(instance, "cancel");
    else if (dice < 0.9) this.move(instance, "reverse");
    else if (dice < 0.96) this.changeStock(instance);
    else if (dice < 0.975) this.wipeOrRollBack();
    else if (dice < 0.985) this.kill(instance);
    else if (this.requests.length > 0) this.doubleClick(pick(this.random, this.requests));
  }

  private newRequest(): TryRequest {
    const n = this.requests.length;
    const dishes = [...DISHES].sort(() => this.random.next() - 0.5).slice(0, integerBetween(this.random, 1, 3));
    const request: TryRequest = {
      txId: `t${n}`,
      storeId: STORE,
      lines: dishes.map((dishId) => ({ dishId, quantity: integerBetween(this.random, 1, 3) })),
      orderId: this.random.next() < 0.05 && n > 0 ? `o${integerBetween(this.random, 0, n - 1)}` : `o${n}`,
      couponId: this.random.next() < 0.15 ? pick(this.random, COUPONS) : null,
      ttlSeconds: integerBetween(this.random, 1, 20),
    };
    this.requests.push(request);
    return request;
  }

  private tryBasket(instance: Instance, request: TryRequest): void {
    this.record(`try ${request.txId} at ${instance.name}`, instance, instance.engine.try(request, CALL), (answer: TryAnswer) => {
      const earlier = this.acknowledged.trys.get(request.txId);
      if (earlier && JSON.stringify(earlier.lines) !== JSON.stringify(answer.lines)) {
        this.report.violations.push(`${request.txId}: a replay answered other lines`);
      }
      this.acknowledged.trys.set(request.txId, { request, lines: answer.lines });
    });
  }

  private move(instance: Instance, verb: "confirm" | "cancel" | "reverse"): void {
    // Now and then of a transaction that nobody has tried yet.
    const txId = this.random.next() < 0.05 ? `t${this.requests.length}` : (pick(this.random, this.requests)?.txId ?? "t0");
    this.record(`${verb} ${txId} at ${instance.name}`, instance, instance.engine[verb](txId, CALL), (answer: MoveAnswer) => {
      this.acknowledged.moves.push({ verb, txId, state: answer.state });
    });
  }

  private changeStock(instance: Instance): void {
    const dishId = pick(this.random, DISHES);
    const kind = pick(this.random, ["RESTOCK", "RESTOCK", "WRITE_OFF", "PAUSE", "RESUME"] as const);
    const quantity = kind === "RESTOCK" || kind === "WRITE_OFF" ? integerBetween(this.random, 1, 8) : 0;
    const change = { dishId, kind, quantity, reason: null, actor: "sim", actionKey: `a${this.report.operations}` };
    this.record(`${kind} ${dishId} at ${instance.name}`, instance, instance.engine.change(change, CALL), () => {});
  }

  private doubleClick(request: TryRequest): void {
    for (const instance of [pick(this.random, this.world.instances), pick(this.random, this.world.instances)]) this.tryBasket(instance, request);
  }

  private wipeOrRollBack(): void {
    this.report.faults.wipes++;
    if (this.snapshot && this.random.next() < 0.5) this.world.cells.restore(this.snapshot);
    else if (this.random.next() < 0.5) this.snapshot = this.world.cells.snapshot();
    else this.world.cells.wipe();
  }

  private kill(instance: Instance): void {
    this.report.faults.kills++;
    this.report.log.push(`${this.world.clock.monotonicMs()} ${instance.name} dies`);
    instance.life.end();
  }

  /** Follows a call to its end. A call whose instance dies has no end: its outcome is unknown. */
  private record<T>(what: string, instance: Instance, call: Promise<T>, acknowledge: (answer: T) => void): void {
    let open = true;
    this.pending++;
    const end = (outcome: string): void => {
      if (!open) return;
      open = false;
      this.pending--;
      this.report.outcomes[outcome] = (this.report.outcomes[outcome] ?? 0) + 1;
      this.report.log.push(`${this.world.clock.monotonicMs()} ${what}: ${outcome}`);
    };
    instance.life.onDeath(() => end("DIED"));
    call.then(
      (answer) => {
        if (!open) return;
        acknowledge(answer);
        end("ok");
      },
      (error: unknown) => {
        end(isEngineError(error) ? error.code : `THREW ${String(error)}`);
        if (!isEngineError(error)) this.report.violations.push(`${what}: ${String(error)}`);
      },
    );
  }
}

function quiet<T extends { requestLost: number; answerLost: number; diesBeforeAnswer: number }>(faults: T): T {
  return { ...faults, requestLost: 0, answerLost: 0, diesBeforeAnswer: 0 };
}
