/**
 * Times from nanoseconds to seconds in fixed memory, after Gil Tene's HdrHistogram: 32 steps per power of two, so a
 * quantile is at most 3.2 % too high. Counts are plain data, so that threads can hand theirs over to be added up.
 */
const STEP_BITS = 5;
const STEPS = 1 << STEP_BITS;
/** 2^31 ns are two seconds; what takes longer is counted there. */
const POWERS = 31;
const BUCKETS = (POWERS - STEP_BITS + 1) * STEPS;

export class Latencies {
  constructor(readonly counts: Float64Array = new Float64Array(BUCKETS)) {}

  record(ns: number): void {
    const value = Math.min(2 ** POWERS - 1, ns) | 0;
    const shift = Math.max(0, 31 - Math.clz32(value) - STEP_BITS);
    (this.counts[shift * STEPS + (value >>> shift)] as number) += 1;
  }

  add(counts: Float64Array): void {
    for (let i = 0; i < counts.length; i++) (this.counts[i] as number) += counts[i] as number;
  }

  /** What `share` (0…1) of the times did not exceed; 0 when there were none. */
  quantileNs(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.counts.reduce((sum, count) => sum + count, 0)));
    let seen = 0;
    for (let bucket = 0; bucket < this.counts.length; bucket++) {
      seen += this.counts[bucket] as number;
      if (seen >= rank) return upperNs(bucket);
    }
    return 0;
  }
}

function upperNs(bucket: number): number {
  if (bucket < 2 * STEPS) return bucket;
  const shift = (bucket >> STEP_BITS) - 1;
  return ((bucket % STEPS) + STEPS + 1) * 2 ** shift - 1;
}
