/**
 * How the participant fails, by flag and at run time. It decides about single calls; `server.ts` acts it out.
 */
import type { BranchOperation } from "../../server/engine/tiers/tcc/participants.ts";
import { Refusal } from "../command-line.ts";

/** Each way to fail, and what happens to the branch meanwhile. */
export const FAILURES = {
  none: "does as it should",
  "409": "refuses; nothing is done",
  "425": "says: not yet, ask again; nothing is done",
  "503": "says that it is out of order; nothing is done",
  hang: "takes the call and never answers; nothing is done",
  garbage: "answers with something that is not HTTP; nothing is done",
  redirect: "sends the caller elsewhere; nothing is done",
  huge: "answers 200 with 10 MB; nothing is done",
  slow: "does it, and answers 2 seconds later",
  lose: "does it, and breaks the connection instead of answering",
} as const;
export type Failure = keyof typeof FAILURES;

export const OPERATIONS = ["try", "confirm", "cancel", "reverse"] as const satisfies readonly BranchOperation[];

export interface Mode {
  fail: Failure;
  /** Of the calls it concerns, 0 … 1. */
  share: number;
  operations: readonly BranchOperation[];
  /** So many calls, then it does as it should again; null: until told otherwise. */
  times: number | null;
}

export const WELL: Mode = { fail: "none", share: 1, operations: OPERATIONS, times: null };

const TIMES_MAX = 1_000_000;

/** What a mode cannot be, in one sentence: said on the command line or over HTTP. */
export class Wrong extends Refusal {}

/** @throws Wrong with one sentence; `name` is how the caller spells a field, as in `--fail` or `fail`. */
export function readMode(given: Readonly<Record<string, unknown>>, name: (field: keyof Mode) => string = (field) => field): Mode {
  const mode: Mode = { ...WELL };
  const { fail, share, operations, times } = given;
  if (fail !== undefined) {
    if (typeof fail !== "string" || !Object.hasOwn(FAILURES, fail)) throw new Wrong(`${name("fail")} takes one of ${Object.keys(FAILURES).join(", ")}, not ${shown(fail)}.`);
    mode.fail = fail as Failure;
  }
  if (share !== undefined) {
    if (typeof share !== "number" || !(share >= 0 && share <= 1)) throw new Wrong(`${name("share")} takes a number from 0 to 1, not ${shown(share)}.`);
    mode.share = share;
  }
  if (operations !== undefined) {
    const isList = Array.isArray(operations) && operations.length > 0 && operations.every((one) => (OPERATIONS as readonly unknown[]).includes(one));
    if (!isList) throw new Wrong(`${name("operations")} takes some of ${OPERATIONS.join(", ")}, not ${shown(operations)}.`);
    mode.operations = OPERATIONS.filter((one) => operations.includes(one));
  }
  if (times !== undefined && times !== null) {
    if (!Number.isInteger(times) || (times as number) < 1 || (times as number) > TIMES_MAX) throw new Wrong(`${name("times")} takes a whole number from 1 to ${TIMES_MAX}, not ${shown(times)}.`);
    mode.times = times as number;
  }
  const unknown = Object.keys(given).find((field) => !Object.hasOwn(WELL, field));
  if (unknown !== undefined) throw new Wrong(`There is no ${unknown}: a mode has ${Object.keys(WELL).join(", ")}.`);
  return mode;
}

/** Draws how one call goes, and counts it. */
export function drawFailure(mode: Mode, operation: BranchOperation, random: () => number): Failure {
  if (mode.fail === "none" || mode.times === 0 || !mode.operations.includes(operation) || random() >= mode.share) return "none";
  if (mode.times !== null) mode.times -= 1;
  return mode.fail;
}

/** In words, as in "503 for confirm, half of the calls". */
export function modeInWords({ fail, share, operations, times }: Mode): string {
  if (fail === "none" || times === 0) return FAILURES.none;
  const which = operations.length === OPERATIONS.length ? "every operation" : operations.join(" and ");
  const often = share === 1 ? "" : `, ${Math.round(share * 100)} % of the calls`;
  return `${FAILURES[fail]} (${fail}: ${which}${often}${times === null ? "" : `, ${times} more`})`;
}

function shown(value: unknown): string {
  return typeof value === "string" ? `"${value.slice(0, 40)}"` : (JSON.stringify(value) ?? "nothing").slice(0, 60);
}
