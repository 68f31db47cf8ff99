/**
 * Whether the operations on one dish can be put in a row, each at some moment of its interval, so that every answer is right:
 * linearizability of a counter, by the search of Wing and Gong (1993) with Lowe's memory of configurations (2017), one dish at
 * a time as Porcupine partitions (Athalye, 2017). It knows no engine: `dish-operations.ts` turns a history into operations.
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
  /** Which operation, 0 …; its bit in a configuration. */
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
  const done = new Uint32Array(Math.ceil(operations.length / 32));
  const seen = new Set<string>();
  const row: { entry: Entry; before: number }[] = [];
  let state = available;
  let entry = head.next;
  let configurations = 0;
  let longest = 0;
  let stuck: string[] = [];
  while (head.next) {
    if (entry && !entry.isReturn) {
      const after = apply(state, entry.operation.effect);
      if (after !== null) {
        flip(done, entry.index);
        const configuration = `${after}:${done.join()}`;
        if (!seen.has(configuration)) {
          if (++configurations > configurationsMax) return { kind: "undecided" };
          seen.add(configuration);
          row.push({ entry, before: state });
          state = after;
          lift(entry);
          entry = head.next;
          continue;
        }
        flip(done, entry.index);
      }
      entry = entry.next;
      continue;
    }
    // An operation has to be placed before it returned, and none fits any more: take the last one back.
    if (row.length >= longest) {
      longest = row.length;
      stuck = waitingAt(head);
    }
    const last = row.pop();
    if (!last) return { kind: "not linearizable", longest, stuck };
    state = last.before;
    flip(done, last.entry.index);
    unlift(last.entry);
    entry = last.entry.next;
  }
  return { kind: "linearizable" };
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
  const entries: Entry[] = operations.flatMap((operation, index) => {
    const call: Entry = { operation, index, isReturn: false, match: null, previous: null, next: null };
    const end: Entry = { operation, index, isReturn: true, match: call, previous: null, next: null };
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
  for (const entry of entries) {
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

function flip(bits: Uint32Array, index: number): void {
  bits[index >> 5] = (bits[index >> 5] as number) ^ (1 << (index & 31));
}

/** Operations that had begun and found no place. */
function waitingAt(head: Entry): string[] {
  const names: string[] = [];
  for (let entry = head.next; entry && !entry.isReturn; entry = entry.next) names.push(entry.operation.name);
  return names;
}
