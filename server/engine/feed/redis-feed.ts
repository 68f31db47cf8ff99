/**
 * RedisFeed carries settled changes between instances over capped Redis Streams, a few shards by store.
 * It loses entries when Redis does; it then says `gap`, and never pretends to know what was in it.
 */
import type { Redis } from "ioredis";
import { realClock } from "../kernel/clock.ts";
import type { Heartbeat } from "./instances.ts";
import type { FeedConsumer, FeedEntry, LiveFeed } from "./live-feed.ts";

/** Streams the feed is spread over: enough to split it over the nodes of a small cluster, few enough to read in one call. */
const SHARDS = 4;

/** Entries kept per shard: at 200 batches a second, minutes for an instance that pauses. Older ones are a gap. */
const ENTRIES_MAX = 20_000;

/**
 * Heartbeats have a stream of their own, or an idle night would fill the first shard with them: each is some kilobytes. Only
 * the last of each instance is worth anything, and one that is missed is followed by another: trimming them is no gap.
 */
const HEARTBEATS_MAX = 200;

/** Entries of one read, and how long a read waits for the first. */
const READ_ENTRIES_MAX = 500;
const READ_BLOCK_MS = 5_000;

/** Pause after a failed read: the connection itself backs off, this only keeps a broken server from being asked in a loop. */
const RETRY_MS = 200;

/** Entries that may wait to be sent; past it they are dropped, and counted. A second's worth at full speed. */
const UNSENT_MAX = 1_000;

type StreamReply = [stream: string, entries: [id: string, fields: string[]][]][] | null;

export class RedisFeed implements LiveFeed {
  dropped = 0;
  private unsent = 0;
  /** The shards, then the heartbeats. */
  private readonly streams: readonly string[];
  private readonly heartbeats: string;

  /**
   * @param writer a connection shared with others; `reader` one of its own, because reads block it.
   * @param prefix names the database the entries speak of, so that two never share a feed.
   */
  constructor(
    private readonly writer: Redis,
    private readonly reader: Redis,
    prefix: string,
    private readonly instance: string,
  ) {
    this.heartbeats = `${prefix}feed:{0}:heartbeats`;
    this.streams = [...Array.from({ length: SHARDS }, (_, shard) => `${prefix}feed:{${shard}}`), this.heartbeats];
  }

  publish(entry: FeedEntry): void {
    const storeId = entry.dishes[0]?.storeId ?? entry.transactions[0]?.storeId ?? "";
    this.send(this.streams[shardOf(storeId)] as string, "entry", entry);
  }

  announce(heartbeat: Heartbeat): void {
    this.send(this.heartbeats, "heartbeat", heartbeat);
  }

  private send(stream: string, kind: "entry" | "heartbeat", message: FeedEntry | Heartbeat): void {
    if (this.unsent >= UNSENT_MAX || this.writer.status !== "ready") {
      this.dropped++;
      return;
    }
    this.unsent++;
    const most = kind === "heartbeat" ? HEARTBEATS_MAX : ENTRIES_MAX;
    this.writer
      .xadd(stream, "MAXLEN", "~", most, "*", "from", this.instance, kind, JSON.stringify(message))
      .catch(() => this.dropped++)
      .finally(() => this.unsent--);
  }

  subscribe(consumer: FeedConsumer): () => void {
    const reading = { stopped: false };
    void this.follow(consumer, reading);
    return () => {
      reading.stopped = true;
      this.reader.disconnect();
    };
  }

  private async follow(consumer: FeedConsumer, reading: { stopped: boolean }): Promise<void> {
    let positions: string[] | null = null;
    while (!reading.stopped) {
      try {
        if (!positions) {
          positions = await this.ends();
          consumer.gap(); // nothing is known of what happened before
        }
        const reply = (await this.reader.xread(
          "COUNT", READ_ENTRIES_MAX, "BLOCK", READ_BLOCK_MS, "STREAMS", ...this.streams, ...positions,
        )) as StreamReply;
        for (const [stream, entries] of reply ?? []) {
          const shard = this.streams.indexOf(stream);
          if (await this.wasTrimmed(stream, positions[shard] as string, entries.length)) consumer.gap();
          for (const [id, fields] of entries) {
            positions[shard] = id;
            this.deliver(fields, consumer);
          }
        }
      } catch {
        if (reading.stopped) return;
        positions = null; // whatever broke, entries may have passed meanwhile
        await new Promise<void>((resume) => this.pause(resume));
      }
    }
  }

  /** Where each stream ends now. */
  private async ends(): Promise<string[]> {
    return Promise.all(
      this.streams.map(async (stream) => {
        const last = await this.reader.xrevrange(stream, "+", "-", "COUNT", 1);
        return last[0]?.[0] ?? "0-0";
      }),
    );
  }

  /** A full read may mean that this instance fell behind; then the oldest entry kept tells whether some are gone. */
  private async wasTrimmed(stream: string, position: string, read: number): Promise<boolean> {
    if (read < READ_ENTRIES_MAX || position === "0-0" || stream === this.heartbeats) return false;
    const first = await this.writer.xrange(stream, "-", "+", "COUNT", 1);
    return first[0] !== undefined && isLater(first[0][0], position);
  }

  private deliver(fields: string[], consumer: FeedConsumer): void {
    const [, from, kind, json = ""] = fields;
    if (from === this.instance) return;
    try {
      if (kind === "heartbeat") consumer.heartbeat(JSON.parse(json) as Heartbeat);
      else consumer.entry(JSON.parse(json) as FeedEntry);
    } catch {
      this.dropped++; // not ours, or from a version that speaks otherwise
    }
  }

  private pause(resume: () => void): void {
    if (this.reader.status === "ready") realClock.schedule(RETRY_MS, resume);
    else this.reader.once("ready", resume).once("end", resume);
  }
}

/** FNV-1a, 32 bits (Fowler, Noll, Vo). */
function shardOf(storeId: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < storeId.length; i++) hash = Math.imul(hash ^ storeId.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % SHARDS;
}

function isLater(id: string, than: string): boolean {
  const [ms = 0, n = 0] = id.split("-").map(Number);
  const [thanMs = 0, thanN = 0] = than.split("-").map(Number);
  return ms > thanMs || (ms === thanMs && n > thanN);
}
