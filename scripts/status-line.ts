/** One line that says how far a program is: on a terminal the next one replaces it, elsewhere lines follow each other. */

/** Between two lines of a file or pipe, for programs that have something to say more often. */
export const LOG_EVERY_MS = 5_000;

const COLUMNS_DEFAULT = 80;
const COLUMNS_MIN = 20;

/** A terminal, or a file or pipe. */
export interface Screen {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

export class StatusLine {
  constructor(private readonly out: Screen) {}

  get isTerminal(): boolean {
    return this.out.isTTY === true;
  }

  show(line: string): void {
    if (this.isTerminal) this.out.write(`\r\x1b[2K${line.slice(0, Math.max(COLUMNS_MIN, (this.out.columns || COLUMNS_DEFAULT) - 1))}`);
    else this.out.write(`${line}\n`);
  }

  clear(): void {
    if (this.isTerminal) this.out.write("\r\x1b[2K");
  }
}
