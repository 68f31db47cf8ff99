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
  const row: { entry: Entry; before: number; isForced: boolean }[] = [];
  let state = available;
  let entry = head.next;
  let configurations = 0;
  let longest = 0;
  let stuck: string[] = [];
  while (head.next) {
    // What only looks, and sees now what it saw, may as well come now: it changes nothing for the others.
    const looks = entry === head.next ? lookThatFits(head, state) : null;
    if (looks) {
      done.add(looks.index);
      row.push({ entry: looks, before: state, isForced: true });
      lift(looks);
      entry = head.next;
      continue;
    }
    if (entry && !entry.isReturn) {
      const after = apply(state, entry.operation.effect);
      if (after !== null) {
        done.add(entry.index);
        const configuration = `${after}:${done.name()}`;
        if (!seen.has(configuration)) {
          if (++configurations > configurationsMax) return { kind: "undecided" };
          seen.add(configuration);
          row.push({ entry, before: state, isForced: false });
          state = after;
          lift(entry);
          entry = head.next;
          continue;
        }
        done.remove(entry.index);
      }
      entry = entry.next;
      continue;
    }
    // An operation has to be placed before it returned, and none fits any more: take the last one back.
    if (row.length >= longest) {
      longest = row.length;
      stuck = waitingAt(head);
    }
    for (;;) {
      const last = row.pop();
      if (!last) return { kind: "not linearizable", longest, stuck };
      state = last.before;
      done.remove(last.entry.index);
      unlift(last.entry);
      entry = last.entry.next;
      if (!last.isForced) break; // for what was forced there is no other way
    }
  }
  return { kind: "linearizable" };
}

/** An operation that has begun, changes nothing, and fits; null: none. */
function lookThatFits(head: Entry, available: number): Entry | null {
  for (let entry = head.next; entry && !entry.isReturn; entry = entry.next) {
    const { effect } = entry.operation;
    if ((effect.kind === "finds too few" || effect.kind === "sees") && apply(available, effect) !== null) return entry;
  }
  return null;
}

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

/** Operations that had begun and found no place. */
function waitingAt(head: Entry): string[] {
  const names: string[] = [];
  for (let entry = head.next; entry && !entry.isReturn; entry = entry.next) names.push(entry.operation.name);
  return names;
}
