/**
 * What the simulator found, played again by hand: one test a bug, with the seed it was found in. Seeds change their meaning
 * when the workload changes, so the story is told here, and `mutation-table.ts` breaks each of them again.
 */
import { describe, expect, test } from "vitest";
import { lab } from "../guards/testing.ts";
import { Neighbourhood } from "../recovery/testing.ts";
import { LedgerFailure, type LedgerBatch, type LedgerBatchResult, type LedgerTry } from "../tiers/tcc/ledger.ts";

const CALL = { timeoutMs: 800, traceId: "0".repeat(32) };
const lost = () => new LedgerFailure("unknown", "the connection was lost");

/** The first batch that names `txId` is sent and its connection breaks; it is carried out when `later` is called. */
function cutOff(bench: Awaited<ReturnType<typeof lab>>, txId: string, meanwhile: (runBatch: (batch: LedgerBatch) => Promise<LedgerBatchResult>) => Promise<unknown> = async () => {}) {
  const { world } = bench;
  const runBatch = world.ledger.runBatch;
  let orphan: (() => Promise<LedgerBatchResult>) | null = null;
  let cut = false;
  world.ledger.runBatch = async (batch: LedgerBatch) => {
    const isIt = batch.trys.some((request) => request.txId === txId) || batch.moves.some((move) => move.txId === txId);
    if (!isIt || cut) return runBatch(batch);
    cut = true;
    orphan = () => runBatch(batch);
    await meanwhile(runBatch);
    throw lost();
  };
  return { later: () => orphan?.() };
}

describe("found by simulation", () => {
  test("seed 100: a batch is committed and its answer lost; when the ledger cannot be read then, nobody is told that nothing was written", async () => {
    const bench = await lab(5);
    const { world, ledger } = bench;
    ledger.after = async () => {
      ledger.after = async () => {};
      throw lost();
    };
    const look = world.ledger.findTransactions.bind(world.ledger);
    world.ledger.findTransactions = async () => {
      throw new LedgerFailure("unavailable", "away");
    };
    await expect(bench.attempt("t")).resolves.toMatchObject({ how: "DEADLINE_EXCEEDED" });
    world.ledger.findTransactions = look;
    expect(bench.ledgerHas("t")).toBe(true);
    await world.clock.advance(1_000);
    await expect(bench.attempt("t")).resolves.toMatchObject({ how: "RESERVED", replayed: true });
  });

  test("seed 239: the same for a cancel", async () => {
    const bench = await lab(5);
    const { world, ledger, engine } = bench;
    await bench.attempt("t");
    ledger.after = async () => {
      ledger.after = async () => {};
      throw lost();
    };
    const look = world.ledger.findTransactions.bind(world.ledger);
    world.ledger.findTransactions = async () => {
      throw new LedgerFailure("unavailable", "away");
    };
    await expect(world.clock.run(engine.cancel("t", CALL))).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    world.ledger.findTransactions = look;
    await world.clock.advance(1_000);
    await expect(world.clock.run(engine.cancel("t", CALL))).resolves.toMatchObject({ state: "CANCELLED" });
  });

  test("seed 3018: a batch is cut off and sent again; its no is not the last word, because the first may be carried out yet", async () => {
    const bench = await lab(2);
    const { world, engine } = bench;
    // Between the two attempts another instance takes what is left; later it gives it back.
    const other: LedgerTry = { txId: "o", storeId: "s", orderId: "o", couponId: null, payloadHash: "o", ttlSeconds: 60, lines: [{ dishId: "noodles", quantity: 1 }], traceId: "", stages: { accessMs: 0, casMs: 0, lockMs: 0, redisMs: 0 } };
    const { later } = cutOff(bench, "t", (runBatch) => runBatch({ batchId: "other.1", dishIds: ["noodles"], trys: [other], moves: [], changes: [] }));
    await expect(bench.attempt("t")).resolves.toMatchObject({ how: "DEADLINE_EXCEEDED" });
    await world.clock.run(engine.cancel("o", CALL));
    await later();
    await expect(world.clock.run(engine.confirm("t", CALL))).resolves.toMatchObject({ state: "CONFIRMED" });
  });

  test("seed 3018: nor is that of a reverse, which is carried out after a confirm came in between", async () => {
    const bench = await lab(5);
    const { world, engine } = bench;
    await bench.attempt("t");
    const { later } = cutOff(bench, "t");
    await expect(world.clock.run(engine.reverse("t", CALL))).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    await world.clock.run(engine.confirm("t", CALL));
    await later();
    await expect(world.clock.run(engine.reverse("t", CALL))).resolves.toMatchObject({ state: "REVERSED" });
  });

  test("a batch that may have committed is cut in two, and neither half is told that it never left", async () => {
    const bench = await lab(5);
    const { ledger } = bench;
    const first = ledger.calls + 1;
    ledger.before = async () => {
      const call = ledger.calls - first;
      if (call > 0) throw new LedgerFailure(call <= 5 ? "conflict" : "unavailable", "told to");
    };
    ledger.after = async () => {
      throw lost(); // of the first call, which commits
    };
    const both = [bench.start("a"), bench.start("b")];
    const [a, b] = await bench.clock.run(Promise.all(both));
    expect([a?.how, b?.how]).toEqual(["DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"]);
    expect([bench.ledgerHas("a"), bench.ledgerHas("b")]).toEqual([true, true]);
  });

  test("seed 2005: a reverse that comes after an acknowledged confirm does not hear the no of one that came before it", async () => {
    const bench = await lab(5);
    const { world, engine, wait } = bench;
    await bench.attempt("t");
    const other = world.start().engine;
    const look = world.ledger.findTransactions.bind(world.ledger);
    let slow = true;
    world.ledger.findTransactions = async (txIds) => {
      const records = await look(txIds); // what it finds is true now, and comes late
      if (slow) await wait(100);
      return records;
    };
    const early = engine.reverse("t", CALL).catch((error: { code: string }) => error.code);
    await world.clock.advance(20);
    slow = false;
    await world.clock.run(other.confirm("t", CALL));
    const late = engine.reverse("t", CALL);
    await expect(world.clock.run(late)).resolves.toMatchObject({ state: "REVERSED" });
    await expect(world.clock.run(early)).resolves.toBe("ILLEGAL_STATE");
  });

  test("seed 2038: a Try that is asked for again after a reverse does not hear the state from before it", async () => {
    const bench = await lab(5);
    const { world, engine, wait } = bench;
    await bench.attempt("t");
    await world.clock.run(engine.confirm("t", CALL));
    const other = world.start().engine;
    const runBatch = world.ledger.runBatch;
    const look = world.ledger.findTransactions.bind(world.ledger);
    let slow = true;
    world.ledger.findTransactions = async (txIds) => {
      const records = await look(txIds);
      if (slow) await wait(200);
      return records;
    };
    const early = bench.start("t", { from: other });
    await world.clock.advance(50);
    slow = false;
    await world.clock.run(engine.reverse("t", CALL));
    const late = bench.start("t", { from: other });
    const [before, after] = [await world.clock.run(early), await world.clock.run(late)];
    expect([before.how, after.how]).toEqual(["CONFIRMED", "REVERSED"]);
    world.ledger.runBatch = runBatch;
  });

  test("seed 12608: a Try that is asked for again after it was cancelled elsewhere does not hear that it is reserved", async () => {
    const bench = await lab(5);
    const { world, ledger } = bench;
    const other = world.start().engine;
    let late = Promise.resolve<unknown>(null);
    ledger.after = async () => {
      ledger.after = async () => {};
      await other.cancel("t", CALL); // it is committed, and its answer is still on its way
      late = bench.start("t");
    };
    await expect(bench.attempt("t")).resolves.toMatchObject({ how: "RESERVED" });
    await expect(world.clock.run(late)).resolves.toMatchObject({ how: "LATE_TRY" });
  });

  test("nor that it is confirmed, who confirms again after it was reversed elsewhere", async () => {
    const bench = await lab(5);
    const { world, engine, ledger } = bench;
    await bench.attempt("t");
    const other = world.start().engine;
    let late = Promise.resolve<unknown>(null);
    ledger.after = async () => {
      ledger.after = async () => {};
      await other.reverse("t", CALL);
      late = engine.confirm("t", CALL).catch((error: { code: string }) => error.code);
    };
    await expect(world.clock.run(engine.confirm("t", CALL))).resolves.toMatchObject({ state: "CONFIRMED" });
    await expect(world.clock.run(late)).resolves.toBe("ILLEGAL_STATE");
  });

  describe("an answer that comes when the time is up, before that is noticed", () => {
    /** Around the answer, which comes 50 to 80 ms after it was asked for; deadlines are looked at every 8 ms. */
    const TIMEOUTS_MS = Array.from({ length: 80 }, (_, index) => 20 + index);

    /** What is read is true now, and known 50 ms later. */
    function slowLooks({ world, wait }: Awaited<ReturnType<typeof lab>>): { end(): void } {
      const look = world.ledger.findTransactions.bind(world.ledger);
      world.ledger.findTransactions = async (txIds) => {
        const records = await look(txIds);
        await wait(50);
        return records;
      };
      return { end: () => void (world.ledger.findTransactions = look) };
    }

    test("seed 87656: a Try never hears the no to another basket that it waited for", async () => {
      const heard = new Set<string>();
      for (const timeoutMs of TIMEOUTS_MS) {
        const bench = await lab(5);
        await bench.attempt("t");
        slowLooks(bench);
        const other = bench.start("t", { quantity: 2 });
        heard.add((await bench.clock.run(bench.start("t", { timeoutMs }))).how);
        await expect(bench.clock.run(other)).resolves.toMatchObject({ how: "IDEMPOTENCY_MISMATCH" });
      }
      expect([...heard]).toEqual(["DEADLINE_EXCEEDED"]);
    });

    test("nor a reverse the no from before the confirm", async () => {
      const heard = new Set<string>();
      for (const timeoutMs of TIMEOUTS_MS) {
        const bench = await lab(5);
        const { world, engine } = bench;
        await bench.attempt("t");
        const other = world.start().engine;
        const slow = slowLooks(bench);
        const early = engine.reverse("t", CALL).catch((error: { code: string }) => error.code);
        await world.clock.advance(1);
        slow.end();
        await world.clock.run(other.confirm("t", CALL));
        const late = engine.reverse("t", { ...CALL, timeoutMs }).then(({ state }) => state, (error: { code: string }) => error.code);
        await expect(world.clock.run(early)).resolves.toBe("ILLEGAL_STATE");
        heard.add(await world.clock.run(late));
      }
      expect([...heard]).toEqual(["DEADLINE_EXCEEDED", "REVERSED"]);
    });
  });

  test("seed 99: a Try whose participants' answers were written down, and that was confirmed before it heard so, is not late", async () => {
    const place = new Neighbourhood(1, ["points"]);
    await place.supply(10);
    const [engine, other] = [place.engine(), place.engine()];
    const settle = place.ledger.settleBranches.bind(place.ledger);
    let first = true;
    place.ledger.settleBranches = async (reports) => {
      const settled = await settle(reports);
      if (!first) return settled;
      first = false;
      await other.confirm("a", CALL);
      throw lost(); // and the report is sent again
    };
    await expect(place.run(engine.try(place.basket("a"), CALL))).resolves.toMatchObject({ state: "RESERVED" });
    expect(first).toBe(false);
    expect(place.wrong()).toEqual([]);
  });

  test("seed 296: a participant's yes is written down and the answer lost; when Postgres turns the repetition away, nobody is told that nothing was written", async () => {
    const place = new Neighbourhood(1, ["points"]);
    await place.supply(10);
    const engine = place.engine();
    const settle = place.ledger.settleBranches.bind(place.ledger);
    let asked = 0;
    place.ledger.settleBranches = async (reports) => {
      if (++asked > 1) throw new LedgerFailure("unavailable", "away");
      await settle(reports);
      throw lost();
    };
    await expect(place.run(engine.try(place.basket("a"), CALL))).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    place.ledger.settleBranches = settle;
    await expect(place.run(engine.try(place.basket("a"), CALL))).resolves.toMatchObject({ state: "RESERVED", replayed: true });
    await place.run(engine.confirm("a", CALL));
    expect(place.wrong()).toEqual([]);
  });
});
