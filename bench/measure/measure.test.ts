import { describe, expect, test } from "vitest";
import { Latencies } from "./latencies.ts";
import { Progress } from "./progress.ts";
import { type Contender, spreadOf, takeTurns } from "./rounds.ts";

const silent = new Progress({ write: () => true });

describe("turns", () => {
  function contender(name: string, played: string[], violation: (round: number) => string | null = () => null): Contender {
    let rounds = 0;
    return {
      name,
      warmUp: async () => (played.push(`(${name})`), { violation: null }),
      round: async () => (played.push(name), { figures: { speed: ++rounds }, violation: violation(rounds) }),
    };
  }

  test("contenders play there and back, after a warm-up that does not count", async () => {
    const played: string[] = [];
    const measured = await takeTurns([contender("A", played), contender("B", played)], 3, silent);
    expect(played.join(" ")).toBe("(A) (B) A B B A A B");
    expect(spreadOf(measured[0]!, "speed")).toEqual({ median: 2, low: 1, high: 3, rounds: 3 });
  });

  test("a round whose books do not balance is reported and leaves no figure", async () => {
    const [measured] = await takeTurns([contender("A", [], (round) => (round === 2 ? "1 lost" : null))], 3, silent);
    expect(measured?.violations).toEqual(["A: 1 lost"]);
    expect(spreadOf(measured!, "speed")).toEqual({ median: 2, low: 1, high: 3, rounds: 2 });
  });

  test("no round that counts is no figure", () => {
    expect(spreadOf({ name: "A", rounds: [], violations: [] }, "speed")).toBeNull();
  });
});

describe("latencies", () => {
  test.each([0, 1, 63, 64, 65, 100, 1_000, 123_456, 2 ** 30 + 1])("%i ns are told at most 3.2 % too high, never too low", (ns) => {
    const latencies = new Latencies();
    latencies.record(ns);
    const told = latencies.quantileNs(0.5);
    expect(told).toBeGreaterThanOrEqual(ns);
    expect(told).toBeLessThanOrEqual(ns * 1.032);
  });

  test("what is longer than two seconds is counted at the end", () => {
    const latencies = new Latencies();
    latencies.record(1e12);
    expect(latencies.quantileNs(1)).toBe(2 ** 31 - 1);
  });

  test("several threads' times add up", () => {
    const [one, two] = [new Latencies(), new Latencies()];
    for (let i = 0; i < 99; i++) one.record(10);
    two.record(5_000);
    one.add(two.counts);
    expect(one.quantileNs(0.99)).toBe(10);
    expect(one.quantileNs(1)).toBeGreaterThanOrEqual(5_000);
  });
});
