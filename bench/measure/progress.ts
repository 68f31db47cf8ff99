/**
 * Says what is being measured: one line that updates itself on a terminal, a line every few seconds elsewhere.
 * It never writes while threads are being measured: the caller speaks between two rounds.
 */
const LOG_EVERY_MS = 5_000;

/** A terminal, or a file or pipe. */
export interface Screen {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

export class Progress {
  private readonly startedAtMs = performance.now();
  private saidAtMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly out: Screen) {}

  say(what: string): void {
    const nowMs = performance.now();
    const line = `${((nowMs - this.startedAtMs) / 1000).toFixed(0).padStart(3)} s  ${what}`;
    if (this.out.isTTY) this.out.write(`\r\x1b[2K${line.slice(0, Math.max(20, (this.out.columns || 80) - 1))}`);
    else if (nowMs - this.saidAtMs >= LOG_EVERY_MS) {
      this.out.write(`${line}\n`);
      this.saidAtMs = nowMs;
    }
  }

  clear(): void {
    if (this.out.isTTY) this.out.write("\r\x1b[2K");
  }
}
