/**
 * A sender, a link that loses, repeats and reorders, and consumers that die in the middle: for tests of Dedup.
 */
import { integerBetween, pick, type Random } from "../kernel/random.ts";

export interface LinkFaults {
  /** Of messages and of acknowledgements. */
  loss: number;
  /** Messages that arrive twice. */
  twice: number;
  /** How far apart neighbours may arrive. */
  reorderWithin: number;
}

/** @returns `count` ids, of which `repeats` (a share) are ids sent before. */
export function streamOf(count: number, repeats: number, random: Random): string[] {
  const stream: string[] = [];
  let fresh = 0;
  for (let i = 0; i < count; i++) {
    if (fresh > 0 && random.next() < repeats) stream.push(pick(random, stream));
    else stream.push(`pay:order-${++fresh}:1`);
  }
  return stream;
}

export interface Delivered {
  rounds: number;
  /** Messages that arrived, repeats included. */
  arrived: number;
}

/**
 * Sends every message of the stream until it is acknowledged.
 * @param receive takes a batch of one instance; its rejection means that the instance died, and acknowledges nothing.
 */
export async function deliver(
  stream: readonly string[],
  faults: LinkFaults,
  random: Random,
  instances: number,
  receive: (instance: number, batch: string[]) => Promise<unknown>,
): Promise<Delivered> {
  let unacknowledged = [...stream];
  let rounds = 0;
  let arrived = 0;
  while (unacknowledged.length > 0) {
    rounds++;
    const wire = unacknowledged
      .flatMap((message, place) => {
        if (random.next() < faults.loss) return [];
        return random.next() < faults.twice ? [{ message, place }, { message, place }] : [{ message, place }];
      })
      .map(({ message, place }) => ({ message, place, at: place + random.next() * faults.reorderWithin }))
      .sort((a, b) => a.at - b.at);
    arrived += wire.length;
    const acknowledged = new Set<number>();
    for (let next = 0; next < wire.length; ) {
      // All instances at once: what they do overlaps.
      const batches = Array.from({ length: instances }, () => wire.slice(next, (next += integerBetween(random, 1, 256))));
      await Promise.all(
        batches.map(async (batch, instance) => {
          if (batch.length === 0) return;
          const ok = await receive(instance, batch.map(({ message }) => message)).then(
            () => true,
            () => false,
          );
          if (!ok) return;
          for (const { place } of batch) if (random.next() >= faults.loss) acknowledged.add(place);
        }),
      );
    }
    unacknowledged = unacknowledged.filter((_, place) => !acknowledged.has(place));
  }
  return { rounds, arrived };
}
