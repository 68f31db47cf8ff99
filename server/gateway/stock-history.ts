/**
 * One dish's stock over the last five minutes, a point every five seconds: what a page that is opened now can still draw.
 * It cannot know what was before this process saw the dish, nor what happened within a bucket.
 */
import type { StockPoint } from "../contracts/dish-page.ts";

/** Sixty points of five seconds. 480 bytes a dish, and only for dishes that changed. */
export const HISTORY_POINTS = 60;

export class StockHistory {
  private readonly available = new Int32Array(HISTORY_POINTS);
  private readonly frozen = new Int32Array(HISTORY_POINTS);
  private readonly firstBucket: number;
  private newest: number;

  constructor(bucket: number, stock: { available: number; frozen: number }) {
    this.firstBucket = bucket;
    this.newest = bucket;
    this.write(bucket, stock.available, stock.frozen);
  }

  note(bucket: number, { available, frozen }: { available: number; frozen: number }): void {
    this.advance(bucket);
    this.write(this.newest, available, frozen);
  }

  /** Oldest first, up to `bucket`. */
  toPoints(bucket: number): StockPoint[] {
    this.advance(bucket);
    const first = Math.max(this.firstBucket, this.newest - HISTORY_POINTS + 1);
    const points: StockPoint[] = [];
    for (let at = first; at <= this.newest; at += 1) {
      const slot = slotOf(at);
      points.push([at, this.available[slot] as number, this.frozen[slot] as number]);
    }
    return points;
  }

  /** Nothing changed since: the last figures hold. */
  private advance(bucket: number): void {
    if (bucket <= this.newest) return;
    const slot = slotOf(this.newest);
    const [available, frozen] = [this.available[slot] as number, this.frozen[slot] as number];
    for (let at = Math.max(this.newest + 1, bucket - HISTORY_POINTS + 1); at <= bucket; at += 1) this.write(at, available, frozen);
    this.newest = bucket;
  }

  private write(bucket: number, available: number, frozen: number): void {
    const slot = slotOf(bucket);
    this.available[slot] = available;
    this.frozen[slot] = frozen;
  }
}

function slotOf(bucket: number): number {
  return ((bucket % HISTORY_POINTS) + HISTORY_POINTS) % HISTORY_POINTS;
}
