/**
 * Whether the operations on one dish can be put in a row, each at some moment of its interval, so that every answer is right:
 * linearizability of a counter, by the search of Wing and Gong (1993) with Lowe's memory of configurations (2017), one dish at
 * a time as Porcupine partitions (Athalye, 2017). What only looks is placed as soon as it fits.
 * It knows no engine: `dish-operations.ts` turns a history into operations.
 */

/** What an operation did to a dish's free portions, or learned of them. */
export type Effect =
  | { kind: "takes"; quantity: number } // there were so many
  | { kind: "gives"; quantity: number }
  | { kind: "finds too few"; wanted: number }
  | { kind: "sees"; available: number };

export interface Operation {
  /** For people. */
  name: string;
  fromMs: number;
  /** Infinite: nobody knows when it happened, only that it did. */
  toMs: number;
  /** When somebody says that it happened: where the search looks first, and all that it is believed for. */
  likelyAtMs?: number;
  effect: Effect;
}

export type Verdict =
  | { kind: "linearizable" }
  /** `stuck`: as far as the longest row got, the operations that could not follow. */
  | { kind: "not linearizable"; longest: number; stuck: string[] }
  /** The search was given up. */
  | { kind: "undecided" };

/** Configurations looked at before the search gives up; one dish of 300 operations takes a few hundred. */
const CONFIGURATIONS_MAX = 200_000;

interface Entry {
  operation: Operation;
  /** Which operation, 0 …, in the order in which they began; its bit in a configuration. */
  index: number;
  isReturn: boolean;
  /** The other end. */
  match: Entry | null;
  previous: Entry | null;
  next: Entry | null;
}

/** @returns whether `operations` fit on a counter that starts at `available`. */
export function checkLinearizable(available: number, operations: readonly Operation[], configurationsMax = CONFIGURATIONS_MAX): Verdict {
  const head = entriesOf(operations);
  const done = new Placed(operations.length);
  const seen = new Set<string>();
  /** The row so far: what was placed, what there was before it, and what else might have come in its place. */
  const row: { entry: Entry; before: number; others: Entry[] }[] = [];
  let state = available;
  let candidates = candidatesAt(head, state);
  let configurations = 0;
  let longest = 0;
  let stuck: string[] = [];
  while (head.next) {
    const entry = candidates.pop();
    if (entry) {
      const after = apply(state, entry.operation.effect);
      if (after === null) continue;
      done.add(entry.index);
      const configuration = `${after}:${done.name()}`;
      if (seen.has(configuration)) {
        done.remove(entry.index);
        continue;
      }
      if (++configurations > configurationsMax) return { kind: "undecided" };
      seen.add(configuration);
      row.push({ entry, before: state, others: candidates });
      state = after;
      lift(entry);
      candidates = candidatesAt(head, state);
      continue;
    }
    // An operation has to be placed before it returned, and none fits any more: take the last one back.
    if (row.length >= longest) {
      longest = row.length;
      stuck = waitingAt(head).map(({ operation }) => operation.name);
    }
    const last = row.pop();
    if (!last) return { kind: "not linearizable", longest, stuck };
    state = last.before;
    candidates = last.others;
    done.remove(last.entry.index);
    unlift(last.entry);
  }
  return { kind: "linearizable" };
}

/**
 * What may come next, the best last. What only looks, and sees now what it saw, may as well come now: it changes nothing for the
 * others, so nothing else need be tried. Of the rest, what is said to have happened first.
 */
function candidatesAt(head: Entry, available: number): Entry[] {
  const waiting = waitingAt(head);
  const look = waiting.find(({ operation: { effect } }) => (effect.kind === "finds too few" || effect.kind === "sees") && apply(available, effect) !== null);
  if (look) return [look];
  return waiting.sort((a, b) => likelyAtMs(b) - likelyAtMs(a) || b.index - a.index);
}

const likelyAtMs = ({ operation: { likelyAtMs: hint, fromMs } }: Entry): number => hint ?? fromMs;

function apply(available: number, effect: Effect): number | null {
  switch (effect.kind) {
    case "takes":
      return available >= effect.quantity ? available - effect.quantity : null;
    case "gives":
      return available + effect.quantity;
    case "finds too few":
      return available < effect.wanted ? available : null;
    case "sees":
      return available === effect.available ? available : null;
  }
}

/** All beginnings and ends in order of time; what begins at the moment when something ends overlaps it. */
function entriesOf(operations: readonly Operation[]): Entry {
  const entries: Entry[] = operations.flatMap((operation) => {
    const call: Entry = { operation, index: -1, isReturn: false, match: null, previous: null, next: null };
    const end: Entry = { operation, index: -1, isReturn: true, match: call, previous: null, next: null };
    call.match = end;
    return [call, end];
  });
  const timeOf = ({ operation, isReturn }: Entry): number => (isReturn ? operation.toMs : operation.fromMs);
  entries.sort((a, b) => {
    const [timeA, timeB] = [timeOf(a), timeOf(b)];
    return timeA === timeB ? Number(a.isReturn) - Number(b.isReturn) : timeA - timeB; // infinities too
  });
  const head: Entry = { operation: { name: "", fromMs: 0, toMs: 0, effect: { kind: "gives", quantity: 0 } }, index: -1, isReturn: false, match: null, previous: null, next: null };
  let last = head;
  let begun = 0;
  for (const entry of entries) {
    if (!entry.isReturn) entry.index = (entry.match as Entry).index = begun++;
    last.next = entry;
    entry.previous = last;
    last = entry;
  }
  return head;
}

function lift(entry: Entry): void {
  for (const end of [entry, entry.match as Entry]) {
    (end.previous as Entry).next = end.next;
    if (end.next) end.next.previous = end.previous;
  }
}

function unlift(entry: Entry): void {
  for (const end of [entry.match as Entry, entry]) {
    (end.previous as Entry).next = end;
    if (end.next) end.next.previous = end;
  }
}

/**
 * Which operations have been placed. They are numbered as they began, so nearly all that have been are a beginning without gaps:
 * only what comes after it is named, and a name stays short however long the history.
 */
class Placed {
  private readonly words: Uint32Array;
  /** Every word before this one is full. */
  private low = 0;
  /** Every word from this one on is empty. */
  private high = 0;

  constructor(count: number) {
    this.words = new Uint32Array(Math.ceil(count / 32));
  }

  add(index: number): void {
    const at = index >> 5;
    this.words[at] = (this.words[at] as number) | (1 << (index & 31));
    if (at >= this.high) this.high = at + 1;
    while (this.words[this.low] === 0xffff_ffff) this.low++;
  }

  remove(index: number): void {
    const at = index >> 5;
    this.words[at] = (this.words[at] as number) & ~(1 << (index & 31));
    if (at < this.low) this.low = at;
    while (this.high > 0 && this.words[this.high - 1] === 0) this.high--;
  }

  /** The same for the same set, and for no other. */
  name(): string {
    let name = `${this.low}`;
    for (let at = this.low; at < this.high; at++) name += `,${this.words[at]}`;
    return name;
  }
}

/** Operations that have begun before any other ends, and have no place yet. */
function waitingAt(head: Entry): Entry[] {
  const waiting: Entry[] = [];
  for (let entry = head.next; entry && !entry.isReturn; entry = entry.next) waiting.push(entry);
  return waiting;
}
