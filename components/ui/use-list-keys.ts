"use client";
/**
 * The keyboard in a list: j and k from row to row; Enter follows the row's link by itself. Rows have `data-index`, and a link.
 * Of several lists on a page the one with the focus hears them, without one the first.
 * It cannot know rows that are not drawn: it scrolls to one, and gives it the focus when it is there.
 */
import { useEffect, useRef } from "react";
import type { RefObject } from "react";
import { isForThePage } from "./keys";

interface ListKeys {
  body: RefObject<HTMLElement | null>;
  length: number;
  /** Of a list that draws only what is on screen. */
  scrollTo?(index: number): void;
}

/** Frames to wait for a row that was scrolled to; it comes with the next one or two. */
const FRAMES_MAX = 10;

/** The page's lists, in their order. */
const lists: RefObject<HTMLElement | null>[] = [];

function hasTheKeys(body: RefObject<HTMLElement | null>): boolean {
  const shown = lists.filter(({ current }) => current !== null);
  return (shown.find(({ current }) => current?.contains(document.activeElement)) ?? shown[0]) === body;
}

export function useListKeys({ body, length, scrollTo }: ListKeys): void {
  const last = useRef(-1);
  useEffect(() => {
    const rowAt = (index: number) => body.current?.querySelector<HTMLElement>(`[data-index="${index}"] :is(a, button)`);
    const focus = (index: number, frames: number) => {
      const row = rowAt(index);
      if (row) row.focus({ preventScroll: scrollTo !== undefined });
      else if (frames > 0) requestAnimationFrame(() => focus(index, frames - 1));
    };
    const onKey = (event: KeyboardEvent) => {
      if (!isForThePage(event) || (event.key !== "j" && event.key !== "k") || length === 0 || !hasTheKeys(body)) return;
      event.preventDefault();
      const at = document.activeElement?.closest("[data-index]")?.getAttribute("data-index");
      const from = at === null || at === undefined ? last.current : Number(at);
      const index = Math.min(length - 1, Math.max(0, from + (event.key === "j" ? 1 : -1)));
      last.current = index;
      scrollTo?.(index);
      focus(index, FRAMES_MAX);
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [body, length, scrollTo]);
  useEffect(() => {
    lists.push(body);
    return () => void lists.splice(lists.indexOf(body), 1);
  }, [body]);
}
