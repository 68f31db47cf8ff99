/**
 * Hashing a password takes a core for 50 ms: two at a time leave one for the orders, the others wait their turn.
 * Browsers that were here before have a line of their own and go first, so nobody can fill the only door.
 */

const AT_ONCE = 2;
/** Of each line: a second's worth. */
const WAITING_MAX = 20;

export class HashTurns {
  private running = 0;
  private readonly known: (() => void)[] = [];
  private readonly strangers: (() => void)[] = [];

  /** @returns null when too many wait already; nothing was done. */
  async run<T>(isKnown: boolean, task: () => Promise<T>): Promise<T | null> {
    const line = isKnown ? this.known : this.strangers;
    if (this.running < AT_ONCE) this.running += 1;
    else if (line.length >= WAITING_MAX) return null;
    else await new Promise<void>((turn) => line.push(turn));
    try {
      return await task();
    } finally {
      const next = this.known.shift() ?? this.strangers.shift(); // hands its place on
      if (next === undefined) this.running -= 1;
      else next();
    }
  }
}
