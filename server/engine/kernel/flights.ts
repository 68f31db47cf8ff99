/**
 * Flights are calls under way, found by their key. They come and go by the thousand, and a plain Map would hold on to them: when
 * V8 replaces a Map's table, the outgrown one keeps its entries and points to the next; one that outlived two minor collections
 * keeps the entries of all later ones alive until the next full collection (docs/decisions/0143-what-a-map-remembers.md).
 * Here whoever lands leaves an empty slot.
 */
export class Flights<F> {
  private readonly slots = new Map<string, { flight: F | null }>();

  get(key: string): F | null {
    return this.slots.get(key)?.flight ?? null;
  }

  /** From now on `flight` is the one that is found. */
  begin(key: string, flight: F): void {
    this.slots.set(key, { flight });
  }

  /** No effect when another flight has taken the key. */
  end(key: string, flight: F): void {
    const slot = this.slots.get(key);
    if (slot?.flight !== flight) return;
    slot.flight = null;
    this.slots.delete(key);
  }
}
