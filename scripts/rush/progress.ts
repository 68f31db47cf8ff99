/**
 * Says how the rush goes while it goes: one line that updates itself on a terminal, a line every few seconds elsewhere.
 */
import { LOG_EVERY_MS, type Screen, StatusLine } from "../status-line.ts";
import type { Day } from "./day.ts";
import type { Recorder } from "./recorder.ts";

const TERMINAL_EVERY_MS = 250;

export class Progress {
  private readonly line: StatusLine;
  private timer: NodeJS.Timeout | null = null;
  private last = { atMs: 0, requests: 0, accepted: 0 };
  private rate = { requests: 0, accepted: 0 };

  constructor(out: Screen) {
    this.line = new StatusLine(out);
  }

  watch(day: Day, recorder: Recorder): void {
    this.last = { atMs: performance.now(), requests: recorder.requests, accepted: recorder.accepted };
    let lastMeasuredMs = 0;
    this.timer = setInterval(
      () => {
        // Rates over a second: shorter ones flicker.
        if (performance.now() - lastMeasuredMs >= 1_000) {
          this.measure(recorder);
          lastMeasuredMs = performance.now();
        }
        this.show(lineOf(day, recorder, this.rate));
      },
      this.line.isTerminal ? TERMINAL_EVERY_MS : LOG_EVERY_MS,
    );
  }

  /** A line that the next one replaces on a terminal. */
  show(line: string): void {
    this.line.show(line);
  }

  private lastSaid = { text: "", atMs: Number.NEGATIVE_INFINITY };

  /** A step of the audit; elsewhere than on a terminal the same step is said once every few seconds. */
  readonly say = (what: string): void => {
    const kind = what.replace(/\d+/g, "");
    const nowMs = performance.now();
    if (!this.line.isTerminal && kind === this.lastSaid.text && nowMs - this.lastSaid.atMs < LOG_EVERY_MS) return;
    this.lastSaid = { text: kind, atMs: nowMs };
    this.show(`audit: ${what}`);
  };

  stop(): void {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
    this.clear();
  }

  clear(): void {
    this.line.clear();
  }

  private measure(recorder: Recorder): void {
    const nowMs = performance.now();
    const seconds = (nowMs - this.last.atMs) / 1000;
    this.rate = {
      requests: (recorder.requests - this.last.requests) / seconds,
      accepted: (recorder.accepted - this.last.accepted) / seconds,
    };
    this.last = { atMs: nowMs, requests: recorder.requests, accepted: recorder.accepted };
  }
}

function lineOf(day: Day, recorder: Recorder, rate: { requests: number; accepted: number }): string {
  const errors = [...recorder.errors.values()].reduce((sum, count) => sum + count, 0);
  const soldOut = recorder.answers.get("try")?.get("SOLD_OUT") ?? 0;
  const p99 = recorder.latencies.get("try")?.quantileMs(0.99) ?? 0;
  return [
    `${(day.elapsedMs / 1000).toFixed(0).padStart(3)} s${day.closing ? " closing" : ` of ${day.openMs / 1000}`}`,
    `${rate.requests.toFixed(0)} requests/s`,
    `${rate.accepted.toFixed(0)} accepted/s`,
    `${recorder.accepted} accepted`,
    `${recorder.confirmed} confirmed`,
    `${recorder.cancelled} cancelled`,
    `${soldOut} sold out`,
    `try p99 ${p99.toFixed(1)} ms`,
    errors > 0 ? `${errors} errors` : "no errors",
  ].join(" · ");
}
