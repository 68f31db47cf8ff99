/**
 * Dedup lets the effect of a message happen once, however often the message comes: for payment callbacks, and for any other
 * consumer that is told at least once. The truth is a set of keys in Postgres, written by the very commit that has the effect.
 * In front of it stand filters, fast and forgetful: they may remember only what that commit has made durable, so a filter that
 * is wiped, full or away makes it slower and never wrong. It cannot order messages, and waits for none.
 */

/** Remembers some of the keys it was told. Exact: a key that it was not told it does not know, or a message would be lost. */
export interface DedupFilter {
  /** One answer a key; false: it does not know. */
  known(keys: readonly string[]): Promise<boolean[]>;
  /** These are committed. It may forget them, at once. */
  remember(keys: readonly string[]): Promise<void>;
}

/** The keys of one consumer, durable. For messages whose effect is elsewhere; who has one in Postgres commits both together. */
export interface DedupTruth {
  /** Writes new keys down in one commit. @returns one answer a key; true: this call was the first to bring it. */
  record(keys: readonly string[]): Promise<boolean[]>;
}

export interface DedupCounters {
  /** Messages that took effect. */
  first: number;
  /** Repeats that a filter knew, within one call or from earlier: nothing was asked of Postgres. */
  filtered: number;
  /** Repeats that only the truth knew. */
  repeated: number;
}

export class Dedup<M> {
  readonly counters: DedupCounters = { first: 0, filtered: 0, repeated: 0 };

  constructor(
    private readonly keyOf: (message: M) => string,
    /** Nearest first. */
    private readonly filters: readonly DedupFilter[],
  ) {}

  /**
   * @param commit does the work of messages with distinct keys, and makes keys and effects durable together; says which keys
   *   were new. When it throws, nothing is remembered: the messages have to come again.
   * @returns one answer a message; true: it took effect by this call.
   */
  async once(messages: readonly M[], commit: (messages: M[]) => Promise<boolean[]>): Promise<boolean[]> {
    const byKey = new Map<string, number[]>();
    messages.forEach((message, place) => {
      const key = this.keyOf(message);
      const places = byKey.get(key);
      if (places) places.push(place);
      else byKey.set(key, [place]);
    });
    const answers = new Array<boolean>(messages.length).fill(false);
    const unknown = await this.filter([...byKey.keys()]);
    if (unknown.length > 0) {
      const firsts = await commit(unknown.map((key) => messages[byKey.get(key)?.[0] as number] as M));
      await this.remember(unknown, this.filters);
      unknown.forEach((key, place) => {
        if (firsts[place]) answers[byKey.get(key)?.[0] as number] = true;
        else this.counters.repeated++;
      });
    }
    this.counters.first += answers.filter(Boolean).length;
    this.counters.filtered += messages.length - unknown.length;
    return answers;
  }

  /** What no filter knows. A farther one's knowledge is passed to the nearer ones: it is committed, too. */
  private async filter(keys: readonly string[]): Promise<string[]> {
    let unknown = [...keys];
    for (const [distance, filter] of this.filters.entries()) {
      if (unknown.length === 0) break;
      const known = await filter.known(unknown).catch(() => null);
      if (!known) continue;
      const found = unknown.filter((_, place) => known[place]);
      if (found.length === 0) continue;
      await this.remember(found, this.filters.slice(0, distance));
      unknown = unknown.filter((_, place) => !known[place]);
    }
    return unknown;
  }

  private async remember(keys: readonly string[], filters: readonly DedupFilter[]): Promise<void> {
    await Promise.all(filters.map((filter) => filter.remember(keys).catch(() => {})));
  }
}
