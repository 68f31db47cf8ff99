/**
 * Latencies in fixed memory: a log-linear histogram after Gil Tene's HdrHistogram, 64 steps per power of two, so a
 * quantile is at most 1.6 % too high. It cannot be merged with other shapes and holds no zero below a microsecond.
 */

const STEP_BITS = 6;
const STEPS = 1 << STEP_BITS;
/** 2^36 µs are 19 hours: no request of a rush lasts longer. */
const POWERS = 36;

export class Histogram {
  private readonly counts = new Float64Array((POWERS - STEP_BITS + 2) * STEPS);
  count = 0;
  maxMs = 0;
  private sumMs = 0;

  record(ms: number): void {
    const micros = Math.max(0, Math.round(ms * 1000));
    this.counts[bucketOf(micros)]! += 1;
    this.count += 1;
    this.sumMs += ms;
    if (ms > this.maxMs) this.maxMs = ms;
  }

  get meanMs(): number {
    return this.count === 0 ? 0 : this.sumMs / this.count;
  }

  /** The latency that `share` (0…1) of the requests did not exceed, in milliseconds; 0 when there were none. */
  quantileMs(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.count));
    let seen = 0;
    for (let bucket = 0; bucket < this.counts.length; bucket++) {
      seen += this.counts[bucket]!;
      if (seen >= rank) return Math.min(this.maxMs, upperMicros(bucket) / 1000);
    }
    return 0;
  }
}

/** Below 2 × STEPS a bucket is one microsecond; above, it is a 64th of its power of two. */
function bucketOf(micros: number): number {
  if (micros < 2 * STEPS) return micros;
  const power = Math.min(POWERS, Math.floor(Math.log2(micros)));
  const shift = power - STEP_BITS;
  const step = Math.min(2 * STEPS - 1, Math.floor(micros / 2 ** shift));
  return (shift + 1) * STEPS + (step - STEPS);
}

function upperMicros(bucket: number): number {
  if (bucket < 2 * STEPS) return bucket;
  const shift = Math.floor(bucket / STEPS) - 1;
  return ((bucket % STEPS) + STEPS + 1) * 2 ** shift - 1;
}
