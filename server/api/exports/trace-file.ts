/**
 * TraceFile captures what an engine does for some seconds, as a file that Perfetto opens: one capture at a time in a process,
 * because each keeps every event. What is recorded is the engine's trace-recorder.
 */
import type { Clock } from "../../engine/kernel/clock.ts";
import type { Trace } from "../../engine/kernel/trace-recorder.ts";
import { ApiError } from "../problem.ts";

/** Events written in one go: about five milliseconds of work, so that orders do not wait for a large trace. */
const EVENTS_PER_TURN = 2_000;

export class TraceFile {
  private endsAtMs: number | null = null;

  constructor(
    private readonly engine: { captureTrace(seconds: number): Promise<Trace> },
    private readonly clock: Clock,
  ) {}

  /** @throws ApiError OVERLOADED while another capture runs. */
  async capture(seconds: number): Promise<string> {
    const nowMs = this.clock.monotonicMs();
    if (this.endsAtMs !== null) {
      throw new ApiError("OVERLOADED", "A trace is being captured already, and there is one at a time.", { retryAfterMs: this.endsAtMs - nowMs });
    }
    this.endsAtMs = nowMs + seconds * 1_000;
    try {
      return await this.write(await this.engine.captureTrace(seconds));
    } finally {
      this.endsAtMs = null;
    }
  }

  private async write({ traceEvents, ...rest }: Trace): Promise<string> {
    const parts: string[] = [];
    for (let from = 0; from < traceEvents.length; from += EVENTS_PER_TURN) {
      if (from > 0) await new Promise<void>((turn) => this.clock.soon(turn));
      parts.push(traceEvents.slice(from, from + EVENTS_PER_TURN).map((event) => JSON.stringify(event)).join(",\n"));
    }
    return `{"traceEvents":[\n${parts.join(",\n")}\n],${JSON.stringify(rest).slice(1)}`;
  }
}
