/**
 * MemoryFeed is the twin of the Redis feed: one bus for the instances of one process, each with its own view.
 * It loses and reorders nothing by itself; a simulator stands in between to do that.
 */
import type { Clock } from "../kernel/clock.ts";
import type { FeedConsumer, FeedEntry, LiveFeed } from "./live-feed.ts";

export class MemoryFeedBus {
  private readonly views = new Map<string, Set<FeedConsumer>>();

  constructor(private readonly clock: Clock) {}

  /** The feed as `instance` sees it: it hears everybody but itself. */
  view(instance: string): LiveFeed {
    const consumers = new Set<FeedConsumer>();
    this.views.set(instance, consumers);
    return {
      dropped: 0,
      publish: (entry) => this.deliver(instance, copyOfEntry(entry), (consumer, copy) => consumer.entry(copy)),
      announce: (heartbeat) => this.deliver(instance, structuredClone(heartbeat), (consumer, copy) => consumer.heartbeat(copy)),
      subscribe: (consumer) => {
        consumers.add(consumer);
        return () => consumers.delete(consumer);
      },
    };
  }

  private deliver<T>(from: string, message: T, hand: (consumer: FeedConsumer, message: T) => void): void {
    this.clock.soon(() => {
      for (const [instance, consumers] of this.views) {
        if (instance !== from) for (const consumer of consumers) hand(consumer, message);
      }
    });
  }
}

/** By hand: structuredClone costs thirty times as much, and a simulation copies millions. */
function copyOfEntry(entry: FeedEntry): FeedEntry {
  return { ...entry, dishes: entry.dishes.map((dish) => ({ ...dish })), transactions: entry.transactions.map((change) => ({ ...change })) };
}
