/**
 * How long Trys took lately, from the engine's histogram: what it counted in the last seconds, read twice. A percentile is as
 * fine as the histogram's buckets; within one it is drawn as a straight line.
 */
import type { HistogramSnapshot } from "../engine/kernel/histogram.ts";

/** Long enough for a p99 of some hundred Trys, short enough to show a hiccup while it lasts. */
export const LATENCY_SECONDS = 10;

export class Latency {
  private readonly snapshots: HistogramSnapshot[] = [];

  /** Call once a second. @returns milliseconds; null: no Try was decided in the last seconds. */
  sample(snapshot: HistogramSnapshot): { p50Ms: number; p99Ms: number } | null {
    this.snapshots.push(snapshot);
    if (this.snapshots.length > LATENCY_SECONDS + 1) this.snapshots.shift();
    const then = this.snapshots[0] as HistogramSnapshot;
    const counts = snapshot.counts.map((count, bucket) => count - (then.counts[bucket] as number));
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (total === 0) return null;
    const at = (share: number) => Math.round(percentile(snapshot.bounds, counts, share * total) * 10) / 10;
    return { p50Ms: at(0.5), p99Ms: at(0.99) };
  }
}

/** @param rank of how many observations it is the upper end. */
function percentile(bounds: readonly number[], counts: readonly number[], rank: number): number {
  let below = 0;
  for (const [bucket, count] of counts.entries()) {
    if (count > 0 && below + count >= rank) {
      const from = bucket === 0 ? 0 : (bounds[bucket - 1] as number);
      const to = bounds[bucket] ?? from; // beyond the last bound nothing finer is known
      return from + ((rank - below) / count) * (to - from);
    }
    below += count;
  }
  return bounds.at(-1) ?? 0;
}
