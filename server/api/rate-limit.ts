/**
 * TransactionRate: how many transactions one API key may start a second, in this process. A token bucket that holds one
 * second's worth. It cannot see other instances: behind N of them a key may do N times as much.
 */
import type { Clock } from "../engine/kernel/clock.ts";

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/** Keys remembered at once; the least recently made is forgotten, which only gives it a full bucket again. */
const BUCKETS_MAX = 10_000;

export class TransactionRate {
  private readonly clock: Clock;
  private readonly perSecond: number;
  private readonly buckets = new Map<string, Bucket>();

  constructor(clock: Clock, perSecond: number) {
    this.clock = clock;
    this.perSecond = perSecond;
  }

  /**
   * Takes `count` tokens, or none. A batch larger than the bucket passes when the bucket is full and leaves it in debt,
   * so it is slowed down rather than locked out.
   * @param perSecond the key's own limit, if it has one.
   * @returns 0 when granted, else how many milliseconds to wait.
   */
  take(keyId: string, count: number, perSecond = this.perSecond): number {
    const nowMs = this.clock.monotonicMs();
    let bucket = this.buckets.get(keyId);
    if (!bucket) {
      if (this.buckets.size >= BUCKETS_MAX) this.buckets.delete(this.buckets.keys().next().value as string);
      bucket = { tokens: perSecond, filledAtMs: nowMs };
      this.buckets.set(keyId, bucket);
    }
    bucket.tokens = Math.min(perSecond, bucket.tokens + ((nowMs - bucket.filledAtMs) / 1_000) * perSecond);
    bucket.filledAtMs = nowMs;
    const needed = Math.min(count, perSecond);
    if (bucket.tokens < needed) return ((needed - bucket.tokens) / perSecond) * 1_000;
    bucket.tokens -= count;
    return 0;
  }
}
