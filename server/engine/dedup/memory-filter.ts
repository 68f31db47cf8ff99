/**
 * MemoryFilter remembers the latest keys in this process, as many as it was given room for. Other instances do not see it.
 */
import { LRUCache } from "lru-cache";
import type { DedupFilter } from "./dedup.ts";

/** A key and its place in the cache take about 150 bytes: 15 MB. */
export const FILTER_KEYS_MAX = 100_000;

export class MemoryFilter implements DedupFilter {
  private readonly keys: LRUCache<string, true>;

  constructor(keysMax = FILTER_KEYS_MAX) {
    this.keys = new LRUCache({ max: keysMax });
  }

  async known(keys: readonly string[]): Promise<boolean[]> {
    return keys.map((key) => this.keys.get(key) === true);
  }

  async remember(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.keys.set(key, true);
  }
}
