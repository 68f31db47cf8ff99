/**
 * Says what is being measured: one line that updates itself on a terminal, a line every few seconds elsewhere.
 * It never writes while threads are being measured: the caller speaks between two rounds.
 */
import { LOG_EVERY_MS, type Screen, StatusLine } from "../../scripts/status-line.ts";

export class Progress {
  private readonly line: StatusLine;
  private readonly startedAtMs = performance.now();
  private saidAtMs = Number.NEGATIVE_INFINITY;

  constructor(out: Screen) {
    this.line = new StatusLine(out);
  }

  say(what: string): void {
    const nowMs = performance.now();
    if (!this.line.isTerminal && nowMs - this.saidAtMs < LOG_EVERY_MS) return;
    this.saidAtMs = nowMs;
    this.line.show(`${((nowMs - this.startedAtMs) / 1000).toFixed(0).padStart(3)} s  ${what}`);
  }

  clear(): void {
    this.line.clear();
  }
}
