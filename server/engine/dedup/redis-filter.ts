/**
 * RedisFilter remembers committed keys for all instances, for a while. Wiped, rolled back or away, it knows less, never more.
 * What Postgres itself loses in a failover to a standby that was behind, it still knows until it forgets: see decision 0064.
 */
import type { Redis } from "ioredis";
import { CircuitBreaker } from "../guards/circuit-breaker.ts";
import type { Clock } from "../kernel/clock.ts";
import type { DedupFilter } from "./dedup.ts";

/** Senders repeat within seconds and minutes; what comes later Postgres knows. 1 000 keys a second are 60 MB. */
const REMEMBERED_MS = 10 * 60 * 1_000;

export class RedisFilter implements DedupFilter {
  private readonly breaker: CircuitBreaker;
  private readonly prefix: string;

  /**
   * @param redis rejects commands at once while it is disconnected, and after its `commandTimeout`.
   * @param prefix names the database whose commits it remembers. The hash tag keeps a consumer's keys on one node of a cluster.
   */
  constructor(
    private readonly redis: Redis,
    prefix: string,
    consumer: string,
    clock: Clock,
    private readonly rememberedMs = REMEMBERED_MS,
  ) {
    this.prefix = `${prefix}seen:{${consumer}}:`;
    this.breaker = new CircuitBreaker(clock);
  }

  async known(keys: readonly string[]): Promise<boolean[]> {
    if (!this.breaker.allows()) return keys.map(() => false);
    const found = await this.breaker.call(() => this.redis.mget(keys.map((key) => this.prefix + key)));
    return found.map((value) => value !== null);
  }

  async remember(keys: readonly string[]): Promise<void> {
    if (!this.breaker.allows()) return;
    const pipeline = this.redis.pipeline();
    for (const key of keys) pipeline.set(this.prefix + key, "", "PX", this.rememberedMs);
    await this.breaker.call(() => pipeline.exec());
  }
}
