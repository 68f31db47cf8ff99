/**
 * MemoryTruth is the twin of dedup_keys: one set of keys, shared by whoever is given it.
 */
import type { DedupTruth } from "./dedup.ts";

export class MemoryTruth implements DedupTruth {
  private readonly keys = new Set<string>();

  async record(keys: readonly string[]): Promise<boolean[]> {
    return keys.map((key) => this.keys.size < this.keys.add(key).size);
  }
}
