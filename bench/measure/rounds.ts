/**
 * Contenders side by side: the same load in turns (A B C, C B A, …), so that a machine that slows down slows all of them.
 * It does not know what is measured. A round whose books do not balance is left out of the figures and reported.
 */
import type { Progress } from "./progress.ts";

export type Figures = Record<string, number>;

export interface Round {
  figures: Figures;
  /** Null: every portion is accounted for. */
  violation: string | null;
}

export interface Contender {
  name: string;
  /** Once, before the first round: threads, tables and compiled code come to their working temperature. */
  warmUp(): Promise<{ violation: string | null }>;
  round(): Promise<Round>;
}

/** The median of several rounds, and how far they lay apart. */
export interface Spread {
  median: number;
  low: number;
  high: number;
  rounds: number;
}

export interface Measured {
  name: string;
  rounds: Figures[];
  violations: string[];
}

export async function takeTurns(contenders: readonly Contender[], rounds: number, progress: Progress): Promise<Measured[]> {
  const measured = contenders.map(({ name }): Measured => ({ name, rounds: [], violations: [] }));
  for (const [i, contender] of contenders.entries()) {
    progress.say(`${contender.name}: warming up`);
    note(measured[i] as Measured, (await contender.warmUp()).violation);
  }
  const there = contenders.map((_, i) => i);
  const back = there.toReversed();
  for (let round = 0; round < rounds; round++) {
    for (const i of round % 2 === 0 ? there : back) {
      const contender = contenders[i] as Contender;
      progress.say(`${contender.name}: round ${round + 1} of ${rounds}`);
      const { figures, violation } = await contender.round();
      if (!note(measured[i] as Measured, violation)) (measured[i] as Measured).rounds.push(figures);
    }
  }
  return measured;
}

function note(measured: Measured, violation: string | null): boolean {
  if (violation !== null) measured.violations.push(`${measured.name}: ${violation}`);
  return violation !== null;
}

/** Null when no round counted. */
export function spreadOf({ rounds }: Measured, figure: string): Spread | null {
  const values = rounds.map((figures) => figures[figure] as number).sort((a, b) => a - b);
  if (values.length === 0) return null;
  const middle = values.length >> 1;
  const upper = values[middle] as number;
  const median = values.length % 2 === 1 ? upper : ((values[middle - 1] as number) + upper) / 2;
  return { median, low: values[0] as number, high: values.at(-1) as number, rounds: values.length };
}
