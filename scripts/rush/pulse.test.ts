import { expect, it } from "vitest";
import { Pulse } from "./pulse.ts";

/** Each event is a time in milliseconds, marked "+" good or "-" bad; the last customer leaves at 10 s. */
function feel(...events: string[]): Pulse {
  const pulse = new Pulse();
  pulse.open(0);
  for (const event of events) event.startsWith("+") ? pulse.good(Number(event.slice(1))) : pulse.bad(Number(event.slice(1)));
  pulse.close(10_000);
  return pulse;
}

it.each([
  ["nothing but good answers", ["+100", "+9000"], 0, 0],
  ["one error among good answers", ["+100", "-110", "+120"], 20, 0],
  ["a server that was away for two seconds", ["+1000", "-1100", "-1500", "-2800", "+3000", "+3001"], 2_000, 400],
  ["two bursts, the longer one counts", ["-100", "-200", "+250", "-1000", "-1400", "-1800"], 9_750, 800],
  ["a server that never came back", ["+1000", "-1200"], 9_000, 0],
])("%s: silence and burst", (_, events, silenceMs, burstMs) => {
  const pulse = feel(...(events as string[]));
  expect(pulse.burstMs).toBe(burstMs);
  expect(pulse.silenceMs).toBe(silenceMs);
});

it("what happens before the first and after the last customer does not count", () => {
  const pulse = new Pulse();
  pulse.bad(10);
  pulse.open(1_000);
  pulse.good(1_010);
  pulse.close(2_000);
  pulse.bad(2_500);
  pulse.good(60_000);
  expect([pulse.silenceMs, pulse.burstMs]).toEqual([0, 0]);
});
