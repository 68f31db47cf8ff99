import { expect, test } from "vitest";
import { VirtualClock } from "../simulation/virtual-clock.ts";
import { INTERVAL_MS, LoadShed, QUEUE_MS_MAX } from "./load-shed.ts";

async function after(...waits: number[]) {
  const clock = new VirtualClock();
  const shed = new LoadShed(clock);
  for (const waitedMs of waits) shed.left(waitedMs);
  await clock.advance(INTERVAL_MS);
  return { clock, shed };
}

test("new work is turned away when even the luckiest waited longer than the guard's share", async () => {
  const { shed } = await after(QUEUE_MS_MAX + 1, QUEUE_MS_MAX + 200);
  expect(shed.overloaded(500)).toBe(true);
});

test("one slow dish is no overload: others leave in time", async () => {
  const { shed } = await after(QUEUE_MS_MAX + 400, 3);
  expect(shed.overloaded(500)).toBe(false);
});

test("it takes work again as soon as nothing waits", async () => {
  const { shed } = await after(QUEUE_MS_MAX + 1);
  expect(shed.overloaded(500)).toBe(true);
  expect(shed.overloaded(0)).toBe(false);
  expect(shed.overloaded(500)).toBe(false);
});

test("it takes work again after an interval in which somebody left in time", async () => {
  const { clock, shed } = await after(QUEUE_MS_MAX + 1);
  expect(shed.overloaded(500)).toBe(true);
  shed.left(10);
  await clock.advance(INTERVAL_MS);
  expect(shed.overloaded(500)).toBe(false);
});
