/**
 * Customers and operators of a simulated run: who asks what of whom, when, drawn from the seed. Callers are as bad as real ones:
 * they click twice, ask again elsewhere, change their mind, give up, cancel what never came, and pay late. Every call ends up in the history.
 */
import { isEngineError } from "../kernel/errors.ts";
import { integerBetween, pick, type Random } from "../kernel/random.ts";
import type { CallContext, RemoteBranch, StockChangeRequest, TryRequest } from "../kernel/types.ts";
import type { Call, Ending, Supply } from "./history.ts";
import { POISON } from "./simulated-postgres.ts";
import { PARTICIPANTS } from "./town.ts";
import type { Instance, World } from "./world.ts";

export const STORE = "store";
const DISHES = ["noodles", "rice", "soup", "tofu", "tea"];
const COUPONS = ["c1", "c2", "c3", "c4"];

/** What the API gives a request. */
const TIMEOUT_MS = 800;

/** Who asks again may have less left, and then other calls for the same txId end just before or after its time is up. */
const TIMES_LEFT_MS = [TIMEOUT_MS, TIMEOUT_MS, TIMEOUT_MS, 400, 150, 60, 25] as const;

/** When a caller gives up by itself. */
const GIVES_UP_MS = 1_500;

/** Who changes their mind does so while the answer is on its way. */
const CHANGES_MIND_MS = 60;

/** Short, so that much expires within a run; the longest bounds how long everything takes to end. */
const TTL_SECONDS = [1, 1, 2, 3, 5, 8, 12] as const;
export const TTL_SECONDS_MAX = 12;

/** Transactions that callers still think of: what is asked again or finished is mostly new. */
const REMEMBERED = 24;

interface Customer {
  request: TryRequest;
  asked: boolean;
  acknowledged: boolean;
  confirmed: boolean;
}

export class Workload {
  readonly calls: Call[] = [];
  readonly outcomes: Record<string, number> = {};
  /** Calls that have not ended. */
  open = 0;
  private readonly customers: Customer[] = [];
  private readonly actions: StockChangeRequest[] = [];
  /** Transactions that were cancelled before they came. */
  private readonly fenced: string[] = [];
  private begun = 0;
  /** The dish that was paused last. */
  private paused: string | null = null;

  constructor(
    private readonly world: World,
    private readonly random: Random,
    private readonly log: (line: string) => void,
  ) {}

  /** Makes the menu. */
  async stockUp(): Promise<Supply> {
    const { ledger, clock } = this.world;
    const supply: Supply = { dishes: [], couponIds: COUPONS };
    for (const dishId of DISHES) {
      const supplied = pick(this.random, [6, 20, 40, 80, 160]);
      supply.dishes.push({ dishId, storeId: STORE, supplied });
      await clock.run(ledger.createDish({ dishId, storeId: STORE, names: { en: dishId, "zh-CN": dishId }, priceCents: 100, supplied, actor: "sim", actionKey: `make ${dishId}` }));
    }
    for (const couponId of COUPONS) await clock.run(ledger.createCoupon({ couponId, storeId: null, amountCents: 50, actor: "sim", actionKey: `make ${couponId}` }));
    return supply;
  }

  /** One operation begins; a few are two calls at once. */
  operate(): void {
    this.begun++;
    const dice = this.random.next();
    if (dice < 0.375) this.try(this.newCustomer());
    else if (dice < 0.495) this.try(this.somebody(({ acknowledged }) => acknowledged) ?? this.newCustomer());
    else if (dice < 0.645) this.move("confirm");
    else if (dice < 0.725) this.move("cancel");
    else if (dice < 0.795) this.move("reverse");
    else if (dice < 0.865) this.changeStock();
    else if (dice < 0.88) this.doubleClick();
    else if (dice < 0.91) this.changeOfMind();
    else if (dice < 0.94) this.race();
    else if (dice < 0.96) this.cancelEarly();
    else if (dice < 0.98) this.comeLate();
    else this.misuse();
  }

  /** Milliseconds until the next operation: rushes, and now and then a lull in which things expire. */
  pauseMs(): number {
    const dice = this.random.next();
    if (dice < 0.03) return integerBetween(this.random, 300, 1_800);
    return dice < 0.3 ? 0 : integerBetween(this.random, 0, 25);
  }

  private newCustomer(txId = `t${this.customers.length}`): Customer {
    const n = this.customers.length;
    const dishes = [...DISHES].sort(() => this.random.next() - 0.5).slice(0, pick(this.random, [1, 1, 2, 3]));
    const request: TryRequest = {
      txId,
      storeId: STORE,
      lines: dishes.map((dishId) => ({ dishId, quantity: integerBetween(this.random, 1, 3) })),
      orderId: this.random.next() < 0.04 && n > 0 ? (pick(this.random, this.customers) as Customer).request.orderId : `o${n}`,
      couponId: this.random.next() < 0.12 ? pick(this.random, COUPONS) : null,
      ttlSeconds: pick(this.random, TTL_SECONDS),
    };
    const others = pick(this.random, [0, 0, 0, 0, 1, 1, 2]);
    if (others > 0) request.participants = PARTICIPANTS.slice(0, others).map((name) => ({ ...remoteBranch(name), body: { amount: 1 + (n % 3) } }));
    const customer = { request, asked: false, acknowledged: false, confirmed: false };
    this.customers.push(customer);
    return customer;
  }

  /** Somebody who came lately; rarely anybody. */
  private somebody(wanted: (customer: Customer) => boolean = () => true): Customer | null {
    const recent = this.random.next() < 0.85 ? this.customers.slice(-REMEMBERED) : this.customers;
    const candidates = recent.filter(wanted);
    return candidates.length > 0 ? pick(this.random, candidates) : null;
  }

  private try(customer: Customer, at = this.anyInstance()): void {
    const { request, asked } = customer;
    customer.asked = true;
    this.call({ verb: "try", request }, at, (instance) => instance.engine.try(structuredCopy(request), this.context(asked)), () => {
      customer.acknowledged = true;
    });
  }

  private move(verb: "confirm" | "cancel" | "reverse", customer = this.somebodyFor(verb), at = this.anyInstance()): void {
    const txId = customer?.request.txId ?? `nobody${this.begun}`;
    this.call({ verb, request: { txId } }, at, (instance) => instance.engine[verb](txId, this.context(customer?.asked ?? false)), () => {
      if (customer && verb === "confirm") customer.confirmed = true;
    });
  }

  private somebodyFor(verb: "confirm" | "cancel" | "reverse"): Customer | null {
    if (this.random.next() < 0.1) return this.somebody();
    // Few confirmed transactions have participants: half of the reversals ask for one.
    const withOthers = verb === "reverse" && this.random.next() < 0.5;
    const isFit = ({ acknowledged, confirmed }: Customer): boolean => acknowledged && confirmed === (verb === "reverse");
    const found = withOthers ? this.somebody((customer) => isFit(customer) && customer.request.participants !== undefined) : null;
    return found ?? this.somebody(isFit);
  }

  private changeStock(): void {
    const again = this.actions.length > 0 && this.random.next() < 0.2;
    const kind = pick(this.random, ["RESTOCK", "RESTOCK", "RESTOCK", "RESTOCK", "WRITE_OFF", "WRITE_OFF", "PAUSE", "RESUME", "RESUME", "RESUME"] as const);
    const quantity = kind === "RESTOCK" ? integerBetween(this.random, 1, 24) : kind === "WRITE_OFF" ? integerBetween(this.random, 1, 8) : 0;
    const paused = this.paused && this.random.next() < 0.85 ? this.paused : null; // nobody forgets for long
    const request: StockChangeRequest = again
      ? pick(this.random, this.actions)
      : paused
        ? { dishId: paused, kind: "RESUME", quantity: 0, reason: null, actor: "sim", actionKey: `a${this.begun}` }
        : { dishId: pick(this.random, DISHES), kind, quantity, reason: null, actor: "sim", actionKey: `a${this.begun}` };
    if (!again) this.actions.push(request);
    if (request.kind === "PAUSE") this.paused = request.dishId;
    else if (request.dishId === this.paused && request.kind === "RESUME") this.paused = null;
    this.call({ verb: "change", request }, this.anyInstance(), (instance) => instance.engine.change({ ...request }, this.context(again)), () => {});
  }

  private doubleClick(): void {
    const customer = this.random.next() < 0.5 ? this.newCustomer() : (this.somebody() ?? this.newCustomer());
    this.try(customer);
    this.try(customer);
  }

  /** Takes it back, mostly elsewhere, before the answer is there, and asks for it again where it was asked first. */
  private changeOfMind(): void {
    const reserved = this.random.next() < 0.4 ? this.somebody(({ acknowledged, confirmed }) => acknowledged && !confirmed) : null;
    const customer = reserved ?? this.newCustomer();
    const at = this.anyInstance();
    const ask = (): void => (reserved ? this.move("confirm", customer, at) : this.try(customer, at));
    const soonMs = this.random.next() * CHANGES_MIND_MS;
    ask();
    this.world.clock.schedule(soonMs, () => this.move(reserved ? "reverse" : "cancel", customer));
    this.world.clock.schedule(soonMs + this.random.next() * CHANGES_MIND_MS, ask);
  }

  /** A payment and a cancellation cross. */
  private race(): void {
    const customer = this.somebody(({ acknowledged, confirmed }) => acknowledged && !confirmed) ?? this.somebody();
    this.move("confirm", customer);
    this.move("cancel", customer);
  }

  private cancelEarly(): void {
    const txId = `early${this.begun}`;
    this.fenced.push(txId);
    this.call({ verb: "cancel", request: { txId } }, this.anyInstance(), (instance) => instance.engine.cancel(txId, this.context(false)), () => {});
  }

  private comeLate(): void {
    const txId = this.fenced[Math.floor(this.random.next() * this.fenced.length)];
    this.try(this.newCustomer(txId));
  }

  /** Another basket under a known id, data that the database does not take, or a dish that there is not. */
  private misuse(): void {
    const known = this.somebody();
    const dice = this.random.next();
    if (dice < 0.25) {
      const { request } = this.newCustomer(`${POISON}${this.begun}`);
      this.try({ request: { ...request, orderId: request.txId, couponId: null }, asked: false, acknowledged: false, confirmed: false });
    } else if (known && dice < 0.8) {
      const { request } = known;
      const other = { ...request, lines: request.lines.map(({ dishId, quantity }) => ({ dishId, quantity: quantity + 1 })) };
      this.try({ request: other, asked: true, acknowledged: false, confirmed: false });
    } else {
      const { request } = this.newCustomer();
      this.try({ request: { ...request, txId: `wrong${this.begun}`, orderId: `wrong${this.begun}`, lines: [{ dishId: "pizza", quantity: 1 }] }, asked: false, acknowledged: false, confirmed: false });
    }
  }

  private context(again: boolean): CallContext {
    return { timeoutMs: again ? pick(this.random, TIMES_LEFT_MS) : TIMEOUT_MS, traceId: "0".repeat(32) };
  }

  private anyInstance(): Instance | null {
    const { instances } = this.world;
    return instances.length > 0 ? pick(this.random, instances) : null;
  }

  /**
   * Follows a call to its end. Both ways take time; the answer may be lost, and so may the patience of the caller.
   */
  private call<Answer>(what: Pick<Call, "verb" | "request">, instance: Instance | null, ask: (instance: Instance) => Promise<Answer>, acknowledge: () => void): void {
    const { clock } = this.world;
    const at = instance?.name ?? "nowhere";
    const startedAtMs = clock.monotonicMs();
    const label = `${what.verb} ${"txId" in what.request ? what.request.txId : `${what.request.kind} ${what.request.dishId}`} at ${at}`;
    let ended = false;
    this.open++;
    const end = (ending: Ending<unknown>, outcome: string): void => {
      if (ended) return;
      ended = true;
      this.open--;
      if (ending.kind === "answered") acknowledge();
      this.outcomes[`${what.verb} ${outcome}`] = (this.outcomes[`${what.verb} ${outcome}`] ?? 0) + 1;
      const { verb, request } = what;
      this.calls.push({ verb, request, at, startedAtMs, endedAtMs: clock.monotonicMs(), ending } as Call);
      this.log(`${label}: ${outcome}`);
    };
    const unknown = (why: string): void => end({ kind: "unknown" }, why);
    this.log(label);
    if (!instance) {
      unknown("nobody there");
      return;
    }
    clock.schedule(GIVES_UP_MS, () => unknown("gave up"));
    instance.life.onDeath(() => unknown("died"));
    const answerLost = this.world.ambush?.active === true && this.random.next() < 0.03;
    const back = (give: () => void): void => {
      clock.schedule(this.random.next() * 3, () => (answerLost ? unknown("answer lost") : give()));
    };
    clock.schedule(this.random.next() * 3, () =>
      instance.life.reach(() => {
        ask(instance).then(
          (answer) => back(() => end({ kind: "answered", answer }, (answer as { replayed?: boolean }).replayed ? "replayed" : "ok")),
          (error: unknown) => back(() => end(endingOf(error), isEngineError(error) ? error.code : `THREW ${String(error)}`)),
        );
      }),
    );
  }
}

function endingOf(error: unknown): Ending<never> {
  if (!isEngineError(error)) return { kind: "refused", code: "INTERNAL", retryable: false, tier: null, shortages: [] };
  const { code, retryable, details } = error;
  return { kind: "refused", code, retryable, tier: details.tier ?? null, shortages: (details.dishes ?? []).map(({ dishId, wanted }) => ({ dishId, wanted })) };
}

function remoteBranch(participant: string): Omit<RemoteBranch, "body"> {
  const url = `http://${participant}`;
  return { participant, tryUrl: `${url}/try`, confirmUrl: `${url}/confirm`, cancelUrl: `${url}/cancel` };
}

function structuredCopy(request: TryRequest): TryRequest {
  return { ...request, lines: request.lines.map((line) => ({ ...line })) };
}
