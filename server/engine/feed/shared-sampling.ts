/**
 * SharedSampling is how closely contention is measured, the same in every instance: each says with every heartbeat what it
 * follows, and the later decision wins. A message that is lost is said again two seconds later; an instance that starts takes
 * over what the others follow. It is not written down: when all have stopped, the default holds again.
 */

/** @property version grows with every decision anybody knows of (Lamport); `by` breaks ties between two made at once. */
export interface Sampling {
  every: number;
  version: number;
  by: string;
}

export class SharedSampling {
  private now: Sampling;

  /** @param apply is told of every change. */
  constructor(
    private readonly instance: string,
    every: number,
    private readonly apply: (every: number) => void,
  ) {
    this.now = { every, version: 0, by: "" };
  }

  get current(): Sampling {
    return this.now;
  }

  /** Decides anew: later than everything heard so far. */
  decide(every: number): void {
    this.follow({ every, version: this.now.version + 1, by: this.instance });
  }

  hear(other: Sampling): void {
    if (other.version > this.now.version || (other.version === this.now.version && other.by > this.now.by)) this.follow(other);
  }

  private follow(sampling: Sampling): void {
    this.now = sampling;
    this.apply(sampling.every);
  }
}
