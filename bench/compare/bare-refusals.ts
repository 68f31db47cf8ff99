/**
 * How many times a second the gate alone refuses a sold-out dish: memory, one thread, no replay look-up, nothing to await.
 */
import { realClock } from "../../server/engine/kernel/clock.ts";
import { StockGate } from "../../server/engine/tiers/cas/stock-gate.ts";

/** Refusals between two looks at the clock. */
const BLOCK = 10_000;
const ROUNDS = 5;
const ROUND_MS = 100;

export function bareRefusals(): number {
  const gate = new StockGate(realClock, 16);
  const dish = { dishId: "dish", storeId: "store", supplied: 0, available: 0, frozen: 0, sold: 0, onSale: true, version: 1 };
  const lines = [{ dishId: dish.dishId, quantity: 1 }];
  const speeds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    let refused = 0;
    const startedAtMs = performance.now();
    let nowMs = startedAtMs;
    for (; nowMs - startedAtMs < ROUND_MS; nowMs = performance.now()) {
      gate.learn(dish, nowMs); // its no is final for half a second
      for (let i = 0; i < BLOCK; i++) if (gate.admit(dish.storeId, lines).kind === "refused") refused++;
    }
    speeds.push((refused / (nowMs - startedAtMs)) * 1000);
  }
  return speeds.sort((a, b) => a - b)[ROUNDS >> 1] as number;
}
