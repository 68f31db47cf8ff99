/**
 * LockLog remembers what a person should hear of: batches that hold their dishes too long, waiters that starve or run out of
 * time, and who woke whom. It keeps the newest, and counts what repeats instead of repeating it. It changes nothing.
 */
import type { Clock } from "../../kernel/clock.ts";
import type { Flight } from "./dish-locks.ts";

/**
 * A batch that holds its dishes for longer than this is reported: its call to the ledger should have ended long before.
 * Its locks stay: the batch may still commit, and the database would only make the next one wait.
 */
export const HOLD_SUSPECT_MS = 2_000;

/** Who waited for longer than this starved: the whole service stage is gone before its batch has left. */
export const STARVED_MS = 400;

/** What happens again to the same dish within this time is the same event, counted up. */
const SAME_EVENT_MS = 5_000;

/** As many as a person reads; each is a hundred bytes of every heartbeat. */
const EVENTS_MAX = 32;
const HANDOVERS_MAX = 16;
const EVENT_DISHES_MAX = 5;

export type LockEventKind = "HELD_TOO_LONG" | "STARVED" | "PAST_DEADLINE";

/** Times are since the epoch, by the instance's own clock. */
export interface LockEvent {
  /** Grows; distinct in its instance. */
  number: number;
  kind: LockEventKind;
  atMs: number;
  /** When it was last added to, or ended. */
  untilMs: number;
  /** False while it may still grow. */
  over: boolean;
  /** At most five of them. */
  dishIds: string[];
  /** The batch that holds; null for waiters. */
  batch: number | null;
  lane: number | null;
  /** Operations in that batch; or how many waiters it befell. */
  operations: number;
  /** The longest hold, or wait. */
  ms: number;
}

/** A batch gave a dish back, and those who stood behind it left with another. */
export interface Handover {
  atMs: number;
  dishId: string;
  from: number;
  to: number;
  /** Of the batch that left. */
  lane: number;
  /** Of those who had stood behind. */
  woken: number;
  waitMsMax: number;
}

interface Kept extends LockEvent {
  /** Waiters of one kind and dish share it; a batch's is its own. */
  key: string;
  /** When it began and was last added to, on the monotonic clock. */
  beganAtMs: number;
  addedAtMs: number;
}

export class LockLog {
  private readonly kept: Kept[] = [];
  private readonly passed: Handover[] = [];
  private readonly holding = new Set<Flight>();
  private landed: { flight: Flight; atMs: number }[] = [];
  private numbers = 0;

  constructor(private readonly clock: Clock) {}

  /** Newest last. */
  events(): LockEvent[] {
    const nowMs = this.clock.monotonicMs();
    return this.kept.map(({ key: _, beganAtMs, addedAtMs, ...event }) => {
      if (event.kind === "HELD_TOO_LONG") return event.over ? event : { ...event, ms: HOLD_SUSPECT_MS + nowMs - beganAtMs };
      return { ...event, over: nowMs - addedAtMs > SAME_EVENT_MS };
    });
  }

  /** Newest last. */
  handovers(): Handover[] {
    return [...this.passed];
  }

  /** A batch took its locks. @returns what to call when it gives them back. */
  held(flight: Flight): () => void {
    let event: Kept | null = null;
    this.holding.add(flight);
    const timer = this.clock.schedule(HOLD_SUSPECT_MS, () => {
      const { number, lane, operations } = flight;
      event = this.add({ kind: "HELD_TOO_LONG", key: `batch ${number}`, dishIds: [...flight.dishIds], batch: number, lane, operations, ms: HOLD_SUSPECT_MS });
    });
    return () => {
      timer.cancel();
      this.holding.delete(flight);
      const nowMs = this.clock.monotonicMs();
      this.landed.push({ flight, atMs: nowMs });
      if (event) Object.assign(event, { ms: nowMs - flight.startedAtMs, untilMs: this.clock.nowMs(), over: true });
    };
  }

  /** An operation left the queue: with a batch, or because its time was up. */
  waited(dishIds: readonly string[], waitMs: number, pastDeadline: boolean): void {
    if (!pastDeadline && waitMs <= STARVED_MS) return;
    const kind = pastDeadline ? "PAST_DEADLINE" : "STARVED";
    const dishId = this.obstacleOf(dishIds);
    const key = `${kind} ${dishId ?? ""}`;
    const nowMs = this.clock.monotonicMs();
    const event = this.kept.findLast((known) => known.key === key);
    if (event && nowMs - event.addedAtMs <= SAME_EVENT_MS) {
      event.operations++;
      event.ms = Math.max(event.ms, waitMs);
      event.addedAtMs = nowMs;
      event.untilMs = this.clock.nowMs();
    } else {
      this.add({ kind, key, dishIds: dishId === null ? [] : [dishId], batch: null, lane: null, operations: 1, ms: waitMs });
    }
  }

  /** A batch leaves: whom of it did the ones that have just landed hold up? @returns the first of them. */
  left(flight: Flight, waiters: readonly { op: { dishIds: readonly string[] }; sinceMs: number }[]): Handover | null {
    let first: Handover | null = null;
    for (const { flight: from, atMs } of this.landed) {
      const dishId = firstCommon(from.dishIds, flight.dishIds);
      if (dishId === null) continue;
      let woken = 0;
      let waitMsMax = 0;
      for (const { op, sinceMs } of waiters) {
        if (sinceMs > atMs || !op.dishIds.includes(dishId)) continue;
        woken++;
        waitMsMax = Math.max(waitMsMax, flight.startedAtMs - sinceMs);
      }
      if (woken === 0) continue;
      const handover = { atMs: this.clock.nowMs(), dishId, from: from.number, to: flight.number, lane: flight.lane, woken, waitMsMax };
      if (this.passed.push(handover) > HANDOVERS_MAX) this.passed.shift();
      first ??= handover;
    }
    return first;
  }

  /** Whoever could leave has left: batches that come later were woken by others. */
  pumped(): void {
    this.landed = [];
  }

  /** The dish that was in the way: the first that somebody holds, or held until just now. */
  private obstacleOf(dishIds: readonly string[]): string | null {
    const flights = [...this.holding, ...this.landed.map(({ flight }) => flight)];
    return dishIds.find((dishId) => flights.some((flight) => flight.dishIds.has(dishId))) ?? dishIds[0] ?? null;
  }

  private add(event: Pick<Kept, "kind" | "key" | "dishIds" | "batch" | "lane" | "operations" | "ms">): Kept {
    const [atMs, nowMs] = [this.clock.nowMs(), this.clock.monotonicMs()];
    const dishIds = event.dishIds.slice(0, EVENT_DISHES_MAX);
    const kept = { ...event, number: ++this.numbers, atMs, untilMs: atMs, over: false, dishIds, beganAtMs: nowMs, addedAtMs: nowMs };
    if (this.kept.push(kept) > EVENTS_MAX) this.kept.shift();
    return kept;
  }
}

function firstCommon(one: ReadonlySet<string>, other: ReadonlySet<string>): string | null {
  for (const dishId of one) if (other.has(dishId)) return dishId;
  return null;
}
