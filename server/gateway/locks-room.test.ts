import { describe, expect, test } from "vitest";
import type { LocksDelta } from "../contracts/contention.ts";
import type { InstanceView } from "../engine/feed/instances.ts";
import { VirtualClock } from "../engine/simulation/virtual-clock.ts";
import type { ProfileWindow } from "../engine/tiers/lock/contention-profile.ts";
import { LiveBoard } from "./board.ts";
import { LOOK_EVERY_MS } from "./locks-room.ts";
import { UPDATE_INTERVAL_MS } from "./room.ts";
import { fakeEngine, fakeReads, instanceView, menuEntry } from "./testing.ts";

const contentionWindow = (seconds: number, dishIds: string[] = []): ProfileWindow => ({
  seconds,
  sampleEvery: 8,
  dishes: dishIds.map((dishId) => ({ dishId, segment: 1, blameMs: 1.26, painMs: 2, waits: 8, waitMsMax: 1, holds: 8, holdMs: 3 })),
  segments: Array.from({ length: 64 }, () => ({ blameMs: 0, painMs: 0 })),
});

async function room() {
  const clock = new VirtualClock();
  const engine = fakeEngine();
  const reads = fakeReads([menuEntry({ dishId: "noodles" }), menuEntry({ dishId: "rice" })], () => clock.nowMs());
  const board = new LiveBoard({ engine, reads, clock, onError: () => undefined });
  await board.start();
  const view = (instance: string, more: Partial<InstanceView> = {}) => instanceView(instance, { atMs: clock.nowMs(), ...more });
  const deltas: LocksDelta[] = [];
  return { clock, engine, board, view, deltas, listen: () => board.locks.listen((delta) => deltas.push(delta)) };
}

describe("the locks' room", () => {
  test("a snapshot has every instance, rounded, with the names of the dishes that are spoken of", async () => {
    const { engine, board, view } = await room();
    engine.views = [view("i1", { contention: contentionWindow(10, ["noodles"]) }), view("i2", { alive: false, silentMs: 7_000 })];
    const { own, instances, cards } = board.locks.snapshot();
    expect(own).toBe("i1");
    expect(instances).toMatchObject([{ instance: "i1", alive: true }, { instance: "i2", alive: false }]);
    expect(instances[0]?.windows.map(({ seconds }) => seconds)).toEqual([10, 60, 300]);
    expect(instances[0]?.windows[0]?.dishes).toMatchObject([{ dishId: "noodles", blameMs: 1.3 }]);
    expect(cards.map(({ dishId }) => dishId)).toEqual(["noodles"]);
  });

  test("says what changed and no more, at most four times a second, numbered without gaps", async () => {
    const { clock, engine, board, view, deltas, listen } = await room();
    engine.views = [view("i1"), view("i2")];
    listen();
    const { seq } = board.locks.snapshot();
    const saidAtMs: number[] = [];
    board.locks.listen(() => saidAtMs.push(clock.monotonicMs()));
    engine.views = [view("i1"), view("i2", { contention: contentionWindow(10, ["rice"]) })];
    await clock.advance(LOOK_EVERY_MS + UPDATE_INTERVAL_MS);
    expect(deltas).toHaveLength(1);
    expect(deltas[0]?.changed).toMatchObject([{ instance: "i2", windows: [{ seconds: 10, dishes: [{ dishId: "rice" }] }] }]);
    expect(deltas[0]?.changed?.[0]?.windows).toHaveLength(1);
    expect(deltas[0]?.cards?.map(({ dishId }) => dishId)).toEqual(["rice"]);
    for (let n = 0; n < 100; n++) {
      engine.views = [view("i1", { contention: contentionWindow(10, [`d${n}`]) })];
      await clock.advance(50);
    }
    expect(deltas.map((delta) => delta.seq)).toEqual(deltas.map((_, place) => seq + 1 + place));
    for (let n = 1; n < saidAtMs.length; n++) expect((saidAtMs[n] as number) - (saidAtMs[n - 1] as number)).toBeGreaterThanOrEqual(UPDATE_INTERVAL_MS);
  });

  test("says that a quiet instance was heard, every two seconds, and that one is gone", async () => {
    const { clock, engine, view, deltas, listen } = await room();
    const names = ["i1", "i2"];
    engine.instances = () => names.map((name) => view(name));
    listen();
    await clock.advance(10_000);
    expect(deltas.length).toBeGreaterThanOrEqual(4);
    expect(deltas.length).toBeLessThanOrEqual(6);
    names.pop();
    await clock.advance(500);
    expect(deltas.at(-1)?.gone).toEqual(["i2"]);
  });

  test("costs nothing while nobody listens", async () => {
    const { clock, engine } = await room();
    let asked = 0;
    engine.instances = () => {
      asked++;
      return [];
    };
    await clock.advance(10_000);
    expect(asked).toBe(0);
  });

  test("rates and batch sizes are those of the last ten seconds, not of a lifetime", async () => {
    const { clock, engine, board, view, listen } = await room();
    const at = (batched: number, sizes: number[]) => {
      const stats = structuredClone(engine.counters);
      stats.lock.batched = batched;
      stats.lock.batches = batched / 2;
      stats.cas.casRetries = batched / 4;
      engine.views = [view("i1", { stats, batchSizes: { bounds: [1, 2], counts: sizes, sum: 0 } })];
    };
    at(1_000_000, [500, 500, 0]);
    listen();
    for (let second = 1; second <= 30; second++) {
      at(1_000_000 + second * 40, [500, 500 + second * 20, 0]);
      await clock.advance(1_000);
    }
    expect(board.locks.snapshot().instances[0]).toMatchObject({ rates: { operations: 40, batches: 20, casRetries: 10, timedOut: 0 } });
    expect(board.locks.snapshot().instances[0]?.batchSizes).toEqual([0, 200]);
  });

  test("times of another instance are by the database's clock, whatever its own says", async () => {
    const { clock, engine, board, view } = await room();
    const wrongMs = clock.nowMs() - 3_600_000;
    const event = { number: 1, kind: "STARVED" as const, atMs: wrongMs, untilMs: wrongMs, over: true, dishIds: ["noodles"], batch: null, lane: null, operations: 1, ms: 500 };
    engine.views = [view("i2", { atMs: wrongMs, startedAtMs: wrongMs - 60_000, silentMs: 100, events: [event] })];
    const [shown] = board.locks.snapshot().instances;
    expect(shown?.events[0]?.atMs).toBe(clock.nowMs() - 100);
    expect(shown?.startedAtMs).toBe(clock.nowMs() - 100 - 60_000);
    expect(shown?.heardAtMs).toBe(clock.nowMs() - 100);
  });
});
