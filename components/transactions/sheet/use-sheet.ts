"use client";
/**
 * One decision sheet, kept up to date: read again when the room names its transaction, after an act of one's own, and every
 * two seconds while it can still change by itself.
 */
import { useCallback, useState } from "react";
import type { DecisionSheet } from "@/server/contracts/transaction-page";
import { follow } from "../../live/live-socket";
import type { Following } from "../../live/live-socket";
import { usePoll } from "../../live/use-poll";
import { readSheet } from "../client";

const READ_EVERY_MS = 2_000;
/** What has ended changes by a person only: a reversal, a note. */
const READ_ENDED_EVERY_MS = 10_000;

const ENDED: ReadonlySet<string> = new Set(["CONFIRMED", "CANCELLED", "REVERSED"]);

export interface LiveSheet {
  sheet: DecisionSheet;
  /** The last reads failed: it may be old. */
  stale: boolean;
  again(): void;
  /** To be followed by the page's socket. */
  following: Following;
}

export function useSheet(first: DecisionSheet): LiveSheet {
  const { txId } = first.transaction;
  const read = useCallback((signal: AbortSignal) => readSheet(txId, signal), [txId]);
  const [ended, setEnded] = useState(ENDED.has(first.transaction.state));
  const { value: sheet, stale, again } = usePoll(first, read, ended ? READ_ENDED_EVERY_MS : READ_EVERY_MS);
  if (ended !== ENDED.has(sheet.transaction.state)) setEnded(!ended);
  const [following] = useState(() =>
    follow<"transactions">({
      room: "transactions",
      reset: () => again(),
      apply({ upserted = [], gone = [] }) {
        if ([...upserted, ...gone].some((each) => each.txId === txId)) again();
        return true;
      },
    }),
  );
  return { sheet, stale, again, following };
}
