import { gunzipSync } from "node:zlib";
import protobuf from "protobufjs";
import { expect, test } from "vitest";
import type { ProfileWindow } from "../../engine/tiers/lock/contention-profile.ts";
import { pprofOf } from "./pprof.ts";

/** The fields of Google's profile.proto that a viewer reads, by their published numbers. */
const PROFILE_PROTO = `
  syntax = "proto3";
  message Profile {
    repeated ValueType sample_type = 1; repeated Sample sample = 2; repeated Location location = 4;
    repeated Function function = 5; repeated string string_table = 6; int64 time_nanos = 9; int64 duration_nanos = 10;
    ValueType period_type = 11; int64 period = 12;
  }
  message ValueType { int64 type = 1; int64 unit = 2; }
  message Sample { repeated uint64 location_id = 1; repeated int64 value = 2; }
  message Location { uint64 id = 1; repeated Line line = 4; }
  message Line { uint64 function_id = 1; int64 line = 2; }
  message Function { uint64 id = 1; int64 name = 2; int64 system_name = 3; int64 filename = 4; }`;

interface Decoded {
  sample_type: { type: number; unit: number }[];
  sample: { location_id: number[]; value: number[] }[];
  location: { id: number; line: { function_id: number }[] }[];
  function: { id: number; name: number }[];
  string_table: string[];
  duration_nanos: number;
}

function decode(bytes: Uint8Array): Decoded {
  const type = protobuf.parse(PROFILE_PROTO, { keepCase: true }).root.lookupType("Profile");
  return type.toObject(type.decode(gunzipSync(bytes)), { longs: Number, arrays: true }) as Decoded;
}

const contention = { blameMs: 0, painMs: 0, waits: 0, waitMsMax: 0, holds: 0, holdMs: 0 };
const window: ProfileWindow = {
  seconds: 60,
  sampleEvery: 8,
  segments: [],
  dishes: [
    { dishId: "noodles", segment: 3, ...contention, blameMs: 12.5, holds: 16, painMs: 2, waits: 8 },
    { dishId: "rice", segment: 3, ...contention, painMs: 7, waits: 8 },
  ],
};

test("another decoder reads from the mutex profile who made others wait, for how long", () => {
  const profile = decode(pprofOf(window, "mutex", 1_700_000_000_000));
  const text = (index: number) => profile.string_table[index];
  expect(profile.string_table[0]).toBe("");
  expect(profile.sample_type.map(({ type, unit }) => [text(type), text(unit)])).toEqual([["contentions", "count"], ["delay", "nanoseconds"]]);
  const nameOf = (locationId: number) => {
    const location = profile.location.find(({ id }) => id === locationId);
    return text(profile.function.find(({ id }) => id === location?.line[0]?.function_id)?.name ?? 0);
  };
  expect(profile.sample.map(({ location_id, value }) => [location_id.map(nameOf), value])).toEqual([
    [["dish noodles", "segment 3", "batches that held others up"], [16, 12_500_000]],
  ]);
  expect(profile.duration_nanos).toBe(60e9);
});

test("the block profile has those who waited", () => {
  const profile = decode(pprofOf(window, "block", 1_700_000_000_000));
  expect(profile.sample.map(({ value }) => value)).toEqual([[8, 2e6], [8, 7e6]]);
});
