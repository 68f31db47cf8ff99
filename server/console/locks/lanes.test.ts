import { describe, expect, test } from "vitest";
import { TraceRecorder, type Trace } from "../../engine/kernel/trace-recorder.ts";
import { VirtualClock } from "../../engine/simulation/virtual-clock.ts";
import { LaneCaptures, lanesOf } from "./lanes.ts";

function lab() {
  const clock = new VirtualClock();
  const recorder = new TraceRecorder(clock, "i1");
  const batch = (number: number, lane: number, fromMs: number, toMs: number, dishes = ["noodles"]) => {
    recorder.span("batch", "batch", lane, fromMs, toMs, { batch: number, operations: 5, waitMsMax: 3.149, wokenBy: number - 1, dishes });
    recorder.span("hold in Redis", "redis", lane, fromMs, fromMs + 1.5);
    recorder.span("decide in Postgres", "ledger", lane, fromMs + 1.5, toMs - 0.5);
    recorder.wait("try waits", 0, fromMs);
  };
  return { clock, recorder, batch };
}

describe("lanes", () => {
  test("are batches with their wait, their hold, the stages in it and who woke them", async () => {
    const { clock, recorder, batch } = lab();
    const captured = recorder.capture(1);
    batch(7, 2, 100, 110, ["a", "b", "c", "d"]);
    batch(8, 1, 105.25, 120);
    await clock.advance(1_000);
    expect(lanesOf(await captured)).toEqual({
      instance: "i1",
      spanMs: 1_000,
      leftOut: 0,
      batches: [
        { batch: 7, lane: 2, fromMs: 100, heldMs: 10, redisMs: 1.5, ledgerMs: 8, waitMsMax: 3.1, operations: 5, wokenBy: 6, dishIds: ["a", "b", "c"], dishes: 4 },
        { batch: 8, lane: 1, fromMs: 105.25, heldMs: 14.75, redisMs: 1.5, ledgerMs: 12.75, waitMsMax: 3.1, operations: 5, wokenBy: 7, dishIds: ["noodles"], dishes: 1 },
      ],
    });
  });

  test("that are more than a picture holds are the newest, and the others are counted", async () => {
    const { clock, recorder, batch } = lab();
    const captured = recorder.capture(1);
    for (let n = 1; n <= 500; n++) batch(n, 1, n, n + 0.9);
    await clock.advance(1_000);
    const { batches, leftOut } = lanesOf(await captured);
    expect([batches.length, leftOut, batches[0]?.batch, batches.at(-1)?.batch]).toEqual([400, 100, 101, 500]);
  });

  test("asked for by two at once are captured once, without waits; afterwards anew", async () => {
    const asked: unknown[] = [];
    const trace: Trace = { traceEvents: [], displayTimeUnit: "ms", otherData: { instance: "i1", seconds: 1, dropped: 0 } };
    const captures = new LaneCaptures({
      instance: "i1",
      captureTrace: async (...options) => {
        asked.push(options);
        return trace;
      },
    });
    const [one, other] = await Promise.all([captures.capture(), captures.capture()]);
    expect(one).toBe(other);
    expect(asked).toEqual([[1, { waits: false }]]);
    await captures.capture();
    expect(asked).toHaveLength(2);
  });

  test("a capture without waits has none, while another that wants them runs beside it", async () => {
    const { clock, recorder, batch } = lab();
    const [with_, without] = [recorder.capture(1), recorder.capture(1, { waits: false })];
    batch(1, 1, 10, 20);
    await clock.advance(1_000);
    expect((await with_).traceEvents.filter(({ cat }) => cat === "wait")).toHaveLength(2);
    expect((await without).traceEvents.filter(({ cat }) => cat === "wait")).toHaveLength(0);
  });
});
