import { expect, test } from "vitest";
import type { ReviewTicket } from "@/server/contracts/review";
import { ReviewStore } from "./review-store";

const ticket = (ticketId: string, openedAtMs: number, claimedBy: string | null = null) =>
  ({ ticketId, openedAtMs, claimedBy: claimedBy === null ? null : { operatorId: claimedBy, name: claimedBy } }) as ReviewTicket;
const first = { atMs: 1, tickets: [ticket("T1", 10), ticket("T3", 30)], open: 2, people: [] };

test("what the room says comes into its place, oldest first, and what is closed goes", () => {
  const store = new ReviewStore(first);
  store.reset({ ...first, seq: 4 });
  let told = 0;
  const stop = store.subscribe(() => {
    told += 1;
  });
  expect(store.apply({ seq: 5, atMs: 2, changed: [ticket("T2", 20), ticket("T3", 30, "ann")], open: 3 })).toBe(true);
  expect(store.current().tickets.map(({ ticketId, claimedBy }) => [ticketId, claimedBy?.name ?? null])).toEqual([["T1", null], ["T2", null], ["T3", "ann"]]);
  expect(store.apply({ seq: 6, atMs: 3, gone: ["T1"], open: 2 })).toBe(true);
  expect([store.current().tickets.map(({ ticketId }) => ticketId), store.current().open, told]).toEqual([["T2", "T3"], 2, 2]);
  stop();
});

test("a missing number asks for a snapshot, one that was heard already changes nothing", () => {
  const store = new ReviewStore(first);
  store.reset({ ...first, seq: 4 });
  expect(store.apply({ seq: 6, atMs: 2, gone: ["T1"] })).toBe(false);
  expect(store.apply({ seq: 4, atMs: 2, gone: ["T1"] })).toBe(true);
  expect(store.current().tickets).toHaveLength(2);
});
