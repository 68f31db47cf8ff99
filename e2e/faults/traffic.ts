/**
 * The traffic of a campaign: customers that order, pay, change their minds and ask again at any server, while 5 % of all calls are
 * sent twice or late. They note what they hear and never look at the database.
 */
import { pick, type Random } from "../../server/engine/kernel/random.ts";
import { ClientHistory, type Told, type Verb } from "./history.ts";
import type { Stage } from "./stage.ts";

/** Of all calls: sent twice, or sent late so that they overtake and are overtaken. */
const MISBEHAVING = 0.05;
const DELAY_MS_MAX = 2_000;

/** Longer than a server's own budget: what is not answered by then has an unknown outcome. */
const PATIENCE_MS = 2_500;

/** Short enough that abandoned baskets expire within a campaign. */
const TTL_SECONDS = 6;

export interface TrafficDish {
  dishId: string;
  storeId: string;
}

export interface TrafficOptions {
  stage: Stage;
  random: Random;
  dishes: readonly TrafficDish[];
  customers: number;
}

export class Traffic {
  readonly history = new ClientHistory();
  private stopped = false;
  private paused: Promise<void> | null = null;
  private resume: () => void = () => {};
  private orders = 0;
  private inside = 0;
  private customers: Promise<void>[] = [];
  private readonly late = new Set<Promise<unknown>>();

  constructor(private readonly options: TrafficOptions) {}

  start(): void {
    this.customers = Array.from({ length: this.options.customers }, () => this.customer());
  }

  /** Orders taken since the beginning: for waiting until traffic flows again. */
  get accepted(): number {
    return this.history.counts.accepted;
  }

  pause(): void {
    this.paused ??= new Promise((resolve) => {
      this.resume = resolve;
    });
  }

  /** Nobody new comes in; resolves when those inside, and every late copy, are done. */
  async pauseAndDrain(): Promise<void> {
    this.pause();
    while (this.inside > 0 || this.late.size > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  /** Requests that were sent and not yet answered. */
  underWay = 0;

  goOn(): void {
    this.paused = null;
    this.resume();
  }

  /** No customer comes any more; resolves when those inside, and every late copy, are done. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.goOn();
    await Promise.all(this.customers);
    await Promise.all(this.late);
  }

  private async customer(): Promise<void> {
    while (!this.stopped) {
      await this.paused;
      if (this.stopped) return;
      this.inside++;
      await this.order().catch((error: Error) => this.history.odd.push(error.message));
      this.inside--;
    }
  }

  private async order(): Promise<void> {
    const { random, dishes, stage } = this.options;
    const txId = `f:${++this.orders}`;
    const { dishId, storeId } = pick(random, dishes);
    const quantity = 1 + Math.floor(random.next() * 3);
    const hasParticipant = random.next() < 0.25;
    const told = this.history.begin(txId, dishId, quantity, hasParticipant);
    const { url } = stage.participant;
    const participants = hasParticipant ? [{ tryUrl: `${url}/try`, confirmUrl: `${url}/confirm`, cancelUrl: `${url}/cancel`, body: { amount: quantity } }] : undefined;
    const basket = { txId, storeId, lines: [{ dishId, quantity }], ttlSeconds: TTL_SECONDS, participants };

    // Who hears nothing asks again, elsewhere; who hears no goes away, sometimes after asking once more.
    for (let attempt = 0; attempt < 4 && !told.reserved; attempt++) {
      const answer = await this.call("/api/v1/transactions", basket, (status, body) => {
        if (status === 200 || status === 201) this.history.heardTry(told, status, body as never);
      });
      if (answer !== null && answer < 500 && answer !== 429 && answer !== 200 && answer !== 201) break;
    }
    if (!told.reserved) {
      if (random.next() < 0.5) await this.verb(told, "cancel");
      return;
    }
    if (random.next() < 0.2) await this.call("/api/v1/transactions", basket, (status, body) => {
      if (status === 200 || status === 201) this.history.heardTry(told, status, body as never);
    });
    const mind = random.next();
    if (mind < 0.45) {
      const confirmed = await this.verb(told, "confirm");
      if (confirmed && random.next() < 0.3) await this.verb(told, "reverse");
    } else if (mind < 0.8) await this.verb(told, "cancel");
    else if (mind < 0.9) await Promise.all([this.verb(told, "confirm"), this.verb(told, "cancel")]);
    // The others are abandoned: their portions come back when their time is up.
  }

  /** @returns whether it was acknowledged. */
  private async verb(told: Told, verb: Verb): Promise<boolean> {
    for (let attempt = 0; attempt < 3; attempt++) {
      const answer = await this.call(`/api/v1/transactions/${told.txId}/${verb}`, {}, (status) => {
        if (status === 200 || status === 202) this.history.heardVerb(told, verb);
      });
      if (answer === 200 || answer === 202) return true;
      if (answer !== null && answer < 500) return false;
    }
    return false;
  }

  /** @returns the status; null: nothing was heard, and the outcome is unknown. */
  private async call(path: string, body: unknown, hear: (status: number, body: unknown) => void): Promise<number | null> {
    const { random, stage } = this.options;
    const draw = random.next();
    if (draw < MISBEHAVING / 2) {
      this.history.counts.duplicated++;
      this.keep(this.send(path, body, hear));
    } else if (draw < MISBEHAVING) {
      this.history.counts.delayed++;
      const delayMs = random.next() * DELAY_MS_MAX;
      this.keep(new Promise((resolve) => setTimeout(resolve, delayMs)).then(() => this.send(path, body, hear)));
    }
    return this.send(path, body, hear, pick(random, stage.servers).url);
  }

  private async send(path: string, body: unknown, hear: (status: number, body: unknown) => void, baseUrl = pick(this.options.random, this.options.stage.servers).url): Promise<number | null> {
    const { counts } = this.history;
    counts.calls++;
    this.underWay++;
    try {
      const answer = await fetch(baseUrl + path, {
        method: "POST",
        headers: { authorization: `Bearer ${this.options.stage.key}`, "content-type": "application/json" },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      const said = (await answer.json()) as { code?: string };
      this.history.count(said.code ?? String(answer.status));
      if (answer.status >= 400) counts.refused++;
      if (said.code === "INTERNAL") this.history.odd.push(`${path} was answered INTERNAL: ${JSON.stringify(said)}`);
      hear(answer.status, said);
      return answer.status;
    } catch {
      counts.unknown++;
      this.history.count("no answer");
      await new Promise((resolve) => setTimeout(resolve, 20)); // a server that is away refuses at once
      return null;
    } finally {
      this.underWay--;
    }
  }

  private keep(work: Promise<unknown>): void {
    const kept = work.finally(() => this.late.delete(kept));
    this.late.add(kept);
  }
}
