/**
 * What the room `review` tells of: the open tickets, read again while somebody looks, and at once when somebody here worked on
 * one. It cannot see a change before the database has it; what another instance did shows within a look.
 */
import type { Person, ReviewDelta, ReviewQueue, ReviewSnapshot, ReviewTicket } from "../contracts/review.ts";
import type { RoomSource } from "./room.ts";

/** The port: server/console/review has the real one. */
export type ReadReview = () => Promise<ReviewQueue>;

type Unnumbered<T> = Omit<T, "seq" | "atMs">;

export class ReviewSource implements RoomSource<Unnumbered<ReviewSnapshot>, Unnumbered<ReviewDelta>> {
  private tickets = new Map<string, ReviewTicket>();
  private open = 0;
  private people: Person[] = [];
  private readonly said = new Map<string, string>();
  private saidRest = "";

  take({ tickets, open, people }: ReviewQueue): void {
    this.tickets = new Map(tickets.map((ticket) => [ticket.ticketId, ticket]));
    this.open = open;
    this.people = people;
  }

  snapshot(): Unnumbered<ReviewSnapshot> {
    return { tickets: [...this.tickets.values()], open: this.open, people: this.people };
  }

  takeDelta(): Unnumbered<ReviewDelta> | null {
    const changed = [...this.tickets.values()].filter((ticket) => {
      const text = JSON.stringify(ticket);
      if (this.said.get(ticket.ticketId) === text) return false;
      this.said.set(ticket.ticketId, text);
      return true;
    });
    const gone = [...this.said.keys()].filter((ticketId) => !this.tickets.has(ticketId));
    for (const ticketId of gone) this.said.delete(ticketId);
    const rest = JSON.stringify([this.open, this.people]);
    const restChanged = rest !== this.saidRest;
    this.saidRest = rest;
    if (changed.length === 0 && gone.length === 0 && !restChanged) return null;
    return { ...(changed.length > 0 && { changed }), ...(gone.length > 0 && { gone }), ...(restChanged && { open: this.open, people: this.people }) };
  }
}
