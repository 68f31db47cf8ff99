"use client";
/**
 * The keyboard in a long list: `/` to the search, j and k from row to row, Enter follows the row's link by itself.
 * It cannot know rows that are not drawn: it scrolls to one, and gives it the focus when it is there.
 */
import { useEffect, useRef } from "react";
import type { RefObject } from "react";

interface ListKeys {
  body: RefObject<HTMLElement | null>;
  length: number;
  scrollTo(index: number): void;
  searchId: string;
}

/** Frames to wait for a row that was scrolled to; it comes with the next one or two. */
const FRAMES_MAX = 10;

export function useListKeys({ body, length, scrollTo, searchId }: ListKeys): void {
  const last = useRef(-1);
  useEffect(() => {
    const rowAt = (index: number) => body.current?.querySelector<HTMLElement>(`[data-index="${index}"] a`);
    const focus = (index: number, frames: number) => {
      const row = rowAt(index);
      if (row) row.focus({ preventScroll: true });
      else if (frames > 0) requestAnimationFrame(() => focus(index, frames - 1));
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
      if (event.key === "/") {
        event.preventDefault();
        const search = document.getElementById(searchId);
        if (search instanceof HTMLInputElement) search.select();
        search?.focus();
      } else if ((event.key === "j" || event.key === "k") && length > 0) {
        event.preventDefault();
        const at = document.activeElement?.closest("[data-index]")?.getAttribute("data-index");
        const from = at === null || at === undefined ? last.current : Number(at);
        const index = Math.min(length - 1, Math.max(0, from + (event.key === "j" ? 1 : -1)));
        last.current = index;
        scrollTo(index);
        focus(index, FRAMES_MAX);
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [body, length, scrollTo, searchId]);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.closest("[role=dialog], [role=menu]") !== null);
}
