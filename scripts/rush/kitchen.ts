/**
 * The people behind the counter: they cook more before a dish runs out, let a few dishes sell out and bring them back,
 * and hand out coupons. Their restocks repeat under one Idempotency-Key until they are certain.
 */
import { integerBetween, type Random } from "../../server/engine/kernel/random.ts";
import type { Day } from "./day.ts";
import { certaintyOf } from "./history.ts";
import { readMenu, type ServedDish } from "./menu.ts";
import { asRecord, type Recorder, textOf } from "./recorder.ts";
import type { Answer, Wire } from "./wire.ts";
import type { MenuDish } from "./workload.ts";

const LOOK_EVERY_MS = 500;
/** A dish is restocked while it lasts another 3 s, to last another 8 s. */
const LASTS_MS_MIN = 3_000;
const LASTS_MS_WANTED = 8_000;
/** What a quiet dish is kept at, in portions. */
const PAR = 200;
/** Every sixth dish, from the third hottest on, is cooked in small pots and sells out. */
const SCARCE_EVERY = 6;
const SCARCE_FIRST = 2;
const SCARCE_POT = { from: 20, to: 80 };
/** How long a scarce dish stays sold out. */
const SOLD_OUT_MS = 2_500;
/** A contract bound: one restock brings at most so many. */
const QUANTITY_MAX = 10_000;
/** One in so many restocks is sent twice, as a nervous cook does. */
const TWICE_EVERY = 7;
const ASKED_MAX = 8;

/** Coupons on offer at the opening, and new ones at each look: fewer than are wanted, so that they are fought for. */
const COUPONS_FIRST = 40;
const COUPONS_EACH_LOOK = 6;
/** Customers reach for the newest so many. */
const COUPONS_ON_OFFER = 60;

interface Pot {
  scarce: boolean;
  lastTaken: number;
  lastLookAtMs: number;
  emptySinceMs: number | null;
}

export class Kitchen {
  private readonly wire: Wire;
  private readonly recorder: Recorder;
  private readonly day: Day;
  private readonly random: Random;
  private readonly run: string;
  private readonly pots = new Map<string, Pot>();
  private readonly couponIds: string[] = [];
  private restocks = 0;
  private coupons = 0;
  /** Why it stopped cooking or handing out coupons: the key's scope, say. */
  readonly complaints = new Map<"restock" | "coupon", string>();
  soldOutSeen = 0;

  constructor(parts: { wire: Wire; recorder: Recorder; day: Day; random: Random; run: string; menu: readonly MenuDish[] }) {
    this.wire = parts.wire;
    this.recorder = parts.recorder;
    this.day = parts.day;
    this.random = parts.random;
    this.run = parts.run;
    parts.menu.forEach(({ dishId }, rank) => {
      const scarce = rank % SCARCE_EVERY === SCARCE_FIRST;
      this.pots.set(dishId, { scarce, lastTaken: 0, lastLookAtMs: 0, emptySinceMs: null });
    });
  }

  /** Fills the pots and prints the first coupons, before the first customer. */
  async open(dishes: readonly ServedDish[]): Promise<void> {
    await this.restockAll(dishes.filter((dish) => this.pots.get(dish.dishId)?.scarce === false && dish.available < PAR), PAR);
    await this.issueCoupons(COUPONS_FIRST);
  }

  /** Until closing time. */
  async cook(): Promise<void> {
    while (!this.day.closing) {
      await this.lookOnce();
      await this.day.think(LOOK_EVERY_MS);
    }
  }

  couponAt(draw: number): string | null {
    const onOffer = Math.min(COUPONS_ON_OFFER, this.couponIds.length);
    return onOffer === 0 ? null : this.couponIds[this.couponIds.length - 1 - Math.floor(draw * onOffer)]!;
  }

  private async lookOnce(): Promise<void> {
    const menu = await readMenu(this.wire, this.recorder);
    if (menu.kind === "failed") return;
    const nowMs = performance.now();
    const wanted: { dish: ServedDish; quantity: number }[] = [];
    for (const dish of menu.dishes) {
      const pot = this.pots.get(dish.dishId);
      if (!pot) continue;
      const taken = dish.frozen + dish.sold;
      const sinceMs = nowMs - pot.lastLookAtMs;
      const perMs = pot.lastLookAtMs === 0 ? 0 : Math.max(0, taken - pot.lastTaken) / sinceMs;
      pot.lastTaken = taken;
      pot.lastLookAtMs = nowMs;
      if (pot.scarce) {
        if (dish.available > 0) pot.emptySinceMs = null;
        else if (pot.emptySinceMs === null) {
          pot.emptySinceMs = nowMs;
          this.soldOutSeen += 1;
        } else if (nowMs - pot.emptySinceMs >= SOLD_OUT_MS) {
          wanted.push({ dish, quantity: integerBetween(this.random, SCARCE_POT.from, SCARCE_POT.to) });
        }
      } else if (dish.available < Math.max(PAR / 2, perMs * LASTS_MS_MIN)) {
        wanted.push({ dish, quantity: Math.ceil(Math.max(PAR, perMs * LASTS_MS_WANTED)) });
      }
    }
    await Promise.all(wanted.map(({ dish, quantity }) => this.restock(dish.dishId, quantity)));
    await this.issueCoupons(COUPONS_EACH_LOOK);
  }

  private async restockAll(dishes: readonly ServedDish[], quantity: number): Promise<void> {
    for (let from = 0; from < dishes.length; from += 16) {
      await Promise.all(dishes.slice(from, from + 16).map((dish) => this.restock(dish.dishId, quantity)));
    }
  }

  private async restock(dishId: string, quantity: number): Promise<void> {
    if (this.complaints.has("restock")) return;
    this.restocks += 1;
    const actionKey = `${this.run}:restock:${this.restocks}`;
    const restock = { actionKey, dishId, quantity: Math.min(QUANTITY_MAX, quantity), acknowledged: false, contradiction: null as string | null };
    this.recorder.restocks.set(actionKey, restock);
    const body = { quantity: restock.quantity, reason: "lunch rush" };
    const path = `/api/v1/dishes/${dishId}/restock`;
    const first = await this.untilSettled("restock", path, body, actionKey);
    if (first?.kind !== "answered" || first.status !== 200) return;
    restock.acknowledged = true;
    if (this.restocks % TWICE_EVERY !== 0) return;
    const second = await this.untilSettled("restock", path, body, actionKey);
    if (second?.kind !== "answered" || certaintyOf({ status: second.status, code: null }) !== "done") return;
    const supplied = [asRecord(first.body).supplied, asRecord(second.body).supplied];
    if (supplied[0] !== supplied[1]) restock.contradiction = `supplied ${supplied[0]} first, ${supplied[1]} when asked again`;
  }

  private async issueCoupons(count: number): Promise<void> {
    if (this.complaints.has("coupon")) return;
    await Promise.all(
      Array.from({ length: count }, async () => {
        this.coupons += 1;
        const couponId = `${this.run}:coupon:${this.coupons}`;
        this.recorder.coupons.add(couponId);
        const answer = await this.untilSettled("coupon", "/api/v1/coupons", { couponId, amountCents: 500 }, couponId);
        if (answer?.kind === "answered" && answer.status === 201) this.couponIds.push(couponId);
      }),
    );
  }

  /** @returns the last answer; null when the day was over first. */
  private async untilSettled(call: "restock" | "coupon", path: string, body: unknown, idempotencyKey: string): Promise<Answer | null> {
    for (let asked = 1; asked <= ASKED_MAX && !this.day.over; asked++) {
      const answer = await this.wire.send({ method: "POST", path, body, idempotencyKey });
      this.recorder.time(call, answer);
      if (answer.kind === "answered" && answer.status < 500 && answer.status !== 429) {
        const code = textOf(asRecord(answer.body).code);
        if (answer.status >= 400 && code !== "IN_PROGRESS") this.complaints.set(call, `POST ${path}: ${answer.status} ${code ?? ""}`.trim());
        return answer;
      }
      await this.day.backOff(Math.min(1_000, 100 * 2 ** asked));
    }
    return null;
  }
}
