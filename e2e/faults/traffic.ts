/**
 * The traffic of a campaign: customers that order, pay, change their minds and ask again at any server, and an operator who restocks,
 * writes off and pauses, while 5 % of all calls are sent twice or late, and now and then a txId is used for another basket. They
 * never look at the database.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { integerBetween, pick, type Random } from "../../server/engine/kernel/random.ts";
import type { StockChangeRequest, TryRequest } from "../../server/engine/kernel/types.ts";
import type { Supply } from "../../server/engine/simulation/history.ts";
import type { Addressee, Clients, Heard, Question } from "./clients.ts";

/** Of all calls: sent twice, or sent late so that they overtake and are overtaken. */
const MISBEHAVING = 0.05;
const DELAY_MS_MAX = 2_000;

/** Of all Trys: sent once more with another basket at the same moment; one of the two has to be refused. */
const OTHER_BASKET = 0.02;

/** What is left to who asks again: then the call that it meets ends just before or after its time is up. */
const TIMES_LEFT_MS = [800, 800, 400, 150, 60, 25] as const;

/** Short enough that abandoned baskets expire within a campaign. */
const TTL_SECONDS = 6;

/** Between two calls of a customer: three servers, two stores and the traffic share one machine, and a busy one is only slow. */
const THINKS_MS_MAX = 60;

/** Between two changes of stock: portions come back about as fast as they are sold. */
const OPERATOR_MS_MAX = 160;

export interface TrafficOptions {
  clients: Clients;
  servers: readonly Addressee[];
  /** Where the participant listens. */
  participantUrl: string;
  random: Random;
  supply: Supply;
  storeId: string;
  customers: number;
}

export class Traffic {
  private stopped = false;
  private paused: Promise<void> | null = null;
  private resume: () => void = () => {};
  private orders = 0;
  private changes = 0;
  private inside = 0;
  private people: Promise<void>[] = [];
  private lastOrderId = "";
  private pausedDish: string | null = null;
  /** Calls sent late or a second time: nobody waits for their answer. */
  private readonly loose = new Set<Promise<unknown>>();

  constructor(private readonly options: TrafficOptions) {}

  start(): void {
    this.people = Array.from({ length: this.options.customers }, () => this.goOnAndOn(() => this.order()));
    this.people.push(this.goOnAndOn(() => this.changeStock()));
  }

  /** Nobody new comes in; resolves when those inside, and every loose call, are done. */
  async pauseAndDrain(): Promise<void> {
    this.paused ??= new Promise((resolve) => {
      this.resume = resolve;
    });
    while (this.inside > 0 || this.loose.size > 0) await sleep(20);
  }

  goOn(): void {
    this.paused = null;
    this.resume();
  }

  /** Nobody comes any more; resolves when those inside, and every loose call, are done. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.goOn();
    await Promise.all(this.people);
    await Promise.all(this.loose);
  }

  private async goOnAndOn(visit: () => Promise<void>): Promise<void> {
    while (!this.stopped) {
      await this.paused;
      if (this.stopped) return;
      this.inside++;
      try {
        await visit();
      } catch (error) {
        this.options.clients.odd.push(`the traffic itself failed: ${(error as Error).stack}`);
        await sleep(100);
      } finally {
        this.inside--;
      }
    }
  }

  private async order(): Promise<void> {
    const { random } = this.options;
    const request = this.basket();
    // Who hears nothing asks again, elsewhere; who hears no goes away.
    let heard: Heard = null;
    for (let attempt = 0; attempt < 4 && unsettled(heard); attempt++) heard = await this.call({ verb: "try", request }, attempt > 0);
    if (!took(heard)) {
      if (random.next() < 0.5) await this.move(request.txId, "cancel");
      return;
    }
    if (random.next() < 0.2) await this.call({ verb: "try", request }, true);
    const mind = random.next();
    if (mind < 0.4) {
      if ((await this.move(request.txId, "confirm")) && random.next() < 0.4) await this.move(request.txId, "reverse");
    } else if (mind < 0.75) await this.move(request.txId, "cancel");
    else if (mind < 0.87) await Promise.all([this.move(request.txId, "confirm"), this.move(request.txId, "cancel")]);
    else if (mind < 0.89) this.payLate(request.txId);
    // The others are abandoned: their portions come back when their time is up.
  }

  private basket(): TryRequest {
    const { random, supply, storeId, participantUrl: url } = this.options;
    const txId = `f:${++this.orders}`;
    const dishIds = [...supply.dishes].sort(() => random.next() - 0.5).slice(0, pick(random, [1, 1, 2]));
    const orderId = random.next() < 0.03 && this.lastOrderId !== "" ? this.lastOrderId : txId;
    this.lastOrderId = orderId;
    const request: TryRequest = {
      txId,
      storeId,
      lines: dishIds.map(({ dishId }) => ({ dishId, quantity: integerBetween(random, 1, 3) })),
      orderId,
      couponId: random.next() < 0.1 ? pick(random, supply.couponIds) : null,
      ttlSeconds: TTL_SECONDS,
    };
    if (random.next() >= 0.25) return request;
    const participant = { participant: new URL(url).host, tryUrl: `${url}/try`, confirmUrl: `${url}/confirm`, cancelUrl: `${url}/cancel`, body: { amount: 1 } };
    return { ...request, participants: [participant] };
  }

  /** @returns whether it was acknowledged. */
  private async move(txId: string, verb: "confirm" | "cancel" | "reverse"): Promise<boolean> {
    for (let attempt = 0; attempt < 3; attempt++) {
      const heard = await this.call({ verb, request: { txId } }, attempt > 0);
      if (!unsettled(heard)) return took(heard);
    }
    return false;
  }

  /** The payment comes when the reservation's time is up. */
  private payLate(txId: string): void {
    const { random } = this.options;
    this.keep(sleep(TTL_SECONDS * 1_000 + integerBetween(random, 0, 2_000)).then(() => this.move(txId, "confirm")));
  }

  private async changeStock(): Promise<void> {
    const { random, supply } = this.options;
    await sleep(random.next() * OPERATOR_MS_MAX);
    const actionKey = `c:${++this.changes}`;
    const { dishId } = pick(random, supply.dishes);
    const change = (more: Pick<StockChangeRequest, "dishId" | "kind" | "quantity">): StockChangeRequest => ({ ...more, actionKey, reason: "campaign", actor: "campaign" });
    let request: StockChangeRequest;
    const dice = random.next();
    if (this.pausedDish !== null) {
      request = change({ dishId: this.pausedDish, kind: "RESUME", quantity: 0 });
      this.pausedDish = null;
    } else if (dice < 0.7) request = change({ dishId, kind: "RESTOCK", quantity: integerBetween(random, 1, 30) });
    else if (dice < 0.95) request = change({ dishId, kind: "WRITE_OFF", quantity: integerBetween(random, 1, 8) });
    else {
      request = change({ dishId, kind: "PAUSE", quantity: 0 });
      this.pausedDish = dishId;
    }
    for (let attempt = 0; attempt < 20 && !this.stopped; attempt++) {
      if (!unsettled(await this.call({ verb: "change", request }))) return;
    }
  }

  /** What the one who asks hears; a copy may be on its way besides. */
  private async call(question: Question, again = false): Promise<Heard> {
    const { random, clients } = this.options;
    const draw = random.next();
    if (draw < MISBEHAVING / 2) {
      clients.counts["sent twice"]++;
      this.keep(this.askAgain(question));
    } else if (draw < MISBEHAVING) {
      clients.counts["sent late"]++;
      this.keep(sleep(random.next() * DELAY_MS_MAX).then(() => this.askAgain(question)));
    } else if (question.verb === "try" && draw < MISBEHAVING + OTHER_BASKET) {
      clients.counts["sent with another basket"]++;
      const { request } = question;
      this.keep(this.askAgain({ verb: "try", request: { ...request, lines: request.lines.map(({ dishId, quantity }) => ({ dishId, quantity: quantity + 1 })) } }));
    }
    const heard = await (again ? this.askAgain(question) : clients.ask(question, this.anyServer()));
    await sleep(random.next() * THINKS_MS_MAX);
    return heard;
  }

  private askAgain(question: Question): Promise<Heard> {
    const { random, clients } = this.options;
    return clients.ask(question, this.anyServer(), pick(random, TIMES_LEFT_MS));
  }

  private anyServer(): Addressee {
    return pick(this.options.random, this.options.servers);
  }

  private keep(work: Promise<unknown>): void {
    const kept = work.finally(() => this.loose.delete(kept));
    this.loose.add(kept);
  }
}

/** Nothing was heard, or "not now": the same may be asked again. */
const unsettled = (heard: Heard): boolean => heard === null || heard.status >= 500 || heard.status === 429;

const took = (heard: Heard): boolean => heard !== null && heard.status < 300;
