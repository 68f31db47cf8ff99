/**
 * The server's pulse as its customers feel it: how long errors came close together, how long nothing good came at all.
 * And the client's own: a program that is late itself must not blame the server. It counts no answers.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";

/** Errors closer together than this are one burst. */
const BURST_GAP_MS = 500;
/** How often the client looks at its own clock. */
const RESOLUTION_MS = 10;

export class Pulse {
  /** The longest time from one good answer to the next with an error in between, while customers were there. */
  silenceMs = 0;
  /** The longest stretch of errors with less than half a second between one and the next. */
  burstMs = 0;
  private readonly lateness = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  private lastGoodAtMs = 0;
  private failing = false;
  private burst = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.NEGATIVE_INFINITY };
  private isOpen = false;

  /** The first customer comes. */
  open(nowMs: number): void {
    this.isOpen = true;
    this.lastGoodAtMs = nowMs;
    this.lateness.enable();
  }

  /** The last customer has left: a server that goes away now disturbs nobody. */
  close(nowMs: number): void {
    this.good(nowMs);
    this.isOpen = false;
    this.lateness.disable();
  }

  good(atMs: number): void {
    if (this.failing && this.isOpen) this.silenceMs = Math.max(this.silenceMs, atMs - this.lastGoodAtMs);
    this.failing = false;
    this.lastGoodAtMs = atMs;
  }

  bad(atMs: number): void {
    if (!this.isOpen) return;
    this.failing = true;
    if (atMs - this.burst.toMs > BURST_GAP_MS) this.burst.fromMs = atMs;
    this.burst.toMs = atMs;
    this.burstMs = Math.max(this.burstMs, atMs - this.burst.fromMs);
  }

  /** 99 % of the time this program was no later than this. */
  get lateMsP99(): number {
    return Math.max(0, this.lateness.percentile(99) / 1e6 - RESOLUTION_MS);
  }
}
