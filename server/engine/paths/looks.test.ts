/**
 * Looks on a virtual clock and a ledger that takes 2 ms and only counts: who leaves when, and with whom.
 */
import { beforeEach, describe, expect, test } from "vitest";
import type { TransactionRecord } from "../kernel/types.ts";
import { VirtualClock } from "../simulation/virtual-clock.ts";
import { ENOUGH, Looks, PATIENCE_MS_MAX, QUIET_MS } from "./looks.ts";

const LEDGER_MS = 2;
const REMAINING_MS = 800;

let clock: VirtualClock;
let looks: Looks;
/** The statements: how many ids of each kind, and when. */
let statements: { txIds: string[]; dishIds: string[]; atMs: number }[];
let learned: string[];

beforeEach(() => {
  clock = new VirtualClock();
  statements = [];
  learned = [];
  const answer = async (txIds: string[], dishIds: string[]) => {
    statements.push({ txIds, dishIds, atMs: clock.monotonicMs() });
    await wait(LEDGER_MS);
    const transactions = txIds.map((txId) => (txId.startsWith("known") ? ({ txId } as TransactionRecord) : null));
    return { transactions, dishes: dishIds.map(() => null) };
  };
  looks = new Looks({
    clock,
    findTransactions: async (txIds) => (await answer(txIds, [])).transactions,
    readDishes: async (dishIds) => (await answer([], dishIds)).dishes,
    look: answer,
    learn: (dishId) => learned.push(dishId),
  });
});

const wait = (ms: number) => new Promise<void>((resolve) => void clock.schedule(ms, resolve));

/** A Try that is refused: how long its look took. */
async function refuse(txId: string, dishIds: string[] = [], remainingMs = REMAINING_MS): Promise<number> {
  const startedAtMs = clock.monotonicMs();
  looks.arrived();
  await looks.patiently(txId, dishIds, remainingMs);
  return clock.monotonicMs() - startedAtMs;
}

describe("a look before a refusal", () => {
  test("of more orders than a statement carries is several, oldest first, and everybody is answered", async () => {
    const txIds = Array.from({ length: 1_100 }, (_, i) => (i % 3 === 0 ? `known ${i}` : `new ${i}`));
    const records = await clock.run(Promise.all(txIds.map((txId) => looks.patiently(txId, [], REMAINING_MS))));
    expect(statements.map(({ txIds: { length } }) => length)).toEqual([512, 512, 76]);
    expect(statements.flatMap((statement) => statement.txIds)).toEqual(txIds);
    expect(records.map((record) => record?.txId ?? null)).toEqual(txIds.map((txId) => (txId.startsWith("known") ? txId : null)));
  });

  test("of an order that comes alone leaves at once", async () => {
    expect(await clock.run(refuse("a"))).toBe(LEDGER_MS);
    await clock.advance(QUIET_MS);
    expect(await clock.run(refuse("b"))).toBe(LEDGER_MS);
  });

  test("waits for those who keep coming, and leaves with all of them when they stop", async () => {
    const storm: Promise<number>[] = [];
    const arrivals = async () => {
      for (let n = 0; n < 60; n++) {
        storm.push(refuse(`t${n}`));
        await wait(3);
      }
    };
    await clock.run(arrivals());
    const waits = await clock.run(Promise.all(storm));
    expect(statements.map(({ txIds }) => txIds.length)).toEqual([1, 59]); // the first came alone
    expect(Math.max(...waits)).toBeLessThanOrEqual(PATIENCE_MS_MAX + QUIET_MS);
  });

  test("is patient for a while only, however long the storm", async () => {
    const waits: Promise<number>[] = [];
    const arrivals = async () => {
      for (let n = 0; n < 1_000; n++) {
        waits.push(refuse(`t${n}`));
        await wait(3);
      }
    };
    await clock.run(arrivals());
    expect(Math.max(...(await clock.run(Promise.all(waits))))).toBeLessThanOrEqual(PATIENCE_MS_MAX + LEDGER_MS);
    expect(statements.length).toBeLessThanOrEqual(1 + Math.ceil(3_000 / PATIENCE_MS_MAX));
  });

  test("is no more patient than its caller has time for", async () => {
    const soon = refuse("first").then(() => refuse("hurried", [], 40));
    const others = async () => {
      for (let n = 0; n < 100; n++) {
        refuse(`t${n}`).catch(() => {});
        await wait(3);
      }
    };
    const [took] = await clock.run(Promise.all([soon, others()]));
    expect(took).toBeLessThanOrEqual(10 + LEDGER_MS);
  });

  test("does not wait when enough are here", async () => {
    looks.arrived();
    const storm = Array.from({ length: ENOUGH }, (_, n) => refuse(`t${n}`));
    expect(await clock.run(Promise.all(storm))).toEqual(storm.map(() => LEDGER_MS));
    expect(statements).toHaveLength(1);
  });

  test.each([1, 5, 64])("of %i callers who come again when they are answered waits twice, then never", async (callers) => {
    const waits: number[][] = [];
    const caller = async (name: number) => {
      const own: number[] = [];
      waits.push(own);
      for (let n = 0; n < 50; n++) own.push(await refuse(`${name}.${n}`));
    };
    await clock.run(Promise.all(Array.from({ length: callers }, (_, name) => caller(name))));
    for (const own of waits) expect(own.slice(2)).toEqual(own.slice(2).map(() => LEDGER_MS));
    expect(statements).toHaveLength(50);
  });

  test("asks for stock in the same statement, and hears of it before it is answered", async () => {
    await clock.run(looks.patiently("known-a", ["rice"], REMAINING_MS).then((record) => expect([record?.txId, learned]).toEqual(["known-a", ["rice"]])));
    expect(statements).toMatchObject([{ txIds: ["known-a"], dishIds: ["rice"] }]);
  });
});

describe("a look that somebody needs to go on", () => {
  test("leaves at once and takes the patient along", async () => {
    looks.arrived();
    const patient = refuse("patient");
    await clock.advance(1);
    expect(statements).toEqual([]);
    await clock.run(looks.transaction("urgent"));
    expect(await patient).toBeLessThanOrEqual(1 + LEDGER_MS);
    expect(statements).toMatchObject([{ txIds: ["patient", "urgent"], atMs: 1 }]);
  });

  test("is never joined after it has left, but stock is: whoever needs it to go on waits for the read under way", async () => {
    const first = Promise.all([looks.transaction("a"), looks.stock(["rice"])]);
    await clock.advance(1);
    const second = Promise.all([looks.transaction("a"), looks.stock(["rice"])]);
    await clock.run(Promise.all([first, second]));
    expect(statements).toMatchObject([{ txIds: ["a"], dishIds: ["rice"] }, { txIds: ["a"], dishIds: [] }]);
  });

  test("that fails fails for everybody who waits for it, and the next one is asked", async () => {
    const failing = new Looks({
      clock,
      findTransactions: async () => Promise.reject(new Error("away")),
      readDishes: async () => Promise.reject(new Error("away")),
      look: async () => Promise.reject(new Error("away")),
      learn: () => {},
    });
    for (let round = 0; round < 2; round++) {
      const outcomes = Promise.allSettled([failing.transaction("a"), failing.patiently("b", ["rice"], REMAINING_MS), failing.stock(["rice"])]);
      expect((await clock.run(outcomes)).map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    }
  });
});
