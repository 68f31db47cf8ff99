"use client";
/**
 * One decision sheet, kept up to date: read again when the room names its transaction, after an act of one's own, and every
 * two seconds while it can still change by itself. An answer that was overtaken by a later one is dropped.
 */
import { useCallback, useEffect, useRef, useState } from "react";
import type { DecisionSheet } from "@/server/contracts/transaction-page";
import { follow } from "../../live/live-socket";
import type { Following } from "../../live/live-socket";
import { readSheet } from "../client";

const READ_EVERY_MS = 2_000;
/** What has ended changes by a person only: a reversal, a note. */
const READ_ENDED_EVERY_MS = 10_000;

const ENDED = new Set(["CONFIRMED", "CANCELLED", "REVERSED"]);

export interface LiveSheet {
  sheet: DecisionSheet;
  again(): void;
  /** To be followed by the page's socket. */
  following: Following;
}

export function useSheet(first: DecisionSheet): LiveSheet {
  const [sheet, setSheet] = useState(first);
  const { txId } = first.transaction;
  const asked = useRef(0);
  const again = useCallback(() => {
    const mine = ++asked.current;
    readSheet(txId, AbortSignal.timeout(READ_ENDED_EVERY_MS)).then(
      (next) => {
        if (mine === asked.current) setSheet(next);
      },
      () => undefined, // the connection's banner says it
    );
  }, [txId]);
  const ended = ENDED.has(sheet.transaction.state);
  useEffect(() => {
    const timer = window.setInterval(() => document.hidden || again(), ended ? READ_ENDED_EVERY_MS : READ_EVERY_MS);
    return () => window.clearInterval(timer);
  }, [again, ended]);
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
  return { sheet, again, following };
}
