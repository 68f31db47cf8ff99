/**
 * A Histogram counts observations by size, in buckets that are fixed when it is made: bounded memory, a few nanoseconds
 * each. It keeps no single value and no time; whoever reads it twice has what happened in between.
 */

/**
 * Upper bounds in milliseconds for waits and stages. The last ones are the budgets of a request: 300 in front of the
 * engine, 400 for the service stage, 800 in all.
 */
export const TIME_BOUNDS_MS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 200, 300, 400, 800] as const;

/** Upper bounds for batches: each is twice the one before, the last is BATCH_OPERATIONS_MAX. */
export const SIZE_BOUNDS = [1, 2, 4, 8, 16, 32, 64, 128, 256] as const;

/** Plain data. */
export interface HistogramSnapshot {
  /** Inclusive upper bounds, ascending. */
  bounds: readonly number[];
  /** Observations per bucket, not added up; one more than `bounds`: the last bucket has no upper bound. */
  counts: number[];
  /** Of all observations, in the unit of the bounds. */
  sum: number;
}

export class Histogram {
  private readonly counts: number[];
  private sum = 0;

  constructor(private readonly bounds: readonly number[]) {
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  /** @param times how many observations of this value there were. */
  observe(value: number, times = 1): void {
    const { bounds } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket++;
    (this.counts[bucket] as number) += times;
    this.sum += value * times;
  }

  snapshot(): HistogramSnapshot {
    return { bounds: this.bounds, counts: [...this.counts], sum: this.sum };
  }
}

/** Of several, under their names. */
export function snapshots<K extends string>(histograms: Record<K, Histogram>): Record<K, HistogramSnapshot> {
  const named = Object.entries<Histogram>(histograms).map(([name, histogram]) => [name, histogram.snapshot()]);
  return Object.fromEntries(named) as Record<K, HistogramSnapshot>;
}
