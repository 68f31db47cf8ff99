/**
 * TraceRecorder keeps what happened while somebody captures, and nothing otherwise.
 * Its events follow the Trace Event Format (Google, "Trace Event Format", the JSON that Perfetto and chrome://tracing open).
 */
import { sleep, type Clock } from "./clock.ts";

/** Events of one capture: five seconds at full speed with every wait; about 10 MiB. What comes later is dropped and counted. */
const EVENTS_MAX = 100_000;

/** A capture is an answer to a request that somebody waits for. */
export const CAPTURE_SECONDS_MAX = 30;

export interface TraceEvent {
  name: string;
  cat: string;
  /** X: complete, with a duration; b and e: begin and end of an overlapping one, paired by `id`; M: metadata. */
  ph: "X" | "b" | "e" | "M";
  /** Microseconds since the capture began. */
  ts: number;
  dur?: number;
  pid: number;
  tid: number;
  id?: string;
  args?: Record<string, unknown>;
}

export interface Trace {
  traceEvents: TraceEvent[];
  displayTimeUnit: "ms";
  otherData: { instance: string; seconds: number; dropped: number };
}

/** What a capture leaves out. */
export interface CaptureOptions {
  /** False: batches only. At full speed there are a hundred waits to a batch. */
  waits?: boolean;
}

interface Capture {
  waits: boolean;
  startedAtMs: number;
  events: TraceEvent[];
  dropped: number;
}

export class TraceRecorder {
  private readonly captures = new Set<Capture>();
  private waits = 0;

  constructor(
    private readonly clock: Clock,
    private readonly instance: string,
  ) {}

  /** Ask before you prepare an event. */
  get capturing(): boolean {
    return this.captures.size > 0;
  }

  /** Something that began and ended in a lane. Times are on the monotonic clock. */
  span(name: string, category: string, lane: number, fromMs: number, toMs: number, args?: Record<string, unknown>): void {
    for (const capture of this.captures) {
      // From two rounded ends, so that a span inside another stays inside it.
      const ts = micros(fromMs, capture);
      this.keep(capture, { name, cat: category, ph: "X", ts, dur: micros(toMs, capture) - ts, pid: 1, tid: lane, args });
    }
  }

  /** A wait: many overlap, so each has an id of its own. */
  wait(name: string, fromMs: number, toMs: number, args?: Record<string, unknown>): void {
    const id = String(++this.waits);
    for (const capture of this.captures) {
      if (!capture.waits) continue;
      const event = { name, cat: "wait", pid: 1, tid: 0, id };
      this.keep(capture, { ...event, ph: "b", ts: micros(fromMs, capture), args }, { ...event, ph: "e", ts: micros(toMs, capture) });
    }
  }

  /** Records for `seconds`, then answers with all of it. */
  async capture(seconds: number, { waits = true }: CaptureOptions = {}): Promise<Trace> {
    const capture: Capture = { waits, startedAtMs: this.clock.monotonicMs(), events: [], dropped: 0 };
    this.captures.add(capture);
    await sleep(this.clock, Math.min(seconds, CAPTURE_SECONDS_MAX) * 1000);
    this.captures.delete(capture);
    const lanes = new Set(capture.events.map(({ tid }) => tid));
    const names = [...lanes].sort((a, b) => a - b).map((tid): TraceEvent => ({
      name: "thread_name", cat: "", ph: "M", ts: 0, pid: 1, tid, args: { name: tid === 0 ? "waiting" : `batch lane ${tid}` },
    }));
    const process: TraceEvent = { name: "process_name", cat: "", ph: "M", ts: 0, pid: 1, tid: 0, args: { name: `engine ${this.instance}` } };
    return {
      traceEvents: [process, ...names, ...capture.events],
      displayTimeUnit: "ms",
      otherData: { instance: this.instance, seconds, dropped: capture.dropped },
    };
  }

  /** All of `events`, or none: a begin without its end would be drawn for ever. */
  private keep(capture: Capture, ...events: TraceEvent[]): void {
    if (capture.events.length + events.length <= EVENTS_MAX) capture.events.push(...events);
    else capture.dropped += events.length;
  }
}

/** What began before the capture is drawn from its start. */
function micros(atMs: number, { startedAtMs }: Capture): number {
  return Math.max(0, Math.round((atMs - startedAtMs) * 1000));
}
