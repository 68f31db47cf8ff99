/**
 * LaneCaptures shows the batches of one second, lane by lane, from a short trace without its waits. Operators who look at once
 * share one capture. It shows this instance only: nobody can trace another process.
 */
import { LANE_CAPTURE_SECONDS } from "../../contracts/contention.ts";
import type { LaneBatch, LaneCapture } from "../../contracts/contention.ts";
import type { CaptureOptions, Trace, TraceEvent } from "../../engine/kernel/trace-recorder.ts";

/** Batches of one picture: at 200 a second and lane as many as there are; beyond it the oldest are left out. */
const BATCHES_MAX = 400;
const DISHES_SHOWN_MAX = 3;

export interface TracedEngine {
  readonly instance: string;
  captureTrace(seconds: number, options?: CaptureOptions): Promise<Trace>;
}

export class LaneCaptures {
  private flight: Promise<LaneCapture> | null = null;

  constructor(private readonly engine: TracedEngine) {}

  capture(): Promise<LaneCapture> {
    this.flight ??= this.engine
      .captureTrace(LANE_CAPTURE_SECONDS, { waits: false })
      .then((trace) => lanesOf(trace))
      .finally(() => {
        this.flight = null;
      });
    return this.flight;
  }
}

/** Times in milliseconds since the capture began. */
export function lanesOf({ traceEvents, otherData }: Trace): LaneCapture {
  // In a lane a batch, its hold in Redis and its decision follow each other: the hold begins with the batch, and the decision
  // where the hold ends.
  const stages = new Map<string, TraceEvent>();
  for (const event of traceEvents) if (event.cat === "redis" || event.cat === "ledger") stages.set(`${event.cat} ${event.tid} ${event.ts}`, event);
  const batches = traceEvents
    .filter(({ cat }) => cat === "batch")
    .map((event): LaneBatch => {
      const { batch, operations, waitMsMax, wokenBy, dishes } = event.args as { batch: number; operations: number; waitMsMax: number; wokenBy: number | null; dishes: string[] };
      const redis = stages.get(`redis ${event.tid} ${event.ts}`);
      const ledger = stages.get(`ledger ${event.tid} ${event.ts + (redis?.dur ?? 0)}`);
      return {
        batch,
        lane: event.tid,
        fromMs: millis(event.ts),
        heldMs: millis(event.dur),
        redisMs: millis(redis?.dur),
        ledgerMs: millis(ledger?.dur),
        waitMsMax: Math.round(waitMsMax * 10) / 10,
        operations,
        wokenBy,
        dishIds: dishes.slice(0, DISHES_SHOWN_MAX),
        dishes: dishes.length,
      };
    });
  return { instance: otherData.instance, spanMs: otherData.seconds * 1_000, batches: batches.slice(-BATCHES_MAX), leftOut: Math.max(0, batches.length - BATCHES_MAX) };
}

function millis(micros: number | undefined): number {
  return Math.round((micros ?? 0) / 10) / 100;
}
