/**
 * A bench for the guards: one engine on twins and a virtual clock, links without delay, a ledger that does as it is told.
 * For tests only.
 */
import { isEngineError } from "../kernel/errors.ts";
import { NO_FAULTS } from "../simulation/links.ts";
import { World } from "../simulation/world.ts";
import { LedgerFailure, type LedgerBatch, type LedgerFailureKind } from "../tiers/tcc/ledger.ts";

/** A whole request. */
export const BUDGET_MS = 800;
export interface Ended {
  /** "RESERVED", or the code of the no. */
  how: string;
  atMs: number;
  message: string;
  retryAfterMs: number | undefined;
  replayed: boolean | undefined;
}

/** One engine, links without delay, a ledger and a Redis that do as they are told. */
export async function lab(supplied = 10, dishIds = ["noodles"]) {
  const world = new World(3);
  const still = { ...NO_FAULTS, delayMs: [0, 0] as [number, number] };
  world.faults = { ledger: still, cells: still, feed: still };
  for (const dishId of dishIds) {
    const dish = { dishId, storeId: "s", names: { en: dishId, "zh-CN": dishId }, priceCents: 1, supplied, actor: "test", actionKey: dishId };
    await world.clock.run(world.ledger.createDish(dish));
  }
  const instance = world.start();
  const { engine } = instance;
  const runBatch = world.ledger.runBatch.bind(world.ledger);
  const ledger = {
    /** Called before each batch; may throw or wait. */
    before: async (_batch: LedgerBatch): Promise<void> => {},
    after: async (): Promise<void> => {},
    calls: 0,
  };
  world.ledger.runBatch = async (batch) => {
    ledger.calls++;
    await ledger.before(batch);
    const result = await runBatch(batch);
    await ledger.after();
    return result;
  };
  const wait = (ms: number) => new Promise<void>((resolve) => void world.clock.schedule(ms, resolve));
  const start = (txId: string, { dishId = "noodles", quantity = 1, timeoutMs = BUDGET_MS, from = engine } = {}): Promise<Ended> => {
    const request = { txId, storeId: "s", lines: [{ dishId, quantity }], orderId: txId, couponId: null, ttlSeconds: 600 };
    const end = (how: string, more: Partial<Ended> = {}): Ended => ({ how, atMs: world.clock.monotonicMs(), message: "", retryAfterMs: undefined, replayed: undefined, ...more });
    return from.try(request, { timeoutMs, traceId: "0".repeat(32) }).then(
      ({ state, replayed }) => end(state, { replayed }),
      (error: unknown) => (isEngineError(error) ? end(error.code, { message: error.message, retryAfterMs: error.details.retryAfterMs }) : end(String(error))),
    );
  };
  const attempt = (...args: Parameters<typeof start>) => world.clock.run(start(...args));
  /** The first `times` batches fail. */
  const failing = (times: number, kind: LedgerFailureKind) => {
    let left = times;
    ledger.before = async () => {
      if (left-- > 0) throw new LedgerFailure(kind, "told to");
    };
  };
  const ledgerHas = (txId: string) => world.ledger.inspect().transactions.some((transaction) => transaction.txId === txId);
  await attempt("warm"); // the dish has a cell now
  await world.clock.advance(1); // and its hold is settled
  return { world, instance, engine, ledger, wait, start, attempt, failing, ledgerHas, clock: world.clock };
}
