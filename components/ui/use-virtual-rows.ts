"use client";
/**
 * The rows of a long list that are on screen, and j and k through all of them. Places are given in rem, so that nothing moves
 * when the script takes over from the first picture.
 */
import { useVirtualizer } from "@tanstack/react-virtual";
import type { VirtualItem } from "@tanstack/react-virtual";
import { useCallback, useEffect, useRef, useState } from "react";
import type { RefObject } from "react";
import { useListKeys } from "./use-list-keys";

/** Rows drawn above and below what is seen: a flick of the wheel shows no gap. */
const OVERSCAN = 8;
const ROOT_PX = 16;

interface VirtualRows {
  /** Of what scrolls. */
  body: RefObject<HTMLDivElement | null>;
  items: VirtualItem[];
  toTop(): void;
}

export function useVirtualRows(length: number, rowRem: number): VirtualRows {
  const body = useRef<HTMLDivElement>(null);
  const rowPx = useRowPx(rowRem);
  const virtualizer = useVirtualizer({
    count: length,
    getScrollElement: () => body.current,
    estimateSize: () => rowPx,
    overscan: OVERSCAN,
    initialRect: { width: 1_200, height: 720 },
    useFlushSync: false,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: sizes are kept until they are asked for anew
  useEffect(() => virtualizer.measure(), [virtualizer, rowPx]);
  const scrollTo = useCallback((index: number) => virtualizer.scrollToIndex(index, { align: "auto" }), [virtualizer]);
  useListKeys({ body, length, scrollTo });
  const toTop = useCallback(() => virtualizer.scrollToIndex(0), [virtualizer]);
  return { body, items: virtualizer.getVirtualItems(), toTop };
}

/** Screens that are read from afar have larger type, and rows with it. */
function useRowPx(rowRem: number): number {
  const [rowPx, setRowPx] = useState(rowRem * ROOT_PX);
  useEffect(() => {
    const measure = () => setRowPx(rowRem * Number.parseFloat(getComputedStyle(document.documentElement).fontSize));
    measure();
    window.addEventListener("resize", measure);
    return () => window.removeEventListener("resize", measure);
  }, [rowRem]);
  return rowPx;
}
