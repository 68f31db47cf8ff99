/**
 * The review queue in the browser: the room `review` fills it, oldest first. A missed number is healed by a snapshot.
 * It cannot change a ticket: acts are HTTP (client.ts), and the room tells what came of them.
 */
import type { ReviewDelta, ReviewQueue, ReviewSnapshot, ReviewTicket } from "@/server/contracts/review";

export class ReviewStore {
  private readonly listeners = new Set<() => void>();
  private queue: ReviewQueue;
  private seq = 0;

  constructor(first: ReviewQueue) {
    this.queue = first;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  readonly current = (): ReviewQueue => this.queue;

  reset({ seq, ...queue }: ReviewSnapshot): void {
    this.seq = seq;
    this.show(queue);
  }

  /** @returns false when a number is missing: ask for a snapshot. */
  apply({ seq, atMs, changed = [], gone = [], open, people }: ReviewDelta): boolean {
    if (seq <= this.seq) return true;
    if (seq !== this.seq + 1) return false;
    this.seq = seq;
    const tickets = new Map(this.queue.tickets.map((ticket) => [ticket.ticketId, ticket]));
    for (const ticket of changed) tickets.set(ticket.ticketId, ticket);
    for (const ticketId of gone) tickets.delete(ticketId);
    this.show({ atMs, tickets: [...tickets.values()].sort(olderFirst), open: open ?? this.queue.open, people: people ?? this.queue.people });
    return true;
  }

  /** Read over HTTP, for whoever acts while the room is silent. */
  show(queue: ReviewQueue): void {
    this.queue = queue;
    for (const listener of this.listeners) listener();
  }
}

function olderFirst(a: ReviewTicket, b: ReviewTicket): number {
  return a.openedAtMs - b.openedAtMs || (a.ticketId < b.ticketId ? -1 : 1);
}
