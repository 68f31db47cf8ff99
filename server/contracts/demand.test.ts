import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BUCKETS, BUCKET_MS, DemandRing, bucketAt } from "./demand.ts";

describe("demand", () => {
  test("a minute's rate counts the open bucket and the eleven before it, and nothing older", () => {
    const ring = new DemandRing(100);
    ring.add(100, 5);
    ring.advance(111);
    expect(ring.perMinute).toBe(5);
    ring.advance(112);
    expect(ring.perMinute).toBe(0);
    expect(ring.total).toBe(5);
    ring.advance(100 + BUCKETS);
    expect(ring.total).toBe(0);
  });

  test("a browser that applies every tick draws the server's line", () => {
    const step = fc.record({ later: fc.integer({ min: 0, max: 30 }), taken: fc.integer({ min: 0, max: 9 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 20 }), (steps, joined) => {
        const server = new DemandRing(7);
        let browser: DemandRing | null = null;
        let bucket = 7;
        steps.forEach(({ later, taken }, index) => {
          bucket += later;
          server.add(bucket, taken);
          if (index === joined) browser = new DemandRing(bucket, server.toArray());
          browser?.set(bucket, server.current);
          browser?.set(bucket, server.current); // a tick heard twice changes nothing
        });
        if (browser === null) return;
        expect((browser as DemandRing).toArray()).toEqual(server.toArray());
        expect((browser as DemandRing).perMinute).toBe(server.perMinute);
      }),
    );
  });

  test("a tick of a bucket that has gone is dropped, one of a bucket still shown is not", () => {
    const ring = new DemandRing(50);
    ring.set(50 - BUCKETS, 9);
    expect(ring.total).toBe(0);
    ring.set(50 - BUCKETS + 1, 9);
    expect(ring.toArray()[0]).toBe(9);
  });

  test("buckets follow the clock", () => {
    expect(bucketAt(BUCKET_MS - 1)).toBe(0);
    expect(bucketAt(BUCKET_MS)).toBe(1);
  });
});
