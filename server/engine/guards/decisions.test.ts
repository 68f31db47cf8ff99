/**
 * The table "When it degrades" of the engine's README, row by row: what happens when its precondition is met, and that it does
 * not happen when it is not. On twins and a virtual clock, so times are exact.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Engine } from "../engine.ts";
import type { FeedConsumer } from "../feed/live-feed.ts";
import { HEARTBEAT_MS, SILENT_MS_MAX } from "../feed/instances.ts";
import { HOLD_MS } from "../paths/batch-flight.ts";
import { NO_FAULTS } from "../simulation/links.ts";
import { type Instance, World } from "../simulation/world.ts";
import { VirtualClock } from "../simulation/virtual-clock.ts";
import { PARKED_MAX, StockGate } from "../tiers/cas/stock-gate.ts";
import { HOLD_SUSPECT_MS } from "../tiers/lock/lock-log.ts";
import { LedgerFailure } from "../tiers/tcc/ledger.ts";
import { FAILURES_TO_OPEN, OPEN_MS } from "./circuit-breaker.ts";
import { INTERVAL_MS, QUEUE_MS_MAX } from "./load-shed.ts";
import { BUDGET_MS, lab } from "./testing.ts";

/** The deadline watch looks this often. */
const TICK_MS = 8;

const cellsDown = { ...NO_FAULTS, delayMs: [0, 0] as [number, number], requestLost: 1 };

describe("Redis slow or away", () => {
  test("met: orders go on without it, after three batches that failed none asks it, and it is back after a rest", async () => {
    const { world, engine, attempt, clock } = await lab();
    const { cells } = world.faults;
    world.faults = { ...world.faults, cells: cellsDown };
    for (let n = 0; n < FAILURES_TO_OPEN; n++) {
      expect(engine.stats().redis.circuit).toBe("closed");
      expect((await attempt(`t${n}`)).how).toBe("RESERVED");
      await clock.advance(1); // its settle failed too: that is one failure, not two
    }
    expect(engine.stats().redis.circuit).toBe("open");
    const { takes } = engine.stats().redis;
    expect((await attempt("t-open")).how).toBe("RESERVED");
    expect(engine.stats().redis.takes).toBe(takes);
    world.faults = { ...world.faults, cells };
    await clock.advance(OPEN_MS);
    await attempt("probe");
    await clock.advance(1);
    expect(engine.stats().redis.circuit).toBe("closed");
    await attempt("t-closed");
    expect(engine.stats().redis.takes).toBe(takes + 1);
  });

  test("unmet: failures with an answer in between do not open the circuit", async () => {
    const { world, engine, attempt, clock } = await lab();
    const { cells } = world.faults;
    for (let n = 0; n < 3; n++) {
      world.faults = { ...world.faults, cells: cellsDown };
      await attempt(`down${n}`);
      await clock.advance(1); // its settle failed too
      world.faults = { ...world.faults, cells };
      await attempt(`up${n}`);
      await clock.advance(1);
    }
    expect(engine.stats().redis).toMatchObject({ circuit: "closed", failures: 6, takes: 7 });
  });
});

describe("Redis says short", () => {
  const held = async () => {
    const rig = await lab(5);
    const row = rig.world.ledger.inspect().dishes[0];
    const ghost = { instance: "ghost", sequence: 1 };
    const known = row ? { available: row.available, version: row.version } : null;
    await rig.world.cells.take("s", ghost, [{ dishId: "noodles", wanted: 5, known }], HOLD_MS);
    return { ...rig, ghost };
  };

  test("met: turned back twice, the ledger decides, long before the dead one's hold ends", async () => {
    const { engine, attempt, clock } = await held();
    const startedAtMs = clock.monotonicMs();
    const { how, atMs } = await attempt("t1", { quantity: 4 });
    expect([how, engine.stats().redis.short]).toEqual(["RESERVED", 2]);
    expect(atMs - startedAtMs).toBeLessThan(HOLD_MS / 10);
  });

  test("unmet: turned back once, then free: Redis is asked again and grants", async () => {
    const { world, engine, start, clock, ghost } = await held();
    const trying = start("t1", { quantity: 4 });
    await clock.advance(5);
    await world.cells.settle("s", ghost, [{ dishId: "noodles", reading: null }]);
    expect((await clock.run(trying)).how).toBe("RESERVED");
    expect(engine.stats().redis).toMatchObject({ short: 1, takes: 3 });
  });

  test("unmet: the caller's time is up first: nothing was written, and it may ask again", async () => {
    const { attempt, ledgerHas } = await held();
    expect(await attempt("t1", { quantity: 4, timeoutMs: 10 })).toMatchObject({ how: "OVERLOADED", retryAfterMs: 1_000 });
    expect(ledgerHas("t1")).toBe(false);
  });
});

describe("Postgres away, for writes", () => {
  test("met: after three failures in a row every Try is told so at once, and one probe brings it back", async () => {
    const { engine, ledger, attempt, failing, clock } = await lab();
    failing(Number.POSITIVE_INFINITY, "unavailable");
    expect((await attempt("t1")).how).toBe("UNAVAILABLE");
    expect(engine.stats().tcc.circuit).toBe("open");
    const { calls } = ledger;
    const askedAtMs = clock.monotonicMs();
    expect(await attempt("t2")).toMatchObject({ how: "UNAVAILABLE", retryAfterMs: 1_000, atMs: askedAtMs });
    expect(ledger.calls).toBe(calls);
    failing(0, "unavailable");
    await clock.advance(OPEN_MS);
    expect((await attempt("t3")).how).toBe("RESERVED");
    expect([engine.stats().tcc.circuit, engine.admittedTotal()]).toEqual(["closed", 0]);
  });

  test("unmet: two failures in a row are sent again within the same call", async () => {
    const { engine, attempt, failing } = await lab();
    failing(FAILURES_TO_OPEN - 1, "unavailable");
    expect((await attempt("t1")).how).toBe("RESERVED");
    expect(engine.stats().tcc).toMatchObject({ circuit: "closed", resent: FAILURES_TO_OPEN - 1 });
  });
});

describe("the queue is too old", () => {
  /** A ledger so slow that whoever stands behind the first batch leaves too late. */
  const jammed = async () => {
    const rig = await lab(100, ["noodles", "rice"]);
    await rig.attempt("warm rice", { dishId: "rice" });
    await rig.clock.advance(INTERVAL_MS);
    rig.ledger.before = () => rig.wait(QUEUE_MS_MAX + 50);
    const calls = [rig.start("first")];
    await rig.clock.advance(1);
    calls.push(rig.start("behind"));
    await rig.clock.advance(QUEUE_MS_MAX + 50); // "behind" leaves now
    calls.push(rig.start("waiting"));
    return { ...rig, calls };
  };

  test("met: new Trys are turned away at once, moves are not, and it ends when nothing waits", async () => {
    const { world, engine, attempt, calls, clock } = await jammed();
    await clock.advance(INTERVAL_MS);
    const askedAtMs = clock.monotonicMs();
    expect(await attempt("late")).toMatchObject({ how: "OVERLOADED", retryAfterMs: 1_000, atMs: askedAtMs });
    expect(engine.stats()).toMatchObject({ lock: { shed: 1 }, refusals: { lock: { OVERLOADED: 1 } } });
    const cancelled = await clock.run(engine.cancel("warm", { timeoutMs: 2_000, traceId: "" }));
    expect(cancelled.state).toBe("CANCELLED");
    await clock.run(Promise.all(calls));
    expect((await attempt("after")).how).toBe("RESERVED");
    expect(world.ledger.inspect().transactions.map(({ txId }) => txId)).toContain("waiting");
  });

  test("unmet: one slow dish, and somebody of another leaves in time", async () => {
    const { engine, start, calls, clock } = await jammed();
    calls.push(start("quick", { dishId: "rice" }));
    await clock.advance(INTERVAL_MS);
    calls.push(start("late"));
    expect((await clock.run(Promise.all(calls))).map(({ how }) => how)).toEqual(Array(5).fill("RESERVED"));
    expect(engine.stats().lock.shed).toBe(0);
  });
});

describe("too many are parked", () => {
  const full = () => {
    const gate = new StockGate(new VirtualClock(), 8);
    const waits = Array.from({ length: PARKED_MAX }, () => gate.park("noodles", 1));
    return { gate, waits };
  };

  test("met: the next one is turned away at once", () => {
    const { gate } = full();
    expect(() => gate.park("noodles", 1)).toThrow(expect.objectContaining({ code: "OVERLOADED", details: { tier: "cas", retryAfterMs: 1_000 } }));
  });

  test("unmet: the last place is taken, and who leaves makes room", () => {
    const { gate, waits } = full();
    waits[7]?.leave();
    expect(() => gate.park("noodles", 1)).not.toThrow();
  });

  test("unmet: who is parked waits for as long as there is time, and then may ask again", async () => {
    const { engine, ledger, start, attempt, wait, clock } = await lab(3);
    ledger.before = () => wait(900);
    void start("first", { quantity: 2, timeoutMs: 2_000 });
    await clock.advance(1);
    const askedAtMs = clock.monotonicMs();
    const ended = await attempt("parked");
    expect(ended).toMatchObject({ how: "OVERLOADED", retryAfterMs: 1_000 });
    expect(ended.atMs - askedAtMs).toBeGreaterThan(BUDGET_MS / 2);
    expect(ended.atMs - askedAtMs).toBeLessThanOrEqual(BUDGET_MS + TICK_MS);
    expect(engine.stats().refusals.cas).toEqual({ OVERLOADED: 1 });
  });
});

describe("the deadline passes before its batch left", () => {
  test("met: nothing was written, its portions are free, and it hears so in time", async () => {
    const { engine, ledger, start, wait, clock, ledgerHas } = await lab();
    ledger.before = () => wait(500);
    const first = start("first");
    await clock.advance(1);
    const ended = await clock.run(start("second", { timeoutMs: 200 }));
    expect(ended).toMatchObject({ how: "DEADLINE_EXCEEDED", message: expect.stringContaining("nothing was written") });
    expect(ended.atMs - clock.monotonicMs()).toBe(0);
    expect(engine.admittedTotal()).toBe(1);
    await clock.run(first);
    await clock.advance(1_000);
    expect([ledgerHas("second"), engine.admittedTotal()]).toEqual([false, 0]);
    expect(engine.stats().refusals.lock).toEqual({ DEADLINE_EXCEEDED: 1 });
    expect(engine.stats().lock.timedOut).toBe(1);
  });

  test("unmet: it leaves with the next batch and is decided", async () => {
    const { ledger, start, wait, clock } = await lab();
    ledger.before = () => wait(150);
    void start("first");
    await clock.advance(1);
    expect((await clock.run(start("second", { timeoutMs: 400 }))).how).toBe("RESERVED");
  });

});

describe("the deadline passes in flight", () => {
  test("met: the outcome is unknown, the batch goes on, and asked again it is a replay", async () => {
    const { engine, ledger, attempt, wait, clock } = await lab();
    ledger.before = () => wait(300);
    const askedAtMs = clock.monotonicMs();
    const ended = await attempt("t1", { timeoutMs: 100 });
    expect(ended).toMatchObject({ how: "DEADLINE_EXCEEDED", message: expect.stringContaining("ask again") });
    expect(ended.atMs - askedAtMs).toBeLessThanOrEqual(100 + TICK_MS);
    await clock.advance(400);
    ledger.before = async () => {};
    expect(await attempt("t1")).toMatchObject({ how: "RESERVED", replayed: true });
    expect([engine.stats().tcc.reserved, engine.admittedTotal()]).toEqual([1, 0]);
    expect(engine.stats().lock.timedOut).toBe(0); // it did not wait for a batch: it was in one
  });

  test("unmet: an answer in the last millisecond is the answer", async () => {
    const { ledger, attempt, wait } = await lab();
    ledger.before = () => wait(99);
    expect(await attempt("t1", { timeoutMs: 100 })).toMatchObject({ how: "RESERVED", replayed: false });
  });
});

describe("an unknown commit", () => {
  /** The next `times` batches are carried out, and their answers are lost. */
  const lostAnswers = async (times: number) => {
    const rig = await lab();
    let left = times;
    rig.ledger.after = async () => {
      if (left-- > 0) throw new LedgerFailure("unknown", "the connection was lost");
    };
    return rig;
  };

  test("met: with time left it is sent again, and the first answer is given as the first", async () => {
    const { world, engine, attempt } = await lostAnswers(1);
    expect(await attempt("t1")).toMatchObject({ how: "RESERVED", replayed: false });
    expect(engine.stats().tcc.resent).toBe(1);
    expect(world.ledger.inspect().dishes[0]).toMatchObject({ available: 8, frozen: 2 });
  });

  test("unmet: a ledger that refuses everything afterwards does not make it a no", async () => {
    const { ledger, attempt, clock, failing } = await lostAnswers(1);
    const { after } = ledger;
    ledger.after = async () => {
      failing(Number.POSITIVE_INFINITY, "unavailable");
      await after();
    };
    expect((await attempt("t1")).how).toBe("DEADLINE_EXCEEDED");
    failing(0, "unavailable");
    await clock.advance(OPEN_MS);
    expect(await attempt("t1")).toMatchObject({ how: "RESERVED", replayed: true });
  });

  test("unmet: without time it is no no: unknown, and asked again it is a replay", async () => {
    const { engine, attempt, clock } = await lostAnswers(FAILURES_TO_OPEN);
    expect((await attempt("t1")).how).toBe("DEADLINE_EXCEEDED");
    await clock.advance(OPEN_MS);
    expect(await attempt("t1")).toMatchObject({ how: "RESERVED", replayed: true });
    expect(engine.admittedTotal()).toBe(0);
  });
});

describe("a poisoned request", () => {
  test("met: it fails alone, its batch does not, and the ledger's circuit stays closed", async () => {
    const { engine, ledger, start, wait, clock } = await lab();
    ledger.before = () => wait(20);
    const calls = [start("first")];
    await clock.advance(1);
    ledger.before = async ({ trys }) => {
      if (trys.some(({ txId }) => txId === "bad")) throw new LedgerFailure("poisoned", "told to");
    };
    for (const txId of ["a", "b", "bad", "c"]) calls.push(start(txId));
    expect((await clock.run(Promise.all(calls))).map(({ how }) => how)).toEqual(["RESERVED", "RESERVED", "RESERVED", "INTERNAL", "RESERVED"]);
    expect(engine.stats().tcc).toMatchObject({ circuit: "closed", bisected: 2 });
  });

  test("unmet: a conflict that passes is sent again whole", async () => {
    const { engine, attempt, failing } = await lab();
    failing(4, "conflict");
    expect((await attempt("t1")).how).toBe("RESERVED");
    expect(engine.stats().tcc).toMatchObject({ circuit: "closed", bisected: 0, resent: 4 });
  });
});

describe("a suspect hold", () => {
  test("met: after two seconds it is reported, and keeps its dishes; unmet: before, it is not", async () => {
    const { engine, ledger, start, wait, clock } = await lab();
    ledger.before = () => wait(HOLD_SUSPECT_MS + 500);
    const { calls } = ledger;
    void start("stuck");
    await clock.advance(1);
    void start("behind", { timeoutMs: 10_000 });
    await clock.advance(HOLD_SUSPECT_MS - 1);
    expect(engine.suspects()).toEqual([]);
    await clock.advance(2);
    expect(engine.suspects()).toMatchObject([{ operations: 1, dishIds: new Set(["noodles"]) }]);
    expect(ledger.calls - calls).toBe(1);
    await clock.advance(500);
    expect([engine.suspects(), ledger.calls - calls]).toEqual([[], 2]);
  });
});

describe("a gap in the feed", () => {
  const withGap = async (gap: boolean) => {
    const world = new World(4);
    let consumer: FeedConsumer | undefined;
    const feed = { dropped: 0, publish: () => {}, announce: () => {}, subscribe: (follow: FeedConsumer) => ((consumer = follow), () => {}) };
    const dish = { dishId: "noodles", storeId: "s", names: { en: "n", "zh-CN": "n" }, priceCents: 1, supplied: 0, actor: "test", actionKey: "n" };
    await world.clock.run(world.ledger.createDish(dish));
    const engine = new Engine({ instance: "i9", clock: world.clock, random: world.random, ledger: world.ledger, cells: world.cells, feed, capacity: { cells: 8, baskets: 8 } });
    engine.start();
    const sellOut = (txId: string) =>
      world.clock.run(engine.try({ txId, storeId: "s", lines: [{ dishId: "noodles", quantity: 1 }], orderId: txId, couponId: null, ttlSeconds: 60 }, { timeoutMs: BUDGET_MS, traceId: "" }));
    await expect(sellOut("t1")).rejects.toMatchObject({ code: "SOLD_OUT" });
    const { cellReads } = engine.stats().cas;
    if (gap) consumer?.gap();
    await expect(sellOut("t2")).rejects.toMatchObject({ code: "SOLD_OUT" });
    return { reads: engine.stats().cas.cellReads - cellReads, gaps: engine.stats().feed.gaps };
  };

  test("met: no refusal is given before the ledger was asked again", async () => {
    expect(await withGap(true)).toEqual({ reads: 1, gaps: 1 });
  });

  test("unmet: within its lease a refusal comes from memory", async () => {
    expect(await withGap(false)).toEqual({ reads: 0, gaps: 0 });
  });
});

describe("an instance is silent", () => {
  const aliveAfter = async (ms: number) => {
    const { world, instance: watcher, clock } = await lab();
    const dying: Instance = world.start();
    await clock.advance(HEARTBEAT_MS + 1);
    dying.life.end();
    await clock.advance(ms);
    return watcher.engine.instances().map(({ instance, alive }) => [instance, alive]);
  };

  test("met: it is shown as silent within ten seconds", async () => {
    expect(await aliveAfter(10_000)).toEqual([["i1", true], ["i2", false]]);
  });

  test("unmet: two heartbeats that are missed prove nothing", async () => {
    expect(await aliveAfter(SILENT_MS_MAX - HEARTBEAT_MS)).toEqual([["i1", true], ["i2", true]]);
  });
});

describe("the table in the README", () => {
  const ENGINE = join(import.meta.dirname, "..");
  const section = readFileSync(join(ENGINE, "README.md"), "utf8").split("## When it degrades")[1]?.split("\n## ")[0] ?? "";
  const rows = [...section.matchAll(/^\| (.+) \|$/gm)].map(([, row]) => (row as string).split(" | ")).filter(([name]) => name !== "case" && !name?.startsWith("-"));
  const here = readFileSync(import.meta.filename, "utf8");
  const describes = new Map(here.split(/^describe\(/m).slice(1).map((block) => [/^"([^"]+)"/.exec(block)?.[1] ?? "", block]));

  test("has eighteen cases, each with what sets it off, what must hold, what is done and how long it may take", () => {
    expect(rows).toHaveLength(18);
    for (const cells of rows) expect([cells[0], cells.length, cells.every((cell) => cell.trim() !== "")]).toEqual([cells[0], 6, true]);
  });

  test("names for each case tests that exist, met and unmet", () => {
    for (const [name = "", , , , , tests = ""] of rows) {
      if (tests === "here") {
        expect([name, /test\(\s*"met/.test(describes.get(name) ?? ""), /(test\(\s*"|; )unmet/.test(describes.get(name) ?? "")]).toEqual([name, true, true]);
        continue;
      }
      const [, file = "", quoted = ""] = /^`([^`]+)`: (.+)$/.exec(tests) ?? [];
      const source = readFileSync(join(ENGINE, file), "utf8");
      const titles = [...quoted.matchAll(/"([^"]+)"/g)].map(([, title]) => title as string);
      expect([name, titles.length > 0, titles.filter((title) => !source.includes(`"${title}"`))]).toEqual([name, true, []]);
    }
  });

  test("leaves out no case that is tested here", () => {
    const named = rows.map(([name]) => name);
    expect([...describes.keys()].filter((name) => !named.includes(name))).toEqual(["the table in the README"]);
  });
});
