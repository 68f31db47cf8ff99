/**
 * Words for tests of a ledger: baskets, moves and changes under ids of one test's own. It is no test and no ledger.
 */
import { fingerprint, payloadHashOf } from "../../kernel/basket.ts";
import type { Ledger, LedgerBatch, LedgerMove, LedgerStockChange, LedgerTry, MoveTarget, NewCoupon, NewDish } from "./ledger.ts";

export interface LedgerUnderTest {
  ledger: Ledger;
  /** Another instance's, on the same store. */
  other: Ledger;
  /** What is wrong with the store as a whole; empty when it is whole. */
  audit(): Promise<string[]>;
  /** Signed movements of a dish, in their order. */
  movements(dishId: string): Promise<number[]>;
}

const STAGES = { accessMs: 0.4, casMs: 0.01, lockMs: 1.25, redisMs: 0.6 };

/** Ids of one test: nothing is shared between tests but the store itself. */
export class Bench {
  readonly store: string;
  constructor(readonly prefix: string) {
    this.store = `${prefix}.store`;
  }

  id(name: string): string {
    return `${this.prefix}.${name}`;
  }

  newDish(name: string, supplied: number, storeId = this.store): NewDish {
    return { dishId: this.id(name), storeId, names: { en: name, "zh-CN": name }, priceCents: 900, supplied, actor: "tester", actionKey: this.id(`make-${name}`) };
  }

  newCoupon(name: string, storeId: string | null = null): NewCoupon {
    return { couponId: this.id(name), storeId, amountCents: 500, actor: "tester", actionKey: this.id(`make-${name}`) };
  }

  /** Lines as `{ rice: 2 }`. `ttlSeconds: 0` is due at once. */
  try(name: string, lines: Record<string, number>, more: Partial<LedgerTry> = {}): LedgerTry {
    const basket = {
      storeId: this.store,
      orderId: this.id(`order-${name}`),
      couponId: null,
      lines: Object.entries(lines).map(([dish, quantity]) => ({ dishId: this.id(dish), quantity })),
    };
    return { txId: this.id(name), ...basket, payloadHash: payloadHashOf(basket), ttlSeconds: 900, traceId: "0af7651916cd43dd8448eb211c80319c", stages: STAGES, ...more };
  }

  move(name: string, to: MoveTarget): LedgerMove {
    return { txId: this.id(name), to, cause: to === "CANCELLED" ? "REQUESTED" : to === "EXPIRED" ? "EXPIRED" : null };
  }

  change(kind: LedgerStockChange["kind"], dish: string, quantity = 0, more: Partial<LedgerStockChange> = {}): LedgerStockChange {
    const request = { kind, dishId: this.id(dish), quantity, reason: "a test", actor: "tester" };
    return { ...request, actionKey: this.id(`${kind}-${dish}-${quantity}`), requestHash: fingerprint([kind, dish, quantity]), ...more };
  }

  /** A batch over the dishes named, and those of its Trys and changes. */
  batch(dishes: string[], parts: Partial<Pick<LedgerBatch, "trys" | "moves" | "changes">>): LedgerBatch {
    const { trys = [], moves = [], changes = [] } = parts;
    const touched = [...dishes.map((dish) => this.id(dish)), ...trys.flatMap(({ lines }) => lines.map(({ dishId }) => dishId)), ...changes.map(({ dishId }) => dishId)];
    return { batchId: this.id("batch"), dishIds: [...new Set(touched)], trys, moves, changes };
  }
}
