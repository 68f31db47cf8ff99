/**
 * A contention window as a pprof profile (github.com/google/pprof, proto/profile.proto), gzipped: what `go tool pprof`
 * and its successors open. It measures nothing: `engine/tiers/lock/contention-profile.ts` does.
 */
import { gzipSync } from "node:zlib";
import { Function as ProfileFunction, Line, Location, Profile, Sample, StringTable, ValueType } from "pprof-format";
import type { ProfileWindow } from "../../engine/tiers/lock/contention-profile.ts";

/** As Go names them: who made others wait, and who waited. */
export type ProfileView = "mutex" | "block";

const NANOS_PER_MS = 1e6;

/** Frames of a sample, leaf first: the dish, its segment, the tier. */
export function pprofOf(window: ProfileWindow, view: ProfileView, nowMs: number): Uint8Array<ArrayBuffer> {
  const stringTable = new StringTable();
  const functions = new Map<string, ProfileFunction>();
  const locations = new Map<string, Location>();
  const frame = (name: string): number => {
    const known = locations.get(name);
    if (known) return Number(known.id);
    const id = locations.size + 1;
    const text = stringTable.dedup(name);
    functions.set(name, new ProfileFunction({ id, name: text, systemName: text, filename: stringTable.dedup("tiers/lock"), startLine: 0 }));
    locations.set(name, new Location({ id, line: [new Line({ functionId: id, line: 0 })] }));
    return id;
  };
  const sample: Sample[] = [];
  for (const dish of window.dishes) {
    const [count, delayMs] = view === "mutex" ? [dish.holds, dish.blameMs] : [dish.waits, dish.painMs];
    if (count === 0 && delayMs === 0) continue;
    const locationId = [`dish ${dish.dishId}`, `segment ${dish.segment}`, view === "mutex" ? "batches that held others up" : "operations that waited"];
    sample.push(new Sample({ locationId: locationId.map(frame), value: [Math.round(count), Math.round(delayMs * NANOS_PER_MS)] }));
  }
  const valueType = (type: string, unit: string): ValueType => new ValueType({ type: stringTable.dedup(type), unit: stringTable.dedup(unit) });
  const profile = new Profile({
    sampleType: [valueType("contentions", "count"), valueType("delay", "nanoseconds")],
    sample,
    location: [...locations.values()],
    function: [...functions.values()],
    stringTable,
    timeNanos: BigInt(Math.round(nowMs)) * BigInt(NANOS_PER_MS),
    durationNanos: BigInt(window.seconds) * 1_000_000_000n,
    periodType: valueType("contentions", "count"),
    period: window.sampleEvery,
  });
  return gzipSync(profile.encode());
}
