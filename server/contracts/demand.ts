/**
 * Demand of one dish over the last two minutes: portions taken, in buckets of five seconds.
 * Server and browser run the same code, so a tick carries one number and both draw the same line.
 * It cannot see demand that was refused: only portions that left the shelf count.
 */

export const BUCKET_MS = 5_000;
/** Two minutes: long enough to see a rush begin, short enough for a line 96 px wide. */
export const BUCKETS = 24;
const BUCKETS_A_MINUTE = 60_000 / BUCKET_MS;

export function bucketAt(atMs: number): number {
  return Math.floor(atMs / BUCKET_MS);
}

export class DemandRing {
  private readonly counts: number[];
  private newest: number;
  private sum = 0;

  constructor(bucket: number, counts: readonly number[] = []) {
    this.newest = bucket;
    this.counts = new Array<number>(BUCKETS).fill(0);
    const kept = counts.slice(-BUCKETS);
    for (let back = 0; back < kept.length; back += 1) {
      const taken = kept[kept.length - 1 - back] as number;
      this.counts[this.slot(bucket - back)] = taken;
      this.sum += taken;
    }
  }

  /** Moves on to `bucket`. @returns whether anything visible changed. */
  advance(bucket: number): boolean {
    if (bucket <= this.newest) return false;
    const before = this.sum;
    const first = Math.max(this.newest + 1, bucket - BUCKETS + 1);
    for (let each = first; each <= bucket; each += 1) {
      const slot = this.slot(each);
      this.sum -= this.counts[slot] as number;
      this.counts[slot] = 0;
    }
    this.newest = bucket;
    return before > 0;
  }

  add(bucket: number, portions: number): void {
    this.advance(bucket);
    if (bucket <= this.newest - BUCKETS) return;
    const slot = this.slot(bucket);
    this.counts[slot] = (this.counts[slot] as number) + portions;
    this.sum += portions;
  }

  /** Replaces the count of one bucket: how a browser applies a tick, twice without harm. */
  set(bucket: number, portions: number): void {
    this.advance(bucket);
    if (bucket <= this.newest - BUCKETS) return;
    const slot = this.slot(bucket);
    this.sum += portions - (this.counts[slot] as number);
    this.counts[slot] = portions;
  }

  /** Portions taken in the bucket that is still open. */
  get current(): number {
    return this.counts[this.slot(this.newest)] as number;
  }

  /** Portions taken in the last 55 to 60 seconds. */
  get perMinute(): number {
    let total = 0;
    for (let back = 0; back < BUCKETS_A_MINUTE; back += 1) total += this.counts[this.slot(this.newest - back)] as number;
    return total;
  }

  /** Portions taken in the whole two minutes. */
  get total(): number {
    return this.sum;
  }

  /** Oldest first. */
  toArray(): number[] {
    const ordered: number[] = [];
    for (let back = BUCKETS - 1; back >= 0; back -= 1) ordered.push(this.counts[this.slot(this.newest - back)] as number);
    return ordered;
  }

  private slot(bucket: number): number {
    return ((bucket % BUCKETS) + BUCKETS) % BUCKETS;
  }
}
