/** Once, whatever the link does: at full size on twins. dedup.integration.test.ts has a smaller run on Postgres and Redis. */
import { describe, expect, test } from "vitest";
import { seededRandom } from "../kernel/random.ts";
import { Dedup, type DedupFilter } from "./dedup.ts";
import { MemoryFilter } from "./memory-filter.ts";
import { MemoryTruth } from "./memory-truth.ts";
import { deliver, streamOf } from "./testing.ts";

const self = (message: string) => message;

/** Fails on demand, and says what it was told. */
class Probe implements DedupFilter {
  readonly remembered: string[] = [];
  fails = false;
  async known(keys: readonly string[]) {
    if (this.fails) throw new Error("away");
    return keys.map((key) => this.remembered.includes(key));
  }
  async remember(keys: readonly string[]) {
    if (this.fails) throw new Error("away");
    this.remembered.push(...keys);
  }
}

describe("deduplication", () => {
  test("200 000 messages with 5 % repeats over a lossy link take effect once each", async () => {
    const random = seededRandom(86);
    const stream = streamOf(200_000, 0.05, random);
    const effects = new Map<string, number>();
    const truth = new MemoryTruth();
    // Small filters, which forget most of what they were told; the shared one is lost now and then.
    let shared = new MemoryFilter(20_000);
    const toShared: DedupFilter = { known: (keys) => shared.known(keys), remember: (keys) => shared.remember(keys) };
    const instances = Array.from({ length: 3 }, () => new Dedup(self, [new MemoryFilter(2_000), toShared]));
    let deaths = 0;
    const delivered = await deliver(stream, { loss: 0.03, twice: 0.02, reorderWithin: 5_000 }, random, instances.length, async (instance, batch) => {
      if (random.next() < 0.01) shared = new MemoryFilter(20_000);
      await (instances[instance] as Dedup<string>).once(batch, async (messages) => {
        if (random.next() < 0.005) throw new Error("killed before its commit");
        const firsts = await truth.record(messages);
        messages.forEach((key, place) => firsts[place] && effects.set(key, (effects.get(key) ?? 0) + 1));
        if (random.next() < 0.005) throw new Error(`killed after its commit: ${++deaths}`);
        return firsts;
      });
    });
    const residual = [...effects.values()].reduce((sum, times) => sum + times - 1, 0);
    const filtered = instances.reduce((sum, { counters }) => sum + counters.filtered, 0);
    console.info(
      `200 000 messages, ${delivered.arrived} arrivals in ${delivered.rounds} rounds, ${deaths} deaths after a commit: ` +
        `${residual} residual duplicates (${((100 * residual) / 200_000).toFixed(4)} %), ${filtered} repeats stopped by filters`,
    );
    expect(delivered.arrived).toBeGreaterThan(200_000);
    expect(deaths).toBeGreaterThan(0);
    expect(residual).toBe(0);
    expect(effects.size).toBe(new Set(stream).size);
  });

  test("a filter remembers nothing before it is committed, and nothing that failed", async () => {
    const filter = new Probe();
    const dedup = new Dedup(self, [filter]);
    await expect(dedup.once(["a"], () => Promise.reject(new Error("not committed")))).rejects.toThrow("not committed");
    expect(filter.remembered).toEqual([]);
    await dedup.once(["a"], async (messages) => {
      expect(filter.remembered).toEqual([]);
      return messages.map(() => true);
    });
    expect(filter.remembered).toEqual(["a"]);
  });

  test("a repeat within one call is asked about once, and took effect once", async () => {
    const dedup = new Dedup(self, []);
    const asked: string[][] = [];
    const answers = await dedup.once(["a", "b", "a"], async (messages) => {
      asked.push(messages);
      return [true, true];
    });
    expect([answers, asked]).toEqual([[true, true, false], [["a", "b"]]]);
  });

  test("what a filter knows is not asked of the truth; what a far one knows, the near one learns", async () => {
    const [near, far] = [new Probe(), new Probe()];
    await far.remember(["a"]);
    const dedup = new Dedup(self, [near, far]);
    const never = () => Promise.reject(new Error("asked"));
    expect(await dedup.once(["a"], never)).toEqual([false]);
    expect(near.remembered).toEqual(["a"]);
    expect(dedup.counters).toEqual({ first: 0, filtered: 1, repeated: 0 });
  });

  test("filters that are away cost nothing but speed", async () => {
    const filter = new Probe();
    filter.fails = true;
    const truth = new MemoryTruth();
    const dedup = new Dedup(self, [filter]);
    expect(await dedup.once(["a", "b"], (keys) => truth.record(keys))).toEqual([true, true]);
    expect(await dedup.once(["b", "c"], (keys) => truth.record(keys))).toEqual([false, true]);
    expect(dedup.counters).toEqual({ first: 3, filtered: 0, repeated: 1 });
  });
});
